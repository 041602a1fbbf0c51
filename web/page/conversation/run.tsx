import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { WorkspaceFile } from '../../../journal/block.ts';
import type { ResultEntry } from '../../../journal/conversation.ts';
import { codeToHtml } from '../../../journal/render/html-words.ts';
import {
  countMore,
  describeBlock,
  describeRun,
  editedTitle,
  isFigureName,
  shownFiles,
  verdictOf,
  visibleOutput,
} from '../../../journal/render/results.ts';
import { formatBytes } from '../../../journal/render/sentences.ts';
import { visibleLine } from '../../../journal/render/visible-controls.ts';
import type { BlockEntry, Item } from './conversation-model.ts';

interface RunProps {
  readonly item: Extract<Item, { type: 'run' }>;
  readonly meeting: string;
}

/** A block below the turn that it stands in: that it runs, then what became of it. */
export function Run({ item, meeting }: RunProps): JSX.Element {
  const { block, result, lastTurn } = item;
  return (
    <>
      {block.isEdited ? <EditedCode block={block} /> : null}
      {result ? (
        <Result result={result} lastTurn={lastTurn} meeting={meeting} />
      ) : (
        <section class={`result pending ${block.seat}`}>
          <h3>{sentence(describeBlock(block))}: running…</h3>
        </section>
      )}
    </>
  );
}

/** The code, where it is not what the turn above says. */
function EditedCode({ block }: { readonly block: BlockEntry }): JSX.Element {
  return (
    <section class={`result ${block.seat}`}>
      <h3>{editedTitle(block)}</h3>
      <div dangerouslySetInnerHTML={{ __html: codeToHtml(block.code.trimEnd(), block.language) }} />
    </section>
  );
}

interface ResultProps {
  readonly result: ResultEntry;
  readonly lastTurn: number;
  readonly meeting: string;
}

export function Result({ result, lastTurn, meeting }: ResultProps): JSX.Element {
  const { look, symbol, words } = verdictOf(result);
  const { seat, turn, kind, number, detail } = result;
  const id = `turn-${turn}-${kind}-${number}`;
  const output = visibleOutput(result);
  const files = shownFiles(result);
  const more = result.files.length - files.length;
  const facts = describeRun(result, Math.max(turn, lastTurn));
  return (
    <section class={`result ${seat} ${look}`} id={id}>
      <h3>
        <a href={`#${id}`}>
          {symbol === '' ? null : (
            <span class="mark" aria-hidden="true">
              {symbol}{' '}
            </span>
          )}
          {words}
        </a>
      </h3>
      {detail === undefined ? null : <p class="detail">{visibleLine(detail)}</p>}
      {output === '' ? null : (
        // A box that scrolls has to be reached by keyboard too.
        <pre
          class="output"
          tabIndex={0}
          role="region"
          aria-label={`Output of ${describeBlock(result)} of turn ${turn}`}
        >
          {output}
        </pre>
      )}
      {files.filter(isFigureName).map((file) => (
        <Figure key={file.path} file={file} meeting={meeting} />
      ))}
      {files.length === 0 ? null : (
        <ul class="files">
          {files.map((file) => (
            <li key={file.path}>
              <a href={fileAddress(meeting, file)} download>
                <bdi>{visibleLine(file.path)}</bdi>
              </a>{' '}
              <small>{formatBytes(file.bytes)}</small>
            </li>
          ))}
          {more > 0 ? <li>{countMore(more, 'file')}</li> : null}
        </ul>
      )}
      {facts.length === 0 ? null : <p class="facts">{facts.join(' · ')}</p>}
    </section>
  );
}

/** A picture that code has drawn; nothing where it is no picture, or gone. */
function Figure({
  file,
  meeting,
}: {
  readonly file: WorkspaceFile;
  readonly meeting: string;
}): JSX.Element | null {
  const [isShown, setShown] = useState(true);
  if (!isShown) return null;
  return (
    <figure>
      <img
        src={fileAddress(meeting, file)}
        alt={visibleLine(file.path)}
        loading="lazy"
        decoding="async"
        onError={() => setShown(false)}
      />
    </figure>
  );
}

function fileAddress(meeting: string, { path }: WorkspaceFile): string {
  return `/api/meetings/${encodeURIComponent(meeting)}/files/${path.split('/').map(encodePart).join('/')}`;
}

function encodePart(part: string): string {
  try {
    return encodeURIComponent(part);
  } catch {
    // Half a character: no address can say it.
    return '';
  }
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
