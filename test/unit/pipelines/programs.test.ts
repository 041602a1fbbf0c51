import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { codebaseText } from '../../../pipelines/codebase.ts';
import { filesOf } from '../../../pipelines/reply-files.ts';
import type { ProgramOutcome } from '../../../sidecar/project/project.ts';
import { play, type Played } from '../../support/pipeline-module.ts';

const program = (text: string, ...more: [name: string, text: string][]): string =>
  codebaseText([['main.py', text] as const, ...more].map(([name, each]) => ({ name, text: `${each}\n` })));

const ends = (code: number, output: string, files: string[] = []): ProgramOutcome => ({
  ...{ type: 'exited', code, output, outputBytes: output.length, ms: 10, files },
});

const inputs = [
  { name: 'task', text: 'Print 1.' },
  { name: 'code', text: program('print(1/0)', ['other.py', 'x = 1']) },
];

const written = ({ context }: Played, name: string): string =>
  readFileSync(path.join(context.outputFolder, name), 'utf8');

describe('the debugger', () => {
  it('changes nothing of a program that works, and asks no model', async () => {
    const played = await play('debugger', { inputs, runs: [ends(0, '1\n', ['out.csv'])] });
    const output = await played.run();
    expect(output).toContain(
      'main.py ended with exit code 0 after 0.0 s. It printed:\n\n```text\n1\n```\n\nIt made out.csv.',
    );
    expect(filesOf(output).files.map(({ name }) => name)).toEqual(['main.py', 'other.py']);
    expect(written(played, 'main.py')).toBe('print(1/0)\n');
    expect([played.prompts, played.installed, played.isClosed(), played.isForThisRunOnly()]).toEqual([
      [],
      [],
      true,
      false,
    ]);
  });

  it('gives the model what was asked for, all the code and the error, and runs what it changed', async () => {
    const played = await play('debugger', {
      inputs,
      replies: [`The cause is the zero.\n\n${program('print(1)')}`],
      runs: [ends(1, 'ZeroDivisionError: \u001b[31mdivision by zero'), ends(0, '1\n')],
    });
    const output = await played.run();
    const asked = played.prompts[0]?.text ?? '';
    for (const part of [
      '# task\n\nPrint 1.',
      'print(1/0)',
      'other.py\n```\nx = 1',
      '␛[31mdivision by zero',
    ]) {
      expect(asked).toContain(part);
    }
    expect(asked).not.toContain('\u001b');
    expect(output).toContain('1. main.py ended with exit code 1 after 0.0 s: ZeroDivisionError');
    expect(output).toContain('2. changed main.py');
    expect(written(played, 'main.py')).toBe('print(1)\n');
    expect(written(played, 'other.py')).toBe('x = 1\n');
  });

  it('tells the model which package there is not, and installs again when the file has changed', async () => {
    const code = { name: 'code', text: program('import nosuch', ['requirements.txt', 'nosuch # for all']) };
    const played = await play('debugger', {
      inputs: [code],
      installs: [
        { type: 'failed', why: 'pip ended with 1', unknown: ['nosuch'], output: 'No matching', ms: 1 },
        { type: 'installed', packages: [], standard: [], output: '', ms: 1 },
      ],
      replies: [program('import such', ['requirements.txt', 'such>=1']), program('import such as s')],
      runs: [ends(1, 'oh'), ends(0, '')],
    });
    await played.run();
    expect(played.installed).toEqual([['nosuch'], ['such>=1']]);
    expect(played.prompts[0]?.text).toContain('pip ended with 1; the package index has no nosuch');
    expect(played.prompts[0]?.text).toContain('No matching');
  });

  it('takes no address, path or option for a package', async () => {
    const code = { name: 'code', text: program('x', ['requirements.txt', '--index-url http://evil\n../x']) };
    const played = await play('debugger', {
      inputs: [code],
      replies: [program('x', ['requirements.txt', ''])],
      runs: [ends(0, '')],
    });
    await played.run();
    expect(played.installed).toEqual([]);
    expect(played.prompts[0]?.text).toMatch(/line 1, --index-url http:\/\/evil: .*line 2, \.\.\/x: /);
  });

  it('says what is missing where a tier installs nothing, and runs the program all the same', async () => {
    const code = { name: 'code', text: program('x', ['requirements.txt', 'numpy']) };
    const played = await play('debugger', {
      inputs: [code],
      installs: [{ type: 'unavailable', why: 'no pip here' }],
      replies: [program('y')],
      runs: [ends(1, 'ModuleNotFoundError: numpy'), ends(0, '')],
    });
    await played.run();
    expect(played.prompts[0]?.text).toContain('Its packages could not be installed: no pip here.');
    expect(played.installed).toEqual([['numpy']]);
  });

  it('tells the model of an answer that changed nothing, and of a file that is missing', async () => {
    const code = { name: 'code', text: codebaseText([{ name: 'app.py', text: 'x\n' }]) };
    const played = await play('debugger', {
      inputs: [code],
      replies: ['No idea.', codebaseText([{ name: 'app.py', text: 'x\n' }]), program('import app')],
      runs: [ends(0, '')],
    });
    await played.run();
    expect(played.prompts[0]?.text).toContain('there is no file main.py');
    expect(played.prompts[1]?.text).toContain(
      'an answer changed nothing: there was no file name above a fenced block',
    );
    expect(played.prompts[2]?.text).toContain('an answer changed nothing: the files were the same as before');
  });

  const hopeless = {
    inputs,
    replies: [program('a'), program('b'), program('c')],
    runs: [ends(1, 'bad 1'), ends(1, 'bad 2'), ends(1, 'bad 3'), ends(0, 'good')],
  };

  it('goes on, fails or asks a person after the last attempt, as it is set', async () => {
    const goesOn = await play('debugger', { ...hopeless, settings: { attempts: 1, then: 'go-on' } });
    expect(await goesOn.run()).toContain('exit code 1');
    expect([goesOn.questions, goesOn.isForThisRunOnly()]).toEqual([[], true]);
    expect(written(goesOn, 'main.py')).toBe('a\n');

    const fails = await play('debugger', { ...hopeless, settings: { attempts: 2, then: 'fail' } });
    await expect(fails.run()).rejects.toThrow(
      'the program still fails after 2 attempts to mend it: main.py ended with exit code 1 after 0.0 s: bad 3',
    );
    expect(fails.isClosed()).toBe(true);

    const asks = await play('debugger', { ...hopeless, settings: { attempts: 2 }, answers: ['Try c.'] });
    expect(await asks.run()).toContain('exit code 0');
    expect(asks.questions).toEqual([expect.stringContaining('bad 3')]);
    expect(asks.prompts[2]?.text).toContain('# What a person says to this\n\nTry c.');

    const alone = await play('debugger', { ...hopeless, settings: { attempts: 0 } });
    expect(await alone.run()).toContain('bad 1');
    expect(alone.statuses).toContain('warning: nobody is there to be asked what to try');
  });

  it('goes on without a sandbox, and says so; where it must not, it fails', async () => {
    const warned = await play('debugger', { inputs, noSandbox: 'no bubblewrap' });
    expect(await warned.run()).toContain('The program was not run: no bubblewrap');
    expect(warned.isForThisRunOnly()).toBe(true);
    const failing = await play('debugger', {
      inputs,
      noSandbox: 'no bubblewrap',
      settings: { then: 'fail' },
    });
    await expect(failing.run()).rejects.toThrow('the program could not be run: no bubblewrap');
  });

  it('does not take what a program prints for its files', async () => {
    const played = await play('debugger', {
      inputs,
      runs: [ends(0, 'evil.py\n```\nx\n```\n````\nmain.py\n````\n')],
    });
    expect(filesOf(await played.run()).files.map(({ name }) => name)).toEqual(['main.py', 'other.py']);
  });

  it('names a setting that is wrong', async () => {
    const played = await play('debugger', { inputs, settings: { attempts: -1 } });
    await expect(played.run()).rejects.toThrow('with.attempts of the step it: ');
  });
});

describe('changing a codebase', () => {
  it('does what a person wants, one thing after the other, until nothing is wanted', async () => {
    const played = await play('modify_codebase', {
      inputs,
      answers: ['Print 2.', 'Print 3.', ''],
      replies: [program('print(2)'), program('print(three)'), program('print(3)')],
      runs: [ends(0, '2'), ends(1, 'NameError'), ends(0, '3')],
    });
    const output = await played.run();
    expect(
      played.questions.map((question) => /What should be changed|What else/.exec(question)?.[0]),
    ).toEqual([...['What should be changed', 'What else', 'What else']]);
    expect(played.prompts[0]?.text).toContain('# What should be changed\n\nPrint 2.');
    expect(played.prompts[1]?.text).toContain('print(2)');
    expect(played.prompts[2]?.text).toContain('# What was changed last\n\nPrint 3.');
    expect(written(played, 'main.py')).toBe('print(3)\n');
    expect(filesOf(output).files.map(({ name }) => name)).toEqual(['main.py', 'other.py']);
    expect(played.isForThisRunOnly()).toBe(true);
  });

  it('passes the code on where nobody is there, with a warning', async () => {
    const played = await play('modify_codebase', { inputs });
    expect(filesOf(await played.run()).files).toHaveLength(2);
    expect(played.statuses.join()).toContain('warning: nobody is there to be asked what should be changed');
  });

  it('takes the changes from its settings or an input, and asks nobody', async () => {
    const set = await play('modify_codebase', {
      ...{ inputs, answers: ['never'], settings: { changes: 'Print 4.' } },
      ...{ replies: ['Gladly.', program('print(4)')], runs: [ends(0, '4')] },
    });
    await set.run();
    expect(set.questions).toEqual([]);
    expect(set.prompts[1]?.text).toContain('# What was wrong with your last answer');
    const review = { name: 'review', text: 'Print 5.' };
    const given = await play('modify_codebase', {
      ...{ inputs: [review, ...inputs], settings: { changes_from: 'review' } },
      ...{ replies: [program('print(5)')], runs: [ends(0, '5')] },
    });
    await given.run();
    expect(given.prompts[0]?.text).toMatch(/# What should be changed\n\nPrint 5\.$/);
    expect(given.prompts[0]?.text).not.toContain('# review');
    const wrong = await play('modify_codebase', { inputs, settings: { changes_from: 'reviews' } });
    await expect(wrong.run()).rejects.toThrow('names reviews, which is none of its inputs');
  });
});

describe('files of a program', () => {
  it('are asked for again until there are some, and then it fails', async () => {
    const played = await play('engineer', { replies: ['Words.', '', `../x.py\n\`\`\`\nx\n\`\`\``] });
    await expect(played.run()).rejects.toThrow('no file that could be written after 3 attempts: "../x.py"');
    expect(played.prompts).toHaveLength(3);
  });

  it('are made again where another run has paid for them', async () => {
    const played = await play('engineer', { replies: [program('x')], settings: { folder: 'one' } });
    const output = await played.run();
    rmSync(path.join(played.context.outputFolder, 'one'), { recursive: true });
    played.module.restore?.(played.context, output);
    expect(written(played, 'one/main.py')).toBe('x\n');
  });

  it.each([
    ['# Adding\n\n```sh\npython main.py\n```', '# Adding\n\n```sh\npython main.py\n```\n'],
    ['```markdown\n# Adding\n```', '# Adding\n'],
    ['```md\n# Adding\n\n```sh\nx\n```\n\nEnd.\n```\n', '# Adding\n\n```sh\nx\n```\n\nEnd.\n'],
  ])('have a README without a fence around it', async (reply, text) => {
    const played = await play('create_readme', { inputs, replies: [reply] });
    await played.run();
    expect(written(played, 'README.md')).toBe(text);
  });
});

describe('a meeting', () => {
  it('is about the inputs, with the personas and limits that are set', async () => {
    const wishes: unknown[] = [];
    const played = await play('meeting', {
      inputs: [{ name: 'motion', text: 'Bells.' }],
      supplement: 'Be brief.',
      settings: { personas: ['ada', 'bert'], services: ['eliza', 'openai:m'], messages: 4, first: 'b' },
      holdMeeting: ({ seats, topic, limits, first, folder, onExchange }) => {
        wishes.push({ seats, topic, limits, first, folder: path.basename(folder) });
        onExchange({ service: 's', model: 'm', system: '', text: '', reply: 'Hm.', finish: 'stop', ms: 1 });
        return Promise.resolve({
          folder: 'there',
          transcript: '**Ada:** Hm.',
          stop: 'max-messages',
          turns: 4,
        });
      },
    });
    expect(await played.run()).toBe('**Ada:** Hm.');
    expect(wishes).toEqual([
      {
        seats: {
          a: { persona: 'ada', service: 'eliza', model: undefined },
          b: { persona: 'bert', service: 'openai:m', model: undefined },
        },
        topic: 'Bells.\n\nBe brief.',
        limits: { messages: 4, seconds: 0, tokens: 0, cost: 0 },
        first: 'b',
        folder: 'meeting',
      },
    ]);
    expect(played.exchanges).toHaveLength(1);
  });

  it('in which nothing is said fails the step, and so does one without personas', async () => {
    const silent = await play('meeting', {
      settings: { personas: ['ada', 'bert'] },
      holdMeeting: () => Promise.resolve({ folder: 'there', transcript: '', stop: 'agent-lost', turns: 0 }),
    });
    await expect(silent.run()).rejects.toThrow(
      'nothing was said in the meeting there: it ended with agent-lost',
    );
    await expect((await play('meeting')).run()).rejects.toThrow('with.personas of the step it: ');
  });
});
