import { ColloquyError } from '../wire/errors.ts';

/** Something wrong with a setting, and where: `config/openai.yml:7:3`, `--temperature`, `OLLAMA_HOST`. */
export interface ConfigProblem {
  readonly where: string;
  readonly message: string;
}

/** The user's mistakes in files, environment and flags, all of them at once, one a line. */
export class ConfigError extends ColloquyError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ where, message }) => `${where} ${message}`).join('\n'), { code: 'bad-config' });
    this.problems = problems;
  }
}
