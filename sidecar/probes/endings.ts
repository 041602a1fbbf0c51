import { allTiers, nativeTiers, type Probe } from './probe.ts';

const notAfterwards = { how: 'impossible', because: 'a verdict is given by the driver only' } as const;

/** Ways to leave early, as a test: none of them may count as passed. */
export const endingProbes: readonly Probe[] = [
  ending('os-exit', 'leaves by os._exit(0)', 'import os\nos._exit(0)', ['lost', 'failed']),
  ending('sys-exit', 'leaves by sys.exit(0)', 'import sys\nsys.exit(0)', ['failed'], 'kept'),
  ending(
    'system-exit',
    'raises SystemExit with a message of its own',
    'class Fine(SystemExit):\n    code = 0\n    def __str__(self):\n        raise self\nraise Fine(0)',
    ['failed'],
    'kept',
  ),
  ending(
    'keyboard-interrupt',
    'raises KeyboardInterrupt',
    'raise KeyboardInterrupt',
    ['failed', 'timeout'],
    'kept',
  ),
  ending('generator-exit', 'raises GeneratorExit', 'raise GeneratorExit', ['failed'], 'kept'),
  ending('exit-of-the-site', 'calls exit()', 'exit()', ['failed'], 'kept'),
  ending('empty-test', 'is an empty test', '', ['failed'], 'kept'),
  ending(
    'comment-as-test',
    'is a test of comments, a text and `pass`',
    '# assert True\n"""assert True"""\npass',
    ['failed'],
    'kept',
  ),
  ending('syntax-error', 'is no Python', 'assert (True', ['failed'], 'kept'),
  ending('null-byte', 'has a null byte and half a surrogate in it', 'assert "\0\ud800"', ['failed', 'lost']),
  ending(
    'false-at-the-end',
    'ends with an assertion that does not hold',
    'ok = 1\nassert ok == 2',
    ['failed'],
    'kept',
  ),
  ending(
    'quiet-error',
    'hides an error behind excepthook and a closed stderr',
    'import sys\nsys.excepthook = lambda *_: None\nsys.stderr = None\nsys.stdout = None\nassert False',
    ['failed'],
    'kept',
  ),
  {
    ...ending(
      'segfault',
      'crashes by a segmentation fault',
      'import ctypes\nctypes.string_at(0)',
      ['lost'],
      'gone',
    ),
    tiers: nativeTiers,
  },
  { ...ending('abort', 'aborts', 'import os\nos.abort()', ['lost', 'failed']), tiers: allTiers },
  {
    ...ending(
      'killed-itself',
      'kills its own process',
      'import os\nos.kill(os.getpid(), 9)',
      ['lost'],
      'gone',
    ),
    tiers: nativeTiers,
  },
  {
    ...ending(
      'another-program',
      'becomes another program that ends well',
      'import os\nos.execv("/bin/true", ["true"])',
      ['lost'],
      'gone',
    ),
    tiers: nativeTiers,
  },
  {
    ...ending(
      'closed-descriptors',
      'closes every descriptor',
      'import os\nos.closerange(0, 4096)',
      ['lost'],
      'gone',
    ),
    tiers: nativeTiers,
  },
  {
    ...ending(
      'fork-and-leave',
      'leaves a child in its place',
      'import os, time\nif os.fork():\n    os._exit(0)\ntime.sleep(0.2)',
      ['lost'],
      'gone',
    ),
    tiers: nativeTiers,
  },
  {
    ...ending('exit-of-bash', 'leaves Bash by exit 0 before its end', 'exit 0\nfalse', ['failed', 'lost']),
    tiers: nativeTiers,
    language: 'bash',
  },
  {
    ...ending('bash-replaced', 'replaces Bash by another program', 'exec true', ['failed', 'lost']),
    tiers: nativeTiers,
    language: 'bash',
  },
  {
    ...ending('false-in-bash', 'fails in the middle of a Bash test', 'false\ntrue', ['failed']),
    tiers: nativeTiers,
    language: 'bash',
  },
];

function ending(
  name: string,
  description: string,
  code: string,
  outcomes: Probe['outcomes'] & object,
  variables?: 'kept' | 'gone',
): Probe {
  return {
    name,
    group: 'endings',
    description,
    tiers: allTiers,
    kind: 'test',
    ownSession: !(outcomes.length === 1 && variables === 'kept'),
    code: () => code,
    outcomes,
    ...(variables === undefined ? {} : { variables }),
    control: notAfterwards,
  };
}
