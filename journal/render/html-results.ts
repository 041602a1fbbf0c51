import type { WorkspaceFile } from '../block.ts';
import type { BlockEntry, ResultEntry } from '../conversation.ts';
import { codeToHtml, escapeHtml } from './html-words.ts';
import {
  addressOf,
  countMore,
  editedTitle,
  describeRun,
  shownFiles,
  verdictOf,
  visibleOutput,
} from './results.ts';
import { formatBytes } from './sentences.ts';
import { visibleLine } from './visible-controls.ts';
import type { Figure, KeptFiles } from './workspace.ts';

/** The code, where it is not what the turn above says; else nothing. */
export function htmlBlock(block: BlockEntry): string {
  if (!block.isEdited) return '';
  const title = editedTitle(block);
  return `<section class="result ${block.seat}"><h3>${title}</h3>${codeToHtml(block.code.trimEnd(), block.language)}</section>\n`;
}

/** Below the turn with the code: verdict, output, figures, files, and in small print how it was run. */
export function htmlResult(result: ResultEntry, kept: KeptFiles, lastTurn: number): string {
  const { look, symbol, words } = verdictOf(result);
  const { seat, turn, kind, number, detail } = result;
  const id = `turn-${turn}-${kind}-${number}`;
  const output = visibleOutput(result);
  const facts = describeRun(result, lastTurn).map((fact) => `<span>${escapeHtml(fact)}</span>`);
  const mark = symbol === '' ? '' : `<span class="mark" aria-hidden="true">${symbol}</span> `;
  return [
    `<section class="result ${seat} ${look}" id="${id}">`,
    `<h3><a href="#${id}">${mark}${words}</a></h3>`,
    detail === undefined ? '' : `<p class="detail">${escapeHtml(visibleLine(detail))}</p>`,
    // A box that scrolls has to be reached by keyboard too.
    output === '' ? '' : `<pre class="output" tabindex="0">${escapeOutput(output)}</pre>`,
    ...shownFiles(result).map((file) => figureOf(file, kept.get(file.path)?.figure)),
    filesOf(result, kept),
    facts.length === 0 ? '' : `<p class="run">${facts.join(' · ')}</p>`,
    `</section>\n`,
  ].join('');
}

/** A newline right behind the tag would be swallowed. Source: HTML standard, section 13.2.6.4.7. */
function escapeOutput(output: string): string {
  return `${output.startsWith('\n') ? '\n' : ''}${escapeHtml(output)}`;
}

function figureOf({ path }: WorkspaceFile, figure: Figure | undefined): string {
  if (figure?.uri === undefined) return '';
  const name = escapeHtml(visibleLine(path));
  return `<figure><img src="${figure.uri}" alt="${name}" width="${figure.width}" height="${figure.height}" decoding="async"></figure>`;
}

function filesOf(result: ResultEntry, kept: KeptFiles): string {
  const shown = shownFiles(result);
  if (shown.length === 0) return '';
  const more = result.files.length - shown.length;
  const items = shown.map((file) => `<li>${fileItem(file, kept)}</li>`);
  return `<ul class="files">${items.join('')}${more > 0 ? `<li>${countMore(more, 'file')}</li>` : ''}</ul>`;
}

function fileItem(file: WorkspaceFile, kept: KeptFiles): string {
  const found = kept.get(file.path);
  const address = found && addressOf(file, found.folder);
  const name = `<bdi>${escapeHtml(visibleLine(file.path))}</bdi>`;
  const linked =
    address === undefined
      ? name
      : `<a href="${escapeHtml(address)}" rel="noopener noreferrer nofollow">${name}</a>`;
  return `${linked} <small>${formatBytes(file.bytes)}${found?.isChanged ? ', written again later' : ''}</small>`;
}
