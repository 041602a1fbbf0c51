import { createHash } from 'node:crypto';
import type { Participant, Seat } from '../../wire/types.ts';
import type { Entry, Outline } from '../conversation.ts';
import { script } from './html-script.ts';
import { style } from './html-style.ts';
import { htmlBlock, htmlResult } from './html-results.ts';
import { escapeHtml, wordsToHtml } from './html-words.ts';
import { describeInherited, describeParent, parentAddress } from './lineage.ts';
import { writtenByModerator } from './moderator-words.ts';
import {
  describeEnd,
  describeEntry,
  describeExecution,
  describeFinish,
  describeFlags,
  describeModel,
  describePair,
  describeTotals,
  formatDuration,
  formatMoment,
  formatNumber,
  formatSeconds,
  formatTime,
  languageName,
  languageTag,
  nameOf,
} from './sentences.ts';
import { usageTable } from '../usage-table.ts';
import { describePrices, usageCells } from './usage-cells.ts';
import { describeTranslations, translationTitle, type TranslationEntry } from './translations.ts';
import { visibleControls } from './visible-controls.ts';
import { noFiles, type KeptFiles } from './workspace.ts';

/**
 * The page down to the first turn. Turns go straight into the body, whose end tag HTML lets one omit:
 * so the file is valid after every turn. `running`: what only the end can tell is left out.
 */
export function htmlHeader(outline: Outline, state: 'running' | 'whole'): string {
  const { seats, meeting, startedAt } = outline;
  const pair = escapeHtml(describePair(seats));
  const name = (seat: Seat): string => `<span class="${seat}">${escapeHtml(nameOf(seats, seat))}</span>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="Colloquy">
<title>${pair}</title>
<style>${style}</style>
<script>${script}</script>
</head>
<body>
<nav class="bar" aria-label="Transcript"><a href="#top">${pair}</a><button id="read-aloud" type="button" aria-pressed="false" hidden>Read aloud</button></nav>
<header class="cover" id="top">
<p class="kicker">${startedAt === undefined ? '' : timeElement(startedAt, 'date') + ' · '}${escapeHtml(meeting)}</p>
${parentLink(outline)}<h1>${name('a')} <i>and</i> ${name('b')}</h1>
<div class="seats">
${seatCard('a', outline, state)}
${seatCard('b', outline, state)}
</div>
<p class="outcome">${state === 'running' ? 'The conversation is going on.' : describeOutcome(outline)}</p>
</header>
`;
}

/** What is appended for one entry. */
export function htmlEntry(entry: Entry, outline: Outline, files: KeptFiles = noFiles): string {
  const { seats, turns } = outline;
  if (entry.type === 'turn') return turnArticle(entry, outline);
  if (entry.type === 'translation') return translationArticle(entry, turns);
  if (entry.type === 'block') return htmlBlock(entry);
  if (entry.type === 'result') return htmlResult(entry, files, turns);
  if (entry.type === 'note' && entry.text.includes('\n')) {
    const name = escapeHtml(nameOf(seats, entry.seat));
    const text = escapeHtml(visibleControls(entry.text));
    return `<div class="event ${entry.seat}">Note to <b>${name}</b><pre>${text}</pre></div>\n`;
  }
  const kind =
    entry.type === 'unreadable'
      ? 'failure'
      : entry.type === 'lost'
        ? `${entry.seat} failure`
        : (entry.seat ?? 'both');
  return `<p class="event ${kind}">${escapeHtml(describeEntry(entry, seats))}</p>\n`;
}

/** What closes the page. */
export function htmlFooter(outline: Outline): string {
  const { execution, flags, seats } = outline;
  const sentences = [
    describeEnd(outline),
    describeExecution(execution),
    describeTranslations(outline),
    describeFlags(flags, seats),
  ].filter((one) => one !== '');
  const paragraphs = sentences.map((sentence) => `<p>${escapeHtml(sentence)}</p>`).join('');
  return `<footer class="end">${paragraphs}${usageHtml(outline)}</footer>
</body>
</html>
`;
}

/**
 * Nothing is loaded, and only the two pieces written here run: what slips past the sanitizer is dead.
 * Figures are part of the page, so that it can be mailed.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src '${hashSource(style)}'`,
  `script-src '${hashSource(script)}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

function hashSource(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function turnArticle(entry: Extract<Entry, { type: 'turn' }>, outline: Outline): string {
  const { seats } = outline;
  const { seat, turn, text, meta, control, by, t } = entry;
  const tokens = meta?.usage?.output ? `${formatNumber(meta.usage.output)} tokens` : undefined;
  const facts = [tokens, meta?.ms === undefined ? undefined : formatSeconds(meta.ms)].filter(
    (fact) => fact !== undefined,
  );
  const remarks = [
    describeInherited(entry, outline),
    describeFinish(meta?.finish),
    control && `says /${control}`,
    by && writtenByModerator,
  ].filter((remark) => remark !== undefined);
  const lang = languageTag(seats[seat].lang);
  return [
    `<article class="turn ${seat}" id="turn-${turn}">`,
    `<header><h2>${escapeHtml(nameOf(seats, seat))}</h2><a class="number" href="#turn-${turn}" title="Link to turn ${turn}">${turn}</a>`,
    facts.length === 0 ? '' : `<span>${facts.join(' · ')}</span>`,
    `${timeElement(t, 'time')}</header>`,
    `<div class="words"${lang === undefined ? '' : ` lang="${lang}"`} dir="auto">${wordsToHtml(text)}</div>`,
    ...remarks.map((remark) => `<p class="remark">${escapeHtml(remark)}</p>`),
    `</article>\n`,
  ].join('');
}

function parentLink({ parent }: Outline): string {
  if (!parent) return '';
  const name = escapeHtml(visibleControls(parent.meeting));
  const address = parentAddress(parent, 'transcript.html');
  const link = address === undefined ? name : `<a href="${address}">${name}</a>`;
  return `<p class="kicker">A fork ${describeParent(parent)} ${link}</p>\n`;
}

/** Below the turn: what the other one was told in its place. */
function translationArticle(entry: TranslationEntry, lastTurn: number): string {
  const { seat, text, to, failed } = entry;
  const title = escapeHtml(translationTitle(entry, lastTurn));
  if (failed !== undefined) return `<p class="event ${seat}">${title}</p>\n`;
  const lang = languageTag(to);
  const language = lang === undefined ? '' : ` lang="${lang}"`;
  return `<article class="translation ${seat}"><h3>${title}</h3><div class="words"${language} dir="auto">${wordsToHtml(text)}</div></article>\n`;
}

function seatCard(seat: Seat, outline: Outline, state: 'running' | 'whole'): string {
  const participant = outline.seats[seat];
  const { lang, gender } = participant;
  const model = describeModel(participant);
  const tag = languageTag(lang);
  const letter = /^[fm]/i.exec(gender ?? '')?.[0].toLowerCase();
  const attributes = `${tag === undefined ? '' : ` data-lang="${tag}"`}${letter === undefined ? '' : ` data-gender="${letter}"`}`;
  const totals = state === 'running' ? [] : describeTotals(outline.totals[seat]);
  return [
    `<section class="seat ${seat}"${attributes}>`,
    `<h2>${escapeHtml(nameOf(outline.seats, seat))}</h2>`,
    model === '' ? '' : `<p class="model">${escapeHtml(model)}</p>`,
    lang === undefined ? '' : `<p>${escapeHtml(`Speaks ${languageName(lang)}`)}</p>`,
    totals.length === 0 ? '' : `<ul>${totals.map((fact) => `<li>${fact}</li>`).join('')}</ul>`,
    personaDetails(participant),
    '</section>',
  ].join('');
}

/** A persona is a page or two; the journal has all of it, should it be longer than this. */
const longestPersonaCharacters = 40_000;

function personaDetails({ persona, parameters, seed }: Participant): string {
  const settings = { ...parameters, ...(seed === undefined ? {} : { seed }) };
  const parts = [
    ['Settings', Object.keys(settings).length === 0 ? '' : JSON.stringify(settings, undefined, 2)],
    ['Persona', persona?.text ?? ''],
  ].filter(([, text]) => text !== '');
  return parts
    .map(([title = '', text = '']) => {
      const shown =
        text.length > longestPersonaCharacters ? `${text.slice(0, longestPersonaCharacters)}…` : text;
      return `<details><summary>${title}</summary><pre dir="auto">${escapeHtml(visibleControls(shown))}</pre></details>`;
    })
    .join('');
}

/** What each of the two took, as a table. */
function usageHtml(outline: Outline): string {
  const table = usageTable(outline);
  if (!table) return '';
  const [head = [], ...rows] = usageCells(table);
  const row = (cells: readonly string[], element: 'th' | 'td'): string =>
    `<tr>${cells.map((cell) => `<${element}>${escapeHtml(cell)}</${element}>`).join('')}</tr>`;
  const prices = describePrices(table);
  return [
    `<table class="usage"><thead>${row(head, 'th')}</thead>`,
    `<tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table>`,
    prices === undefined ? '' : `<p>${escapeHtml(prices)}</p>`,
  ].join('');
}

function describeOutcome(outline: Outline): string {
  const { startedAt, endedAt, totals } = outline;
  const facts: string[] = [];
  if (startedAt !== undefined && endedAt !== undefined) {
    facts.push(formatDuration(Date.parse(endedAt) - Date.parse(startedAt)));
  }
  const used = [totals.a.usage, totals.b.usage].filter((usage) => usage !== undefined);
  const tokens = used.reduce((sum, { input, output }) => sum + input + output, 0);
  if (tokens > 0) facts.push(`${formatNumber(tokens)} tokens`);
  const execution = describeExecution(outline.execution);
  if (execution !== '') facts.push(execution);
  const flags = describeFlags(outline.flags, outline.seats);
  if (flags !== '') facts.push(escapeHtml(flags));
  return [`<b>${escapeHtml(describeEnd(outline))}</b>`, ...facts].join(' · ');
}

function timeElement(iso: string, format: 'date' | 'time'): string {
  const date = new Date(iso).toISOString();
  const text = format === 'date' ? formatMoment(iso) : formatTime(iso);
  return `<time datetime="${date}" data-format="${format}">${text}</time>`;
}
