import { escapeHtml } from '../../journal/render/html-words.ts';

/** HTML. */
type Html = string;

interface Panel {
  readonly heading?: string;
  readonly svg: Html;
  /** Of one that is wider than a telephone: who has no mouse moves it as well. */
  readonly title?: string;
}

/** Counts the figures and tables of a page. */
export class Numbering {
  #figures = 0;
  #tables = 0;

  /** Panels that belong together, and what they show. */
  figure(panels: readonly Panel[], caption: Html, legend: Html = ''): Html {
    const drawn = panels.map(
      ({ heading, svg, title }) =>
        `<div class="panel"${title === undefined ? '' : ` tabindex="0" role="region" aria-label="${escapeHtml(title)}"`}>${heading === undefined ? '' : `<p class="heading">${escapeHtml(heading)}</p>`}${svg}</div>`,
    );
    return `<figure>${legend}<div class="panels${panels.length === 4 ? ' four' : ''}">${drawn.join('')}</div><figcaption><b>Figure ${++this.#figures}.</b> ${caption}</figcaption></figure>\n`;
  }

  /** The first cell of a row is its head. Cells are HTML. */
  table(head: readonly string[], rows: readonly (readonly Html[])[], caption: Html): Html {
    const heads = head.map((cell) => `<th scope="col">${escapeHtml(cell)}</th>`).join('');
    const body = rows.map(([first = '', ...rest]) => {
      const cells = rest.map((cell) => `<td>${cell}</td>`).join('');
      return `<tr><th scope="row">${first}</th>${cells}</tr>`;
    });
    const number = ++this.#tables;
    return `<div class="table" tabindex="0" role="region" aria-labelledby="table-${number}"><table aria-labelledby="table-${number}"><thead><tr>${heads}</tr></thead><tbody>${body.join('')}</tbody></table></div>
<p class="caption" id="table-${number}"><b>Table ${number}.</b> ${caption}</p>\n`;
  }
}

/** Several that are narrow, beside each other where there is room. */
export function sideBySide(figures: readonly Html[]): Html {
  return `<div class="beside">${figures.join('')}</div>\n`;
}

/** "3.21" above "2.90 to 3.55"; of a single observation there is no interval. */
export function intervalCell(
  value: Html,
  { low, high }: { readonly low: number; readonly high: number },
  format: (value: number) => string,
  count: number,
): Html {
  return `${value}<br><small>${count < 2 ? 'of one' : `${format(low)} to ${format(high)}`}</small>`;
}

/** "67 %"; of nothing, "–". */
export function describeShare(part: number, whole: number): string {
  return whole === 0 ? '–' : `${Math.round((100 * part) / whole)} %`;
}
