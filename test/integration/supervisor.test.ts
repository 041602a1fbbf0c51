import { describe, expect, it } from 'vitest';
import { Supervisor } from '../../cli/supervisor.ts';

describe('a launcher', () => {
  it('ends the second process of a name, when the first is gone a little later than the second came', async () => {
    const supervisor = new Supervisor({ PATH: process.env['PATH'], NO_COLOR: '1' });
    const first = supervisor.start('sidecar', ['--version']);
    // Nobody listens there: it waits.
    let waits = (): void => {};
    const waiting = new Promise<void>((resolve) => (waits = resolve));
    const second = supervisor.start(
      'sidecar',
      ['agent', '-s', 'eliza', '--host', '127.0.0.1', '--port', '1'],
      {
        onStderr: () => waits(),
      },
    );
    expect((await first).code).toBe(0);
    await waiting;
    supervisor.endAll();
    expect((await second).name).toBe('sidecar');
  });
});
