/** A name in front of its words, as in a play: `Anna: …`, `**Anna:** …`, `[Anna] …`, `- Anna: …`. */
const label =
  /^[ \t>*_#-]*[*_[(]*([\p{L}][\p{L}\p{N} .'’-]{0,38}?)[\])]*(?:[*_]*[:：][*_]*|[\])][*_]*)(?=\s|$)/u;

/**
 * Whose part a speaker has taken beside its own: a line that bears the partner's name as that of a speaker, or
 * labels of a dialogue in turn. Undefined where it spoke for itself only.
 */
export function findBothParts(text: string, own: string, partner: string): string | undefined {
  const labels = withoutCode(text)
    .split('\n')
    .flatMap((line) => {
      const [, name] = label.exec(line) ?? [];
      return name === undefined ? [] : [name.trim()];
    });
  // A letter begins with the name of whom it is written to, and an answer may: that is one line, the first.
  const ofPartner = labels.filter((name) => isName(name, partner));
  const ofOwn = labels.filter((name) => isName(name, own));
  if (!isName(own, partner)) {
    const isAddress = ofPartner.length === 1 && ofOwn.length === 0 && isFirstLine(text, partner);
    if (ofPartner.length > 0 && !isAddress) return `writes for ${ofPartner[0]}`;
  }
  return alternates(labels) || isDialogue(labels)
    ? `writes a dialogue of ${labels[0]} and ${labels[1]}`
    : undefined;
}

/** The roles that a model falls back to, when it goes on with the dialogue by itself. */
const roles = [
  ['user', 'assistant'],
  ['human', 'assistant'],
  ['human', 'ai'],
  ['speaker 1', 'speaker 2'],
  ['speaker a', 'speaker b'],
  ['person a', 'person b'],
  ['a', 'b'],
  ['user', 'ai'],
  ['benutzer', 'assistent'],
  ['utilisateur', 'assistant'],
  ['usuario', 'asistente'],
] as const;

function alternates(labels: readonly string[]): boolean {
  const names = labels.map((name) => name.toLowerCase());
  return roles.some(([one, other]) => {
    const spoken = names.filter((name) => name === one || name === other);
    return spoken.length >= 2 && spoken.every((name, index) => index === 0 || name !== spoken[index - 1]);
  });
}

/** Two names in turn, whoever they are, each twice at least. */
function isDialogue(labels: readonly string[]): boolean {
  const [one, other] = labels;
  const isTwo = one !== other && labels.every((name, index) => name === (index % 2 === 0 ? one : other));
  return labels.length >= 4 && isTwo;
}

function isFirstLine(text: string, partner: string): boolean {
  const [, name = ''] = label.exec(text.trimStart().split('\n')[0] ?? '') ?? [];
  return isName(name.trim(), partner);
}

/** The whole name, or the first of its words, or the last: `Sheldon` for Sheldon Cooper. */
function isName(name: string, whole: string): boolean {
  const words = whole.toLowerCase().split(/\s+/u);
  const given = name.toLowerCase();
  return given !== '' && (given === whole.toLowerCase() || given === words[0] || given === words.at(-1));
}

function withoutCode(text: string): string {
  return text.replace(/^[ \t]*(```|~~~)[\s\S]*?(?:^[ \t]*\1|$(?![\s\S]))/gmu, '');
}
