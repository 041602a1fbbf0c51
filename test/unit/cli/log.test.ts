import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../../cli/log.ts';
import { temporaryFolder } from '../../support/temporary.ts';

describe('the log', () => {
  it('makes visible what would move the cursor of whoever reads it', async () => {
    const logfile = path.join(await temporaryFolder(), 'log');
    const log = createLog('proxy', { logfile });
    log.info({ seat: 'a' }, 'Eve\u001b[2J\u009b31m\u202e sits down');
    log.warn('\u0007 alone');
    const lines = readFileSync(logfile, 'utf8').trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'Eve␛[2J<U+009B>31m<U+202E> sits down',
      '␇ alone',
    ]);
  });
});
