import { commandNames, createCli } from './commands.ts';

const width = 100;

/** The text of `docs/cli.md`: the help of every command, as the program itself prints it. */
export async function renderCliReference(): Promise<string> {
  const sections = await Promise.all(
    ['', ...commandNames].map(async (name) => {
      const help = await helpOf(name === '' ? [] : name.split(' '));
      return `## ${`colloquy ${name}`.trim()}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`;
    }),
  );
  return `# The command line\n\nMade by \`npm run docs\`; a test fails when it is out of date.\n\n${sections.join('\n')}`;
}

function helpOf(command: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    void createCli([], width).parse([...command, '--help'], {}, (error, _argv, output) => {
      if (error) reject(error);
      else resolve(output);
    });
  });
}
