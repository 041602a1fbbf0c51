import { describe, expect, it } from 'vitest';
import { proxySchema } from '../../../../config/schema.ts';
import { createIndexHosts, isPrivate } from '../../../../sidecar/project/index-hosts.ts';

const hostsOf = (execution: object) => createIndexHosts(proxySchema.parse({ execution }).execution);

describe('the hosts of a package index', () => {
  it('are the index itself, where its files lie, and what the settings name', () => {
    expect(hostsOf({}).names).toEqual(['pypi.org:443', 'files.pythonhosted.org:443']);
    const own = { package_index: 'https://Index.Example:8443/simple', package_hosts: ['files.example'] };
    expect(hostsOf(own).names).toEqual(['index.example:8443', 'files.example:443']);
  });

  it('are reached by that name and port, and nothing else is', async () => {
    const hosts = hostsOf({ package_index: 'http://127.0.0.1:3141/simple' });
    expect(await hosts.resolve('127.0.0.1', 3141)).toEqual(['127.0.0.1']);
    for (const [host, port] of [
      ['127.0.0.1', 3142],
      ['localhost', 3141],
      ['127.1', 3141],
      ['[::ffff:127.0.0.1]', 3141],
      ['pypi.org', 443],
      ['pypi.org.evil.example', 443],
      ['', 0],
    ] as const)
      await expect(hosts.resolve(host, port)).rejects.toThrow('is no host of the index');
  });

  it('may not stand for a private address, unless that is meant', async () => {
    const local = { package_index: 'https://ip6-localhost/simple' };
    const named = createIndexHosts({
      ...proxySchema.parse({ execution: local }).execution,
      package_hosts: [],
    });
    // Where this name is not known, it is not reached either.
    await expect(named.resolve('ip6-localhost', 443)).rejects.toThrow(/private address|ENOTFOUND|EAI_AGAIN/);
    const meant = hostsOf({ package_index: 'https://localhost/simple' });
    expect(await meant.resolve('localhost', 443)).toContain('127.0.0.1');
  });

  it('know a private address however it is written', () => {
    const privates = ['10.1.2.3', '127.0.0.1', '169.254.169.254', '172.31.0.1', '192.168.1.1', '100.64.0.1'];
    const others = ['::1', '::', 'fe80::1', 'fd00::1', '::ffff:10.0.0.1', '64:ff9b::a00:1', 'no address'];
    for (const address of [...privates, ...others])
      expect([address, isPrivate(address)]).toEqual([address, true]);
    for (const address of ['151.101.0.223', '2a04:4e42::223', '172.32.0.1', '::ffff:8.8.8.8'])
      expect([address, isPrivate(address)]).toEqual([address, false]);
  });

  it('speak https, or are on this machine', () => {
    const refused = [
      'http://index.example/simple',
      'ftp://x/',
      'pypi.org',
      '',
      'https://user:secret@x/simple',
    ];
    for (const package_index of refused)
      expect(proxySchema.safeParse({ execution: { package_index } }).success).toBe(false);
    for (const package_index of ['https://index.example/simple', 'http://[::1]:3141/', 'http://localhost/'])
      expect(proxySchema.safeParse({ execution: { package_index } }).success).toBe(true);
  });
});
