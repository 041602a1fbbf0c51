/** What the title of a persona says: `# Kind Persona: Name (lang) [gender]`, or whatever it is. */
export interface Title {
  readonly name?: string;
  readonly kind?: string;
  readonly lang?: string;
  readonly gender?: string;
  /** Its line in the text, from 0; 0 where there is none. */
  readonly line: number;
}

/** Titles are read no further: the patterns below may look at each character as often as there are some. */
const maxTitleCharacters = 400;

/** Persona files of other programs bring a section of these, sometimes as the first of all. */
const instructionsHeading = /^#{1,6}[ \t]+(?:general[ \t]+)?(?:instructions|control messages)\b/i;

/** The first title with "Persona:" in it, else the first that is not about instructions. */
export function parseTitle(body: string): Title {
  const titles = [...headings(body)].filter(({ text }) => /^#[ \t]/.test(text));
  const found =
    titles.find(({ text }) => /persona:/i.test(text)) ??
    titles.find(({ text }) => !instructionsHeading.test(text));
  return found ? { ...parseText(found.text.slice(1)), line: found.line } : { line: 0 };
}

/** Whether a section is about instructions or control messages. */
export function hasInstructionsHeading(body: string): boolean {
  return [...headings(body)].some(({ text }) => instructionsHeading.test(text));
}

/** A `#` inside a code fence is a comment of that code. */
function* headings(body: string): Generator<{ readonly text: string; readonly line: number }> {
  let fence: string | undefined;
  for (const [line, text] of body.split('\n').entries()) {
    const mark = /^ {0,3}(```|~~~)/.exec(text)?.[1];
    if (mark !== undefined && (fence === undefined || fence === mark)) {
      fence = fence === undefined ? mark : undefined;
    } else if (fence === undefined && text.startsWith('#')) yield { text, line };
  }
}

function parseText(text: string): Omit<Title, 'line'> {
  const title = text
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, maxTitleCharacters)
    .replace(/ #+ ?$/, '');
  const { kind, rest = title } = /^(?<kind>.*?)Persona:(?<rest>.*)$/i.exec(title)?.groups ?? {};
  const { name, lang, gender } =
    /^(?<name>.*?)(?:\((?<lang>[^()]*)\))? ?(?:\[(?<gender>[^[\]]*)\])? ?$/.exec(rest)?.groups ?? {};
  const parts = Object.entries({ kind, name, lang, gender }).map(([key, part]) => [key, part?.trim()]);
  return Object.fromEntries(parts.filter(([, part]) => part)) as Omit<Title, 'line'>;
}
