import { coderSchema } from './coder-schema.ts';
import { proxySchema, serviceSchemas, serviceVariables } from './schema.ts';
import { serviceNames } from './service-names.ts';
import { listSettings, type Setting } from './settings.ts';
import { translatorSchemas } from './translator-schema.ts';

const begin = '<!-- The tables are made from config/schema.ts by `npm run docs`; change them there. -->';
const end = '<!-- End of the tables. -->';

/** The text of `docs/configuration.md` with its tables made anew. Throws Error where the marks are missing. */
export function withConfigReference(page: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/configuration.md must hold the lines ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${renderConfigReference()}\n${page.slice(to)}`;
}

/** A table of keys for every settings file, in Markdown as prettier likes it. */
export function renderConfigReference(): string {
  const sections = [
    renderFile('proxy', listSettings(proxySchema), {}),
    renderFile('translator', listSettings(translatorSchemas.openai), serviceVariables.openai ?? {}),
    renderFile('coder', listSettings(coderSchema), {}),
    ...serviceNames.map((name) =>
      renderFile(name, listSettings(serviceSchemas[name]), serviceVariables[name] ?? {}),
    ),
  ];
  return sections.join('\n');
}

function renderFile(
  name: string,
  settings: readonly Setting[],
  variables: Readonly<Record<string, string>>,
): string {
  const rows = settings.map((setting) => {
    const variable = Object.keys(variables).find((key) => variables[key] === setting.path);
    const text = withoutVariable(setting.description);
    return [
      `\`${setting.path}\``,
      setting.kind,
      setting.fallback === undefined ? '' : `\`${JSON.stringify(setting.fallback)}\``,
      variable === undefined || text.includes(variable) ? text : `${text}. Variable \`${variable}\``,
    ];
  });
  return `### \`config/${name}.yml\`\n\n${renderTable([['key', 'value', 'default', 'what it does'], ...rows])}`;
}

/** Descriptions name their variable for those who read the YAML; here it gets a place of its own. */
function withoutVariable(description: string): string {
  return description.replace(/; [A-Z_]{6,}$/, '');
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[], filler: string): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width, filler)).join(' | ')} |\n`;
  const [head = [], ...body] = cells;
  return line(head, ' ') + line([], '-') + body.map((row) => line(row, ' ')).join('');
}
