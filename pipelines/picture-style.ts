/** The look of a drawn pipeline, light or dark as the reader's system is. Text and its ground differ by 4.5:1 or more. */
export const pictureStyle = `
:root {
  --graph-page: #fbfaf7; --graph-ink: #23211d; --graph-soft: #6a655c; --graph-line: #8f897e; --graph-box: #ffffff; --graph-edge: #cfc8ba;
  --graph-done: #2c6b2f; --graph-done-box: #edf6ec; --graph-failed: #ab2626; --graph-failed-box: #fbeceb;
  --graph-busy: #1b5a78; --graph-busy-box: #eaf2f6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --graph-page: #15171a; --graph-ink: #e4e1da; --graph-soft: #a8a398; --graph-line: #7d786f; --graph-box: #1c1f23; --graph-edge: #43464c;
    --graph-done: #8fcf8f; --graph-done-box: #18261a; --graph-failed: #f29b93; --graph-failed-box: #2e1b1a;
    --graph-busy: #8cc5e3; --graph-busy-box: #19262e;
  }
}
.pipeline { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
.pipeline .ground { fill: var(--graph-page); }
.pipeline text { text-anchor: middle; fill: var(--graph-ink); }
.pipeline .name { font-weight: 650; font-size: 13.5px; }
.pipeline .module, .pipeline .note, .pipeline .condition { font-size: 11.5px; fill: var(--graph-soft); }
.pipeline .module { font-style: italic; }
.pipeline .condition { paint-order: stroke; stroke: var(--graph-page); stroke-width: 7px; stroke-linejoin: round; }
.pipeline .box rect { fill: var(--graph-box); stroke: var(--graph-edge); stroke-width: 1.2px; }
.pipeline .line { fill: none; stroke: var(--graph-line); stroke-width: 1.3px; }
.pipeline .dashed { stroke-dasharray: 5 4; }
.pipeline .head { fill: var(--graph-line); }
.pipeline a:hover rect, .pipeline a:focus rect { stroke-width: 2.4px; }
.pipeline .done rect { fill: var(--graph-done-box); stroke: var(--graph-done); }
.pipeline .done .name { fill: var(--graph-done); }
.pipeline .failed rect { fill: var(--graph-failed-box); stroke: var(--graph-failed); stroke-width: 2px; }
.pipeline .failed .name { fill: var(--graph-failed); }
.pipeline .running rect, .pipeline .interrupted rect { fill: var(--graph-busy-box); stroke: var(--graph-busy); stroke-width: 2px; }
.pipeline .running .name, .pipeline .interrupted .name { fill: var(--graph-busy); }
.pipeline .interrupted rect { stroke-dasharray: 6 3; }
.pipeline .skipped rect, .pipeline .blocked rect, .pipeline .waiting rect { stroke-dasharray: 3 3; }
.pipeline .skipped .name, .pipeline .blocked .name, .pipeline .waiting .name { fill: var(--graph-soft); }
`;
