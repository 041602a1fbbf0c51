/** Words by which a model speaks of itself, and not of models. `’` is written `'`. */
const confessions: readonly RegExp[] = [
  /\bas an? (?:\w+ ){0,2}(?:ai|a\.i\.|language model|artificial intelligence|assistant|llm|chatbot)\b(?! (?:researcher|engineer|scientist|expert|professor|critic|company|developer|teacher|student|lawyer|skeptic|sceptic))/i,
  /\bi(?:'m| am) (?:just |only |really |actually |in fact |simply )?(?:an? )(?:\w+ ){0,2}(?:ai|language model|llm|chatbot)(?: (?:language )?model| assistant)?\b(?! \w*(?:researcher|engineer|scientist|expert|professor|critic|developer|student|skeptic|sceptic|lawyer))/i,
  /\bi(?:'m| am) (?:chatgpt|gpt-?\d|claude\b[^.]{0,30}\banthropic|gemini,|llama \d|mistral,|qwen)/i,
  /\bi was (?:created|developed|trained|built|made) by (?:openai|anthropic|google|meta|mistral|alibaba|deepseek)\b/i,
  /\bmy (?:training data|knowledge cutoff|training cutoff|programming does not allow|programming doesn't allow)\b/i,
  /\bi (?:don't|do not|cannot|can't) (?:actually )?(?:have|possess|experience) (?:personal )?(?:feelings|emotions|experiences|opinions|consciousness|a (?:physical )?body)\b[^.]{0,60}\b(?:ai|language model|program)\b/i,
  /\bich bin (?:nur |bloß |eigentlich |ja )?(?:eine? )(?:ki\b|künstliche intelligenz|sprachmodell|ki-\w+|großes sprachmodell|chatbot)/i,
  /\bals (?:eine? )?(?:ki\b(?!-(?:forscher|experte|expertin|entwickler))|ki-(?:modell|assistent|sprachmodell|system)\w*|künstliche intelligenz|(?:großes )?sprachmodell)/i,
  /\bje (?:ne )?suis (?:qu'|juste |seulement |simplement )?(?:une? )(?:ia\b|intelligence artificielle|modèle de langage|assistant virtuel|chatbot)/i,
  /\ben tant qu(?:e |')(?:une? )?(?:ia\b|intelligence artificielle|modèle de langage|assistant virtuel)/i,
  /\b(?:no )?soy (?:solo |sólo |simplemente |más que )?(?:una? )(?:ia\b|inteligencia artificial|modelo de lenguaje|asistente virtual|chatbot)/i,
  /\bcomo (?:una? )?(?:ia\b|inteligencia artificial|modelo de lenguaje|asistente virtual|modelo de linguagem|assistente virtual)(?=[, ]+(?:no|n[ãa]o|yo|eu|mi|mis|puedo|posso|carezco|mi[sn]?\b))/i,
  /\bsono (?:solo |soltanto |semplicemente )?(?:un'?\s?)(?:ia\b|intelligenza artificiale|modello linguistico|modello di linguaggio|assistente virtuale)/i,
  /\b(?:in quanto|essendo un|come) ?'?(?:un )?(?:ia\b|intelligenza artificiale|modello linguistico|modello di linguaggio)(?=,)/i,
  /\bsou (?:apenas |só |somente )?(?:uma? )(?:ia\b|inteligência artificial|modelo de linguagem|assistente virtual|chatbot)/i,
  /\bik ben (?:maar |slechts |gewoon |eigenlijk )?(?:een )(?:ai\b|ai-\w+|taalmodel|kunstmatige intelligentie|chatbot)/i,
  /\bals (?:een )?(?:ai\b(?!-(?:onderzoeker|expert))|ai-(?:taalmodel|model|assistent)|taalmodel|kunstmatige intelligentie)/i,
  /(?<!\p{L})είμαι (?:απλώς |μόνο |απλά )?(?:ένα |μια |μία )(?:γλωσσικό μοντέλο|μοντέλο τεχνητής|τεχνητή νοημοσύνη|chatbot)/iu,
  /(?<!\p{L})ως (?:ένα |μια |μία )?(?:γλωσσικό μοντέλο|μοντέλο τεχνητής|τεχνητή νοημοσύνη)/iu,
];

/** A persona that is itself a machine breaks nothing by saying so. */
const machinePersona =
  /\b(?:you(?:'re| are)|du bist|sie sind|tu es|vous êtes|eres|sei|você é|és|je bent|είσαι)\b[^.\n]{0,80}?(?<!\p{L})(?:an? ai|ai\b|a\.i\.|artificial intelligence|language model|android|robot|computer|chatbot|machine|program|ki\b|künstliche intelligenz|sprachmodell|roboter|ia\b|intelligence artificielle|inteligencia artificial|intelligenza artificiale|inteligência artificial|ordinateur|ordenador|kunstmatige intelligentie|taalmodel|τεχνητή νοημοσύνη|ρομπότ)/iu;

/** What somebody else said, or what is only supposed. */
const quotedParts = /“[^”]*”|„[^“]*“|«[^»]*»|"[^"\n]*"|`[^`]*`|^>.*$/gmu;
const supposition =
  /(?:\b(?:if|were|suppose|imagine|pretend(?:ing)?|accus\w+|say(?:s|ing)?|said|claim(?:s|ed)?|think(?:s|ing)? (?:that )?|wenn|ob|falls|behauptest|si|se|als of|αν)\b[^.,;!?\n]{0,40})$/iu;

/** The words by which a speaker names itself a language model, undefined where it does not. */
export function findBrokenCharacter(text: string, persona: string | undefined): string | undefined {
  if (persona !== undefined && machinePersona.test(persona)) return undefined;
  const own = text
    .replaceAll('’', "'")
    .replace(/^[ \t]*(```|~~~)[\s\S]*?(?:^[ \t]*\1|$(?![\s\S]))/gmu, ' ')
    .replace(quotedParts, ' ');
  for (const confession of confessions) {
    const match = confession.exec(own);
    if (match && !isDenied(own, match) && !supposition.test(own.slice(0, match.index))) return match[0];
  }
  return undefined;
}

/** "I am not a language model": none of the patterns bridges a negation, but Spanish puts it in front. */
function isDenied(text: string, match: RegExpExecArray): boolean {
  return (
    /\b(?:no|não|nicht|non|nie|niet|δεν)\s*$/iu.test(text.slice(0, match.index)) || /^no soy/i.test(match[0])
  );
}
