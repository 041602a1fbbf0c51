import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import type { ExecutionConfig } from '../../config/schema.ts';

export type IndexConfig = Pick<ExecutionConfig, 'package_index' | 'package_hosts' | 'package_index_private'>;

/** Where an installation may connect to. */
export interface IndexHosts {
  /** Each as HOST:PORT; the first is the index itself. */
  readonly names: readonly string[];
  /**
   * The addresses to connect to, to be tried one after the other. Rejects where that is no host of the index, or its name stands for an address within a
   * network of one's own, which nobody meant to open.
   */
  resolve(host: string, port: number): Promise<readonly string[]>;
}

/** Where PyPI keeps the files that its index names. */
const filesOfPypi = 'files.pythonhosted.org:443';

export function createIndexHosts({
  package_index: index,
  package_hosts: others,
  package_index_private: mayBePrivate,
}: IndexConfig): IndexHosts {
  const { hostname, port, protocol } = new URL(index);
  const host = withoutBrackets(hostname);
  const own = `${host}:${port === '' ? (protocol === 'http:' ? 80 : 443) : port}`;
  const files = hostname === 'pypi.org' ? [filesOfPypi] : [];
  const names = [own, ...files, ...others.map((each) => (/:\d+$/.test(each) ? each : `${each}:443`))].map(
    (each) => each.toLowerCase(),
  );
  return {
    names,
    async resolve(asked, askedPort) {
      const name = withoutBrackets(asked).toLowerCase();
      if (!names.includes(`${name}:${askedPort}`))
        throw new Error(`${asked}:${askedPort} is no host of the index`);
      // Written down as it is in the settings, so it was meant.
      if (isIP(name) !== 0) return [name];
      const addresses = (await lookup(name, { all: true })).map(({ address }) => address);
      const isMeant = mayBePrivate || name === 'localhost';
      const fit = isMeant ? addresses : addresses.filter((address) => !isPrivate(address));
      if (fit.length > 0) return fit;
      const hint = 'set execution.package_index_private if that is meant';
      throw new Error(`${asked} stands for a private address (${addresses.join(', ')}); ${hint}`);
    },
  };
}

/** Whether an address is not one of the internet at large; see the registries of RFC 6890. */
export function isPrivate(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  return privateAddresses.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

const privateAddresses = new BlockList();
for (const range of [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
]) {
  const [network = '', bits] = range.split('/');
  privateAddresses.addSubnet(network, Number(bits), 'ipv4');
}
for (const range of [
  ...['::/127', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/32', '2001:db8::/32', '2002::/16'],
  ...['fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
]) {
  const [network = '', bits] = range.split('/');
  privateAddresses.addSubnet(network, Number(bits), 'ipv6');
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
