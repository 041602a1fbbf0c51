import { anyArguments, atCommand, call, importing, jsCall, of, type Rule } from './rule.ts';

/** What is never of use here. */
export function defaultBlockRules(): readonly Rule[] {
  return [
    ...python('shell', 'no other programs can be started from Python here; use Python itself', [
      importing('subprocess|pty|pexpect|sh|commands'),
      of('os', 'system|popen|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?|startfile|fork|forkpty'),
      of('asyncio', 'create_subprocess_(?:exec|shell)'),
      '^[ \\t]{0,200}(?:!(?!=)|%%?(?:bash|sh|system|pip)\\b|pip3?[ \\t]{1,9}install\\b)',
    ]),
    ...python(
      'dynamic code',
      'code made of text is not run; write it out, and give a function of your own another name',
      [
        call('eval|exec|compile|__import__'),
        of('(?:builtins|__builtins__)', 'eval|exec|compile|__import__'),
        of('importlib', 'import_module'),
      ],
    ),
    ...python('input', 'nobody answers while code runs; put the values into variables', [
      call('input|raw_input|breakpoint'),
      of('(?:pdb|ipdb)', 'set_trace'),
      of('code', 'interact'),
      importing('getpass'),
    ]),
    ...python('network', 'there is no network here; put the data into the code', [
      importing(
        'socket|socketserver|ssl|urllib\\.request|urllib3|requests|httpx|aiohttp|http\\.client|http\\.server|' +
          'ftplib|smtplib|poplib|imaplib|telnetlib|nntplib|xmlrpc|paramiko|websockets?|pycurl|grpc',
      ),
      `\\bfrom[ \\t]{1,9}(?:urllib[ \\t]{1,9}import[^\\n]{0,99}\\brequest|http[ \\t]{1,9}import[^\\n]{0,99}\\b(?:client|server))\\b`,
      of('asyncio', 'open_connection|start_server|open_unix_connection|start_unix_server'),
    ]),
    ...python('native', 'code outside Python is not loaded here; use Python itself', [
      importing('ctypes|cffi'),
    ]),
    ...python('exit', 'it would end the interpreter and lose the variables; let the block run to its end', [
      of('os', '_exit|abort|kill|killpg'),
    ]),
    ...python('signals', 'the time limit of a block works by signals; leave them alone', [
      of('signal', 'signal|alarm|setitimer|pthread_sigmask|sigwait|pthread_kill|raise_signal'),
    ]),
    ...python('host', 'what is outside the interpreter is out of reach; use Python itself', [
      importing('js|pyodide|pyodide_js'),
    ]),
    ...bashRules,
    ...javascriptRules,
  ];
}

function python(name: string, why: string, patterns: readonly string[]): readonly Rule[] {
  return patterns.map((pattern) => ({
    name,
    pattern: new RegExp(pattern, 'gm'),
    why,
    languages: ['python'],
    readsStrings: false,
  }));
}

const bashRules: readonly Rule[] = [
  {
    name: 'destructive',
    pattern: new RegExp(
      `${atCommand}rm(?=${anyArguments})(?=[^\\n;|&]{0,99} -{1,2}\\w{0,9}[rR])${anyArguments}["']?(?:(?:/|~|\\$\\{?HOME\\}?)/?\\*?(?=["'\\s;|&]|$)|/(?:bin|boot|dev|etc|home|lib\\w{0,3}|opt|proc|root|sbin|srv|sys|usr|var)\\b)`,
      'gm',
    ),
    why: 'it destroys more than the workspace; name the files in it',
    languages: ['bash'],
    readsStrings: true,
  },
  {
    name: 'destructive',
    pattern: new RegExp(
      `${atCommand}(?:dd\\b[^\\n]{0,200}\\bof=/dev/(?!null\\b)|mkfs\\b|shred\\b|kill[ \\t]{1,9}(?:-\\w{1,9}[ \\t]{1,9})?-1\\b|(?:shutdown|reboot|halt|poweroff)\\b)|>[ \\t]{0,9}/dev/(?:sd|hd|vd|nvme|mem)\\w{0,9}`,
      'gm',
    ),
    why: 'it destroys more than the workspace; leave devices and other processes alone',
    languages: ['bash'],
    readsStrings: false,
  },
  {
    name: 'fork bomb',
    pattern:
      /(?<![\w:])([\w:]{1,30})[ \t]{0,9}\([ \t]{0,9}\)[ \t]{0,9}\{[^}]{0,99}\1[ \t]{0,9}\|[ \t]{0,9}\1[ \t]{0,9}&/gm,
    why: 'it starts processes without end; give a recursion an end',
    languages: ['bash'],
    readsStrings: false,
  },
  {
    name: 'privilege',
    pattern: new RegExp(`${atCommand}(?:sudo|su|doas|chroot|mount|umount|unshare|nsenter)(?![\\w.=-])`, 'gm'),
    why: 'there is nothing to be had by other rights here; leave it out',
    languages: ['bash'],
    readsStrings: false,
  },
  {
    name: 'network',
    pattern: new RegExp(
      `${atCommand}(?:(?:curl|wget|nc|ncat|netcat|telnet|ssh|scp|sftp|ftp|rsync|nmap|socat|ping)(?![\\w.=-])|(?:pip3?|npm|npx|apt|apt-get|apk|dnf|brew|cargo|gem)[ \\t]{1,9}(?:-\\w{1,9}[ \\t]{1,9})?(?:install|i|add|update)\\b|git[ \\t]{1,9}(?:clone|pull|push|fetch)\\b)|/dev/(?:tcp|udp)/`,
      'gm',
    ),
    why: 'there is no network here; put the data into the code',
    languages: ['bash'],
    readsStrings: false,
  },
];

const hostModules = 'child_process|net|http|https|http2|dgram|tls|dns|cluster|worker_threads|vm|inspector';

const javascriptRules: readonly Rule[] = [
  {
    name: 'dynamic code',
    pattern: new RegExp(`${jsCall('eval|Function')}|\\bnew[ \\t]{1,9}(?:Async)?Function\\b`, 'gm'),
    why: 'code made of text is not run; write it out, and give a function of your own another name',
    languages: ['javascript'],
    readsStrings: false,
  },
  {
    name: 'host',
    pattern: /(?<![\w.])(?:Deno|process)[ \t]{0,9}(?:\?\.|\.|\[)[ \t]{0,9}\w{0,30}/gm,
    unless:
      /\.\s*(?:stdout|stderr|hrtime|nextTick|memoryUsage|uptime|version|versions|platform|argv|cwd|inspect|(?:write|read)\w*File(?:Sync)?)$/,
    why: 'what is outside the interpreter is out of reach; use console.log and the language itself',
    languages: ['javascript'],
    readsStrings: false,
  },
  {
    name: 'host',
    pattern: new RegExp(
      `\\b(?:require|import)[ \\t]{0,9}\\(?[ \\t]{0,9}["'\`](?:node:)?(?:${hostModules})["'\`/]|\\bfrom[ \\t]{0,9}["'](?:node:)?(?:${hostModules})["'/]`,
      'gm',
    ),
    why: 'what is outside the interpreter is out of reach; use the language itself',
    languages: ['javascript'],
    readsStrings: true,
  },
  {
    name: 'network',
    pattern: new RegExp(
      `${jsCall('fetch')}|\\bnew[ \\t]{1,9}(?:WebSocket|XMLHttpRequest|EventSource|WebTransport)\\b`,
      'gm',
    ),
    why: 'there is no network here; put the data into the code',
    languages: ['javascript'],
    readsStrings: false,
  },
  {
    name: 'input',
    pattern: new RegExp(jsCall('prompt|confirm|alert'), 'gm'),
    why: 'nobody answers while code runs; put the values into variables',
    languages: ['javascript'],
    readsStrings: false,
  },
];
