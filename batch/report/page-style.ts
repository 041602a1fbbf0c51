/** The look of a report: as transcripts, with wide tables and figures in columns. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fbfaf7; --ink: #23211d; --soft: #6a655c; --line: #e4dfd5; --raised: #ffffff; --a: #1b5a78; --b: #8a4416;
  --mark-1: #1b5a78; --mark-2: #c9772a; --mark-3: #5b8c4a; --mark-4: #a13d5e; --mark-5: #7a6bb0; --mark-6: #3f9c97; --mark-7: #9b8a3c; --mark-8: #777168;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Georgia, "Noto Serif", serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15171a; --ink: #e4e1da; --soft: #a09b90; --line: #2d3035; --raised: #1c1f23; --a: #8cc5e3; --b: #ecb083;
    --mark-1: #6fb3d6; --mark-2: #e09a58; --mark-3: #8fbf7a; --mark-4: #dc84a2; --mark-5: #aa9ce0; --mark-6: #6fc7c1; --mark-7: #cdbb62; --mark-8: #a29c92;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 72rem; padding: 0 1.5rem 5rem;
  background: var(--page); color: var(--ink); font: 1rem/1.6 var(--sans); overflow-wrap: break-word;
}
h1, h2, h3, .heading { font-family: var(--serif); line-height: 1.25; font-weight: 600; }
h1 { margin: 0.2em 0; font-size: 2.3rem; }
h2 { margin: 3.2rem 0 0.8rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: 1.55rem; }
h3 { margin: 1.8rem 0 0.6rem; font-size: 1.15rem; }
.heading { margin: 0 0 0.3rem; font-size: 0.95rem; }
p, figcaption { max-width: 46rem; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 0.18em; }
a:hover { text-decoration-color: currentcolor; }
:focus-visible { outline: 2px solid var(--mark-2); outline-offset: 2px; border-radius: 3px; }
small, .none { color: var(--soft); }
.kicker { margin: 2.5rem 0 0; color: var(--soft); font-size: 0.9rem; }
.state { font-size: 1.1rem; }
.warning { padding: 0.6rem 1rem; border-left: 3px solid var(--mark-2); background: var(--raised); }
nav ul { display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; margin: 1.2rem 0; padding: 0; list-style: none; font-size: 0.95rem; }

figure { margin: 1.6rem 0 2rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(21rem, 100%), 1fr)); gap: 1.4rem 2rem; align-items: start; }
.panel { min-width: 0; overflow-x: auto; }
.panel:only-child { grid-column: 1 / -1; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 0 3rem; align-items: start; }
@media (min-width: 50rem) { .four { grid-template-columns: repeat(2, minmax(21rem, 27rem)); } }
svg { display: block; max-width: none; color: var(--ink); }
svg a:hover { opacity: 0.75; }
figcaption, .caption { margin: 0.6rem 0 0; color: var(--soft); font-size: 0.9rem; }
.caption { margin-bottom: 2rem; }
figcaption b, .caption b { color: var(--ink); }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; margin: 0 0 0.6rem; padding: 0; list-style: none; font-size: 0.85rem; }
.legend i { display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.4em; border-radius: 2px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }

.table { margin: 1.4rem 0 0; overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3em 1em 0.3em 0; text-align: start; vertical-align: top; white-space: nowrap; }
.words { display: inline-block; min-width: 14rem; white-space: normal; }
thead th { border-bottom: 1px solid var(--soft); color: var(--soft); font-weight: 500; vertical-align: bottom; }
tbody tr { border-bottom: 1px solid var(--line); }
tbody th { font-weight: 500; }
.all { font-size: 0.95em; }
.all tbody th { font-weight: 400; }
.all details ul { margin: 0.3rem 0; padding-left: 1.1rem; min-width: 22rem; white-space: normal; }
.a { color: var(--a); font-weight: 500; }
.b { color: var(--b); font-weight: 500; }
tr:target, .list:target { background: var(--raised); outline: 2px solid var(--mark-2); }

/* Only the one that was asked for, by the number that leads to it. */
.list { display: none; margin: 0 0 1.2rem; padding: 0.4rem 1rem 1rem; }
.list:target { display: block; }
.list h3 { margin: 0.6rem 0 0.2rem; font-size: 0.95rem; }
.list ul { margin: 0; padding: 0; list-style: none; columns: 18rem; column-gap: 2rem; font-size: 0.85rem; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: 0.9rem; }

@media (max-width: 40rem) {
  body { padding: 0 1rem 4rem; }
  h1 { font-size: 1.8rem; }
}
@media print {
  :root {
    color-scheme: light; --page: #fff; --ink: #000; --soft: #555; --line: #ccc; --raised: #fff; --a: #14465e; --b: #6e3510;
    --mark-1: #1b5a78; --mark-2: #c9772a; --mark-3: #5b8c4a; --mark-4: #a13d5e; --mark-5: #7a6bb0; --mark-6: #3f9c97; --mark-7: #9b8a3c; --mark-8: #777168;
  }
  @page { margin: 16mm 14mm; }
  body { max-width: none; padding: 0; font-size: 9.5pt; line-height: 1.45; }
  nav, #lists { display: none; }
  a { text-decoration: none; }
  h2 { margin-top: 2rem; break-after: avoid; }
  h3, .heading, .table { break-after: avoid; }
  .caption { break-before: avoid; }
  .table, .panel { overflow: visible; }
  .beside { grid-template-columns: 1fr 1fr; gap: 0 1.5rem; }
  .panels { grid-template-columns: repeat(2, 1fr); gap: 0.8rem 1rem; }
  svg { max-width: 100%; height: auto; }
  figure, .panel, tr { break-inside: avoid; }
  table { font-size: 8pt; }
  th, td { padding-right: 0.7em; }
  .all details ul { display: none; }
}
`;
