import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../journal/event.ts';
import { colloquy, descendantsOf, run, untilGone, type Program } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** The events of the only meeting in a folder. */
function journalIn(cwd: string): JournalEvent[] {
  const [meeting = ''] = readdirSync(path.join(cwd, 'transcripts'));
  const text = readFileSync(path.join(cwd, 'transcripts', meeting, 'journal.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JournalEvent);
}

describe('colloquy meet', () => {
  it('holds a whole meeting, shows it, and says where the transcript is', async () => {
    const cwd = await temporaryFolder();
    const { code, stdout, stderr } = await run(
      cwd,
      'meet',
      '--typing-speed',
      '0',
      '--first',
      'b',
      '--seed',
      '5',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Eliza meets Parry: \S+\n\n\[1\] Parry:\n.+\n\n\[2\] Eliza:\n/);
    expect(stdout).toContain('[10] Eliza:');
    expect(stdout).toMatch(/Ended after 10 turns: .*max-messages/);
    const file = /Transcript: (.+)\n/.exec(stdout)?.[1] ?? '';
    expect(readFileSync(path.join(cwd, file), 'utf8')).toMatch(/\| # \| Eliza \| Parry \|/);
    const events = journalIn(cwd);
    expect(events[0]).toMatchObject({
      type: 'meeting',
      software: expect.stringMatching(/^colloquy \d/) as string,
      seats: {
        a: {
          name: 'Eliza',
          provider: 'eliza',
          seed: 5,
          persona: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        },
      },
    });
    expect(events.at(-1)).toMatchObject({ type: 'stop', reason: 'max-messages' });
  });

  it('says the same again with the same seed', async () => {
    const texts = await Promise.all(
      [1, 2].map(async () => {
        const cwd = await temporaryFolder();
        await run(cwd, 'meet', '-q', '--typing-speed', '0', '--first', 'a', '--seed', '3', '-M', '6');
        return journalIn(cwd).map((event) => (event.type === 'turn' ? event.text : ''));
      }),
    );
    expect(texts[0]).toEqual(texts[1]);
  });

  it('says goodbye at the first Ctrl-C, and leaves no process behind', async () => {
    const cwd = await temporaryFolder();
    const launcher = colloquy(cwd, 'meet', '-M', '0');
    await launcher.until(/\[2\]/);
    const children = descendantsOf(launcher.pid);
    expect(children).toHaveLength(3);
    launcher.child.kill('SIGINT');
    expect(await launcher.ended).toEqual({ code: 130, signal: null });
    expect(launcher.stdout).toMatch(/Ended after \d+ turns: .*stopped[^]*Transcript: /);
    expect(journalIn(cwd).at(-1)).toMatchObject({ type: 'stop', reason: 'stopped' });
    await untilGone(children, 30_000);
  });

  it.each([150, 450])(
    'ends at a Ctrl-C after %d ms, when nobody is there yet to say goodbye',
    async (delayMs) => {
      const cwd = await temporaryFolder();
      const launcher = colloquy(cwd, 'meet', '-M', '0');
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      const children = descendantsOf(launcher.pid);
      launcher.child.kill('SIGINT');
      const { code, signal } = await launcher.ended;
      // Before the program has taken Ctrl-C into its hands, the system's own way is as good.
      expect(code === 130 || signal === 'SIGINT').toBe(true);
      await untilGone(children, 30_000);
    },
  );

  it('ends at once at the second Ctrl-C', async () => {
    const cwd = await temporaryFolder();
    // One character in ten seconds: nobody would ever say goodbye.
    const launcher = colloquy(cwd, 'meet', '--typing-speed', '0.1');
    await launcher.until(/meets/);
    const children = descendantsOf(launcher.pid);
    launcher.child.kill('SIGINT');
    await launcher.until(/Saying goodbye/, 'stderr');
    const asked = performance.now();
    launcher.child.kill('SIGINT');
    expect(await launcher.ended).toEqual({ code: 130, signal: null });
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(journalIn(cwd).at(-1)).toMatchObject({ type: 'stop', reason: 'stopped' });
    await untilGone(children, 30_000);
  });

  it.each([50, 250, 600, 1_500])(
    'leaves no process behind when it is killed after %d ms',
    async (delayMs) => {
      const cwd = await temporaryFolder();
      const launcher = colloquy(cwd, 'meet', '-M', '0');
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      const children = descendantsOf(launcher.pid);
      launcher.child.kill('SIGKILL');
      await untilGone(children, 30_000);
    },
  );

  it('takes other ports when the usual ones are taken', async () => {
    const cwd = await temporaryFolder();
    const squatters = [18_888, 19_999].map((port) =>
      net
        .createServer()
        .on('error', () => {})
        .listen(port, '127.0.0.1'),
    );
    try {
      expect((await run(cwd, 'meet', '-q', '-M', '2', '--typing-speed', '0')).code).toBe(0);
    } finally {
      for (const squatter of squatters) squatter.close();
    }
  });

  it.each([
    [['-a', 'openai'], 'agent [ab]: openai: no OPENAI_API_KEY; set it in the environment or in .env'],
    [
      ['-b', 'anthropic', '-a', 'eliza'],
      'agent b: anthropic: no ANTHROPIC_API_KEY; set it in the environment or in .env',
    ],
    [['-a', 'scripted:nowhere.yml'], 'agent [ab]: nowhere.yml:1:1 there is no such file'],
    [['-a', 'olama'], '-a: no service is called "olama"; did you mean "ollama"?'],
    [['sheldon-cooper', 'therapist'], 'who writes for Dr. Sheldon Cooper?'],
    [['shelock-holmes', 'parry'], 'shelock-holmes not found; did you mean personas/sherlock-holmes.md?'],
    [['--max-mesages', '3'], 'Unknown argument: max-mesages'],
    [['-M', 'many'], 'proxy: --max-messages must be a number'],
  ])('%j fails with one sentence that helps, and nothing is left', async (args, sentence) => {
    const cwd = await temporaryFolder();
    const { code, stderr } = await run(cwd, 'meet', ...args);
    expect(code).toBe(2);
    const pattern = sentence.replace(/[.?]/g, '\\$&');
    expect(stderr).toMatch(new RegExp(`^colloquy: ${pattern}`));
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('names the program that failed and the last thing it said', async () => {
    const cwd = await temporaryFolder();
    writeFileSync(path.join(cwd, 'broken.mjs'), 'console.error("out of ideas"); process.exit(3);\n');
    const { code, stderr } = await run(
      cwd,
      'meet',
      '-a',
      'command:node broken.mjs',
      '-b',
      'eliza',
      '--first',
      'a',
    );
    expect(code).toBe(1);
    expect(stderr).toBe('colloquy: agent a: command: "node" left with code 3: out of ideas\n');
    expect(journalIn(cwd).at(-1)).toMatchObject({ type: 'stop', reason: 'agent-lost' });
  });

  /** Waits for it: a number of no process would stand for all of this test's. */
  const findAgentB = async (launcher: Program): Promise<number> => {
    const isAgentB = (pid: number): boolean => {
      try {
        return /parry\.md|--seat=b/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      } catch {
        return false;
      }
    };
    for (;;) {
      const pid = descendantsOf(launcher.pid).find(isAgentB);
      if (pid !== undefined) return pid;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  it('starts an agent again that was killed, and goes on with the meeting', async () => {
    const cwd = await temporaryFolder();
    const launcher = colloquy(cwd, 'meet', '-M', '5', '--first', 'a');
    await launcher.until(/\[2\]/);
    process.kill(await findAgentB(launcher), 'SIGKILL');
    expect((await launcher.ended).code).toBe(0);
    expect(launcher.stderr).toBe('agent b: killed by SIGKILL; started again\n');
    const journal = journalIn(cwd);
    expect(
      journal.filter(({ type }) => type === 'turn').map((event) => 'turn' in event && event.turn),
    ).toEqual([1, 2, 3, 4, 5]);
    expect(journal.at(-1)).toMatchObject({ type: 'stop', reason: 'max-messages' });
  });

  it('says which of the three was killed where that happens again and again, and ends the others', async () => {
    const cwd = await temporaryFolder();
    const launcher = colloquy(cwd, 'meet', '-M', '0');
    await launcher.until(/\[1\]/);
    const children = descendantsOf(launcher.pid);
    for (let killed = 0; killed < 4; killed++) {
      const agent = await findAgentB(launcher);
      process.kill(agent, 'SIGKILL');
      await untilGone([agent], 30_000);
      await launcher.until(new RegExp(`(?:[^\\n]*started again\\n){${Math.min(killed + 1, 3)}}`), 'stderr');
    }
    expect((await launcher.ended).code).toBe(1);
    expect(launcher.stderr).toMatch(/\ncolloquy: agent b: killed by SIGKILL\n$/);
    await untilGone(children, 30_000);
  });

  it('keeps nothing when told so', async () => {
    const cwd = await temporaryFolder();
    const { code, stdout } = await run(cwd, 'meet', '-n', '-M', '2', '--typing-speed', '0');
    expect(code).toBe(0);
    expect(stdout).not.toContain('Transcript');
    expect(readdirSync(cwd)).toEqual([]);
  });
});
