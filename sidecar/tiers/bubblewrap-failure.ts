import { existsSync, readFileSync } from 'node:fs';

/** One sentence for a sandbox that did not start: what stands in the way, and what to do about it. */
export function explainBubblewrapFailure(complaint: string, python: string): string {
  const said = complaint.trim().split('\n').at(-1) ?? '';
  if (/ModuleNotFoundError|ImportError/.test(complaint))
    return `${python} lacks a part of its standard library (${said}): apt-get install python3`;
  if (said.includes(`execvp ${python}`))
    return `${python} cannot be seen in the sandbox, which has only /usr of the host: apt-get install python3`;
  return `bubblewrap cannot make a sandbox here (${said === '' ? 'it said nothing' : said})${adviceFor(complaint)}`;
}

/** The settings that keep unprivileged users from namespaces, each by the name it is found under. */
function adviceFor(complaint: string): string {
  // See Ubuntu's "Restricted unprivileged user namespaces", 23.10 and later.
  if (readSetting('kernel/apparmor_restrict_unprivileged_userns') === '1')
    return (
      ': AppArmor restricts user namespaces; give /usr/bin/bwrap a profile with "userns," in /etc/apparmor.d, ' +
      'or set sysctl kernel.apparmor_restrict_unprivileged_userns=0'
    );
  if (readSetting('kernel/unprivileged_userns_clone') === '0')
    return ': user namespaces are switched off; set sysctl kernel.unprivileged_userns_clone=1';
  if (readSetting('user/max_user_namespaces') === '0')
    return ': user namespaces are switched off; set sysctl user.max_user_namespaces=15000';
  if (
    existsSync('/.dockerenv') ||
    existsSync('/run/.containerenv') ||
    /mount proc|new namespace/.test(complaint)
  )
    return (
      ': a container must be started with --security-opt seccomp=unconfined --security-opt apparmor=unconfined ' +
      '--security-opt systempaths=unconfined to hold sandboxes of its own'
    );
  return '';
}

function readSetting(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
