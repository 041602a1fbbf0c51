import { expect, it } from 'vitest';
import { createCli } from '../../../cli/commands.ts';

it.each(['maybe', 'yes', '1', ''])('a flag that is there or not is not given =%s', async (answer) => {
  const parse = async () => createCli(['transcript', 'list', `--json=${answer}`], 80).parseAsync();
  await expect(parse()).rejects.toThrow(
    `--json is given alone, or with =true or =false, not with =${answer}`,
  );
});
