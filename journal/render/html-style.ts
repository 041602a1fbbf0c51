/**
 * The look of a transcript: one column, a quiet colour for each seat, light or dark as the reader's
 * system is, black on white on paper. Text and its ground differ by 4.5:1 or more everywhere (WCAG AA).
 */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fbfaf7; --ink: #23211d; --soft: #6a655c; --line: #e4dfd5; --raised: #ffffff;
  --a: #1b5a78; --a-ground: #eaf2f6; --a-line: #bdd6e2;
  --b: #8a4416; --b-ground: #faf0e6; --b-line: #ebcfb4;
  --code-ground: #f4f1ea; --code-line: #e2dccf; --mark: #c98a1b;
  --passed: #2c6b2f; --failed: #ab2626; --refused: #7d4a9b;
  --keyword: #8b2c6c; --string: #3c6418; --number: #8a4a00; --comment: #6b6558; --title: #1d5286; --type: #0f605c;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Georgia, "Noto Serif", serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15171a; --ink: #e4e1da; --soft: #a09b90; --line: #2d3035; --raised: #1c1f23;
    --a: #8cc5e3; --a-ground: #19262e; --a-line: #2b4553;
    --b: #ecb083; --b-ground: #2b211a; --b-line: #543c29;
    --code-ground: #101214; --code-line: #2b2e33; --mark: #e0a94a;
    --passed: #8fcf8f; --failed: #f29b93; --refused: #cfa6ea;
    --keyword: #e39ccb; --string: #a9cf87; --number: #e6b47a; --comment: #969184; --title: #8fbdf0; --type: #7fcfc8;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4.5rem; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 50rem; padding: 0 1.5rem 5rem;
  background: var(--page); color: var(--ink);
  font: 1.0625rem/1.65 var(--serif); overflow-wrap: break-word;
}
h1, h2, h3, h4, h5, h6 { line-height: 1.3; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 0.18em; }
a:hover { text-decoration-color: currentcolor; }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; border-radius: 3px; }
.a { --seat: var(--a); --ground: var(--a-ground); --edge: var(--a-line); }
.b { --seat: var(--b); --ground: var(--b-ground); --edge: var(--b-line); }

.bar {
  position: sticky; top: 0; z-index: 1; min-height: 3.25rem; margin: 0 -1.5rem; padding: 0.5rem 1.5rem;
  display: flex; align-items: center; justify-content: space-between; gap: 1rem;
  background: var(--page); border-bottom: 1px solid transparent; font: 0.875rem/1.3 var(--sans);
}
.bar a { color: var(--soft); text-decoration: none; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; visibility: hidden; }
.scrolled .bar { border-color: var(--line); }
.scrolled .bar a { visibility: visible; }
button {
  flex: none; padding: 0.4rem 0.95rem; border: 1px solid var(--line); border-radius: 99px;
  background: var(--raised); color: var(--ink); font: inherit; cursor: pointer;
}
button:hover { border-color: var(--soft); }
button[hidden] { display: none; }

.cover { padding: 1.5rem 0 1rem; }
.kicker { margin: 0; color: var(--soft); font: 0.875rem/1.5 var(--sans); }
h1 { margin: 0.4rem 0 1.75rem; font-size: clamp(1.8rem, 6vw, 2.6rem); font-weight: 600; line-height: 1.15; letter-spacing: -0.01em; text-wrap: balance; }
h1 i { font-weight: 400; color: var(--soft); }
h1 .a, h1 .b, .seat h2 { color: var(--seat); }
.seats { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
.seat { min-width: 0; padding: 0.9rem 1.1rem; border: 1px solid var(--line); border-top: 3px solid var(--seat); border-radius: 4px 4px 10px 10px; background: var(--raised); font: 0.875rem/1.55 var(--sans); }
.seat h2 { margin: 0 0 0.2rem; font-size: 1rem; }
.seat p, .seat ul { margin: 0; padding: 0; list-style: none; color: var(--soft); }
.seat ul { display: flex; flex-wrap: wrap; margin-top: 0.45rem; column-gap: 0.9rem; }
.seat li { font-variant-numeric: tabular-nums; }
.seat .model { color: var(--ink); }
details { margin-top: 0.55rem; }
summary { color: var(--soft); cursor: pointer; }
details pre { max-height: 22rem; margin: 0.5rem 0 0; white-space: pre-wrap; }
.outcome { margin: 1.25rem 0 0; padding: 0.75rem 0 0; border-top: 1px solid var(--line); color: var(--soft); font: 0.9375rem/1.5 var(--sans); }
.outcome b { color: var(--ink); font-weight: 600; }

.turn { width: fit-content; min-width: min(20rem, 100%); max-width: 92%; margin: 2rem 0 0; }
.turn.b { margin-left: auto; }
.turn > header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.7rem; margin: 0 0.2rem 0.4rem; font: 0.8125rem/1.5 var(--sans); color: var(--soft); font-variant-numeric: tabular-nums; }
.turn h2 { margin: 0; font-size: 0.9375rem; font-weight: 650; color: var(--seat); }
.turn .number { text-decoration: none; }
.turn .number:hover { text-decoration: underline; }
.turn time { margin-left: auto; }
.words { padding: 0.85rem 1.2rem; border: 1px solid var(--edge); border-radius: 14px; background: var(--ground); }
.turn.a .words { border-top-left-radius: 3px; }
.turn.b .words { border-top-right-radius: 3px; }
.turn:target .words { border-color: var(--seat); }
.turn.reading .words { border-color: var(--mark); box-shadow: 0 0 0 2px var(--mark); }
.remark, .event { color: var(--soft); font: italic 0.875rem/1.5 var(--sans); }
.remark { margin: 0.35rem 0.2rem 0; }
.event { max-width: 36rem; margin: 1.5rem auto 0; padding: 0 0.5rem; text-align: center; }
.event b { color: var(--seat); font-weight: 600; }
.event pre { margin: 0.5rem 0 0; font-style: normal; text-align: start; white-space: pre-wrap; }
.event + .event { margin-top: 0.35rem; }
.event.failure { color: var(--ink); }

.translation { width: fit-content; min-width: min(20rem, 100%); max-width: 88%; margin: 0.6rem 0 0 1.5rem; }
.translation.b { margin: 0.6rem 1.5rem 0 auto; }
.translation h3 { margin: 0 0.2rem 0.2rem; color: var(--soft); font: 0.8125rem/1.5 var(--sans); font-variant-numeric: tabular-nums; }
.translation .words { border-style: dashed; background: none; font-size: 0.9375em; }

.result { --look: var(--soft); width: fit-content; min-width: min(20rem, 100%); max-width: 92%; margin: 0.6rem 0 0; padding: 0.55rem 0.9rem 0.6rem; border: 1px solid var(--line); border-inline-start: 4px solid var(--look); border-radius: 4px 10px 10px 4px; background: var(--raised); font: 0.875rem/1.5 var(--sans); }
.result.b { margin-left: auto; }
.result.passed { --look: var(--passed); }
.result.failed { --look: var(--failed); }
.result.refused { --look: var(--refused); }
.result:target { border-color: var(--look); }
.result h3 { margin: 0; font-size: 0.875rem; font-weight: 650; line-height: 1.5; }
.result h3 a { text-decoration: none; }
.result h3 a:hover { text-decoration: underline; }
.result.passed h3, .result.failed h3, .result.refused h3 { color: var(--look); }
.result .mark { font-size: 1.1em; }
.result p { margin: 0.15rem 0 0; }
.result pre { margin: 0.5rem 0 0; padding: 0.55rem 0.8rem; max-height: 24rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.result figure { margin: 0.6rem 0 0; }
.result img { display: block; width: auto; max-width: 100%; height: auto; max-height: 34rem; border: 1px solid var(--code-line); border-radius: 6px; background: #fff; }
.result ul { display: flex; flex-wrap: wrap; gap: 0 1rem; margin: 0.45rem 0 0; padding: 0; list-style: none; }
.result li { min-width: 0; overflow-wrap: anywhere; }
.result small, .result .run { color: var(--soft); font-size: 0.8125rem; font-variant-numeric: tabular-nums; }

.words > *, .words li > *, .words blockquote > * { unicode-bidi: plaintext; }
.words > :first-child { margin-top: 0; }
.words > :last-child { margin-bottom: 0; }
.words p, .words ul, .words ol, .words blockquote, .words table, .words pre { margin: 0.75em 0; }
.words h3, .words h4, .words h5, .words h6 { margin: 1.2em 0 0.4em; font-size: 1.08em; }
.words ul, .words ol { padding-inline-start: 1.5em; }
.words li + li { margin-top: 0.25em; }
.words li > p, .words li > ul, .words li > ol { margin: 0.25em 0; }
.words blockquote { margin-inline: 0; padding-inline-start: 1em; border-inline-start: 3px solid var(--edge); }
.words blockquote > :first-child { margin-top: 0; }
.words blockquote > :last-child { margin-bottom: 0; }
.words hr { border: 0; border-top: 1px solid var(--edge); margin: 1.2em 0; }
.words .plain { white-space: pre-wrap; }
.words table { display: block; width: fit-content; max-width: 100%; overflow-x: auto; border-collapse: collapse; font: 0.875em/1.5 var(--sans); }
.words th, .words td { padding: 0.35em 0.8em; border: 1px solid var(--edge); text-align: start; vertical-align: top; }
.words .center { text-align: center; }
.words .right { text-align: end; }
code, pre { font-family: var(--mono); font-size: 0.85em; }
pre { overflow-x: auto; padding: 0.8rem 1rem; border: 1px solid var(--code-line); border-radius: 8px; background: var(--code-ground); color: var(--ink); line-height: 1.55; direction: ltr; tab-size: 4; }
pre code { font-size: 1em; }
:not(pre) > code { padding: 0.1em 0.35em; border-radius: 4px; background: var(--code-ground); color: var(--ink); }

.hljs-keyword, .hljs-selector-tag, .hljs-literal, .hljs-doctag, .hljs-template-tag { color: var(--keyword); }
.hljs-string, .hljs-regexp, .hljs-addition, .hljs-template-variable { color: var(--string); }
.hljs-number, .hljs-symbol, .hljs-bullet, .hljs-attr, .hljs-attribute, .hljs-variable { color: var(--number); }
.hljs-comment, .hljs-quote, .hljs-meta { color: var(--comment); }
.hljs-comment, .hljs-quote, .hljs-emphasis { font-style: italic; }
.hljs-title, .hljs-section, .hljs-name, .hljs-link { color: var(--title); }
.hljs-type, .hljs-built_in, .hljs-selector-class, .hljs-selector-id { color: var(--type); }
.hljs-deletion { color: var(--b); }
.hljs-strong { font-weight: 700; }

.end { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); text-align: center; font: 0.9375rem/1.6 var(--sans); }
.end::before { content: "⁂"; display: block; margin-bottom: 0.4rem; font-size: 1.3rem; }
.end p { margin: 0; }
.usage { margin: 1rem auto; max-width: 100%; border-collapse: collapse; font: 0.8125rem/1.6 var(--sans); font-variant-numeric: tabular-nums; }
.usage th, .usage td { padding: 0.1em 0.7em; text-align: end; }
.usage :first-child { text-align: start; }
.usage th, .usage tr:last-child td { border-block: 1px solid var(--line); }

@media (max-width: 40rem) {
  body { padding: 0 1rem 4rem; font-size: 1rem; }
  .bar { margin: 0 -1rem; padding: 0.5rem 1rem; }
  .turn { max-width: none; width: auto; }
  .turn.a { margin-right: 1rem; }
  .turn.b { margin-left: 1rem; }
  .words { padding: 0.75rem 0.95rem; }
  .result { max-width: none; width: auto; }
  .result.a { margin-right: 1rem; }
  .result.b { margin-left: 1rem; }
}
@media print {
  :root {
    color-scheme: light;
    --page: #fff; --ink: #000; --soft: #555; --line: #ccc; --raised: #fff;
    --a: #14465e; --a-ground: #fff; --a-line: #9cb9c6; --b: #6e3510; --b-ground: #fff; --b-line: #d0ab8a;
    --code-ground: #fff; --code-line: #ccc;
    --passed: #1f5a22; --failed: #8e1b1b; --refused: #5f3579;
    --keyword: #6d1f54; --string: #2f5012; --number: #6b3900; --comment: #555; --title: #163f68; --type: #0b4a47;
  }
  @page { margin: 18mm 16mm; }
  body { max-width: none; padding: 0; font-size: 10.5pt; line-height: 1.5; }
  .bar, details { display: none; }
  .cover { padding-top: 0; }
  .turn, .turn.a, .turn.b { width: auto; max-width: none; margin: 1.1rem 0 0; }
  .turn.a { margin-right: 8%; }
  .turn.b { margin-left: 8%; }
  .turn > header, h3, h4, h5, h6 { break-after: avoid; }
  .words { padding: 0 0 0 0.9rem; border-width: 0 0 0 2pt; border-radius: 0; }
  .turn.a .words, .turn.b .words { border-radius: 0; }
  .result, .result.a, .result.b { width: auto; max-width: none; margin: 0.5rem 0 0; padding: 0 0 0 0.9rem; border-width: 0 0 0 2pt; border-radius: 0; }
  .result.a { margin-right: 8%; }
  .result.b { margin-left: 8%; }
  .result h3 { break-after: avoid; }
  .result pre { max-height: none; }
  .result img { max-height: 16cm; }
  p { orphans: 3; widows: 3; }
  pre { white-space: pre-wrap; }
  .seat, .event, .end, pre, tr, figure { break-inside: avoid; }
  .result pre { break-inside: auto; }
}
`;
