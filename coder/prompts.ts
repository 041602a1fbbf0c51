import type { ChatMessage } from '../agents/provider.ts';
import type { Finding, SampleReport, Trial } from './events.ts';
import { describeFindings } from './lint.ts';
import { fenced } from './prompts-page.ts';

/** What each role is told. A task, a program and what it printed are quoted, so that none is taken for the other. */

export interface TaskWords {
  readonly task: string;
  /** Python that must run without an error after the program. */
  readonly tests: readonly string[];
  readonly module: string;
}

interface Words {
  readonly system: string;
  readonly messages: readonly ChatMessage[];
}

export function planWords(words: TaskWords): Words {
  return {
    system: `You plan programs in Python; others write them.
Read the task and write a plan of at most ten numbered steps: the parts of the program, the data that goes between them, the cases that are easily got wrong, and what it prints.
Write no code. Prefer the standard library; name another package only where it saves real work.
The program is one file, gets no input from a keyboard, and has no network when it runs.`,
    messages: asked(taskText(words)),
  };
}

export function dependencyWords(words: TaskWords, plan: string): Words {
  return {
    system: dependencySystem,
    messages: asked(`${taskText(words)}\n\nThe plan:\n\n${plan}`),
  };
}

export function dependencyRepairWords(
  words: TaskWords,
  plan: string,
  { packages, problem }: { readonly packages: readonly string[]; readonly problem: string },
): Words {
  return {
    system: dependencySystem,
    messages: asked(
      `${taskText(words)}\n\nThe plan:\n\n${plan}\n\nThese packages were chosen: ${JSON.stringify(packages)}\n\nThat did not work:\n\n${fenced(shorten(problem, 4_000), 'text')}\n\nAnswer with the whole corrected list.`,
    ),
  };
}

const dependencySystem = `You name the packages from the Python Package Index that a program needs beyond the standard library of Python.
Give the name under which a package is installed, not the one under which it is imported, and a version only where it matters.
Name only packages that you are sure exist.
Answer with a JSON array of strings and nothing else, such as ["numpy", "requests>=2.31"]; [] where the standard library is enough.`;

export function codeWords(words: TaskWords, plan: string, packages: readonly string[]): Words {
  const tests = words.tests.map((test) => fenced(test, 'python')).join('\n\n');
  const mustPass =
    tests === ''
      ? ''
      : `\n\nWhen it has run, this must run without an error, with the names of the program at hand:\n\n${tests}`;
  return {
    system: `You write programs in Python, whole and ready to run.
The program is one file, ${words.module}.py, run as "python ${words.module}.py". It must end by itself with exit code 0 when all went well, and with another one when not.
It has no network, nobody types anything, and it may write files in its folder.
Installed beside the standard library: ${packages.length > 0 ? packages.join(', ') : 'nothing'}. Use nothing else.
Answer with the complete program in one fenced block that begins with \`\`\`python. No other blocks.`,
    messages: asked(`${taskText(words)}\n\nThe plan:\n\n${plan}${mustPass}`),
  };
}

/** The same question after a reply that nothing could be done with. */
export function againWords(first: Words, problem: string): Words {
  const last = first.messages.at(-1)?.content ?? '';
  return {
    system: first.system,
    messages: [
      ...first.messages.slice(0, -1),
      { role: 'user', content: `${last}\n\nAn earlier answer was of no use: ${problem}.` },
    ],
  };
}

/** The last program and what came of it, behind the question it answered. */
export function repairWords(
  first: Words,
  {
    source,
    report,
    trial,
    earlier,
  }: {
    readonly source: string;
    readonly report: SampleReport;
    readonly trial: Trial | undefined;
    /** How the attempts before went, a sentence each. */
    readonly earlier: readonly string[];
  },
): Words {
  const findings =
    report.findings.length > 0
      ? `\n\nA linter says of it:\n\n${fenced(describeFindings(report.findings), 'text')}`
      : '';
  const before =
    earlier.length > 0
      ? `\n\nEarlier programs failed too:\n${earlier
          .slice(-5)
          .map((each) => `- ${each}`)
          .join('\n')}`
      : '';
  const problem = trial ? trialText(trial) : (report.problem ?? 'It was not run.');
  return {
    system: first.system,
    messages: [
      ...first.messages,
      { role: 'assistant', content: fenced(source, 'python') },
      {
        role: 'user',
        content: `${problem}${findings}${before}\n\nFind the cause, mend it, and answer with the complete program again.`,
      },
    ],
  };
}

export function mendWords(source: string, findings: readonly Finding[]): Words {
  return {
    system: `You mend what a linter found in a program in Python, and change nothing else.
Answer with the complete program in one fenced block that begins with \`\`\`python. No other blocks.`,
    messages: asked(
      `${fenced(source, 'python')}\n\nThe linter says:\n\n${fenced(describeFindings(findings), 'text')}`,
    ),
  };
}

function taskText({ task }: TaskWords): string {
  return `The task:\n\n${task.trim()}`;
}

/** How a run went, for whoever mends it. */
function trialText({ summary, output, tests }: Trial): string {
  const printed =
    output.trim() === '' ? 'It printed nothing.' : `It printed:\n\n${fenced(shorten(output, 6_000), 'text')}`;
  const failed = tests.filter(({ passed }) => !passed);
  const failures = failed.slice(0, 5).map(({ name, detail = 'failed', output: said }) => {
    const shown = said.trim() === '' ? '' : `\n\n${fenced(shorten(said, 3_000), 'text')}`;
    return `${name}: ${detail}${shown}`;
  });
  return [`That program failed: ${summary}`, printed, ...failures].join('\n\n');
}

/** Head and tail; an error stands at the end, and so most of what is kept is tail. */
export function shorten(text: string, mostCharacters: number): string {
  if (text.length <= mostCharacters) return text;
  const head = Math.floor(mostCharacters / 4);
  const tail = mostCharacters - head;
  return `${text.slice(0, head)}\n[… ${text.length - mostCharacters} characters left out …]\n${text.slice(-tail)}`;
}

function asked(content: string): readonly ChatMessage[] {
  return [{ role: 'user', content }];
}
