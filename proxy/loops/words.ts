/**
 * Letters and digits in lower case without accents, parted by single spaces: what is left of a text when
 * spelling, punctuation, layout and emoji do not count.
 */
export function plainWords(text: string): string[] {
  return plainText(text)
    .split(' ')
    .filter((word) => word !== '');
}

export function plainText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** Emoji and other signs that are no punctuation, those with skin or gender as the plain ones. */
export function emojiOf(text: string): string[] {
  return text.match(/\p{Extended_Pictographic}|\p{So}|\p{Sm}|\p{Sc}/gu) ?? [];
}

/** Prose and code of a message apart; the layout of the code does not count. */
export function partCode(text: string): { readonly prose: string; readonly code: string } {
  const blocks: string[] = [];
  const prose = text.replace(
    /^[ \t]*(```|~~~)[^\n]*\n([\s\S]*?)(?:^[ \t]*\1|$(?![\s\S]))/gmu,
    (_, __, code) => {
      blocks.push(String(code).replace(/\s+/gu, ' '));
      return '\n';
    },
  );
  return { prose, code: blocks.join('\n') };
}

/** Digits, and the words for numbers in the languages that goodbyes are known in. */
export function numbersIn(words: readonly string[]): string {
  return words.filter((word) => /\p{N}/u.test(word) || isNumberWord(word)).join(' ');
}

/** Longer ones are built of these: `twenty-one` is two words, `einundzwanzig` ends with one of them. */
const numberWords = new Set(
  plainWords(`
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
    null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn
    siebzehn achtzehn neunzehn zwanzig dreißig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig hundert
    erste zweite dritte vierte fünfte sechste siebte achte neunte zehnte
    deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante
    cinquante soixante cent premier première deuxième troisième quatrième cinquième sixième
    uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince veinte treinta cuarenta
    primero segundo tercero cuarto quinto sexto
    due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici venti trenta
    primo secondo terzo quarto sesto
    um dois três quatro sete oito dez doze treze vinte trinta primeiro terceiro
    een twee drie vijf zes zeven negen tien twaalf dertien veertien vijftien zestien zeventien achttien
    negentien twintig dertig veertig vijftig eerste tweede derde vierde vijfde
    ένα δύο τρία τέσσερα πέντε έξι επτά εφτά οκτώ οχτώ εννέα εννιά δέκα έντεκα δώδεκα δεκατρία δεκατέσσερα
    είκοσι τριάντα σαράντα πενήντα πρώτο δεύτερο τρίτο τέταρτο πέμπτο
  `),
);
/** `six` is French too and `once` Spanish: of these only what is no common word of another language. */
for (const ambiguous of [
  'once',
  'one',
  'um',
  'een',
  'second',
  'sei',
  'acht',
  'first',
  'elf',
  'quarto',
  'due',
]) {
  numberWords.delete(ambiguous);
}

function isNumberWord(word: string): boolean {
  if (numberWords.has(word)) return true;
  return /und(?:zwanzig|dreissig|dreißig|vierzig|funfzig|sechzig|siebzig|achtzig|neunzig)$/u.test(word);
}
