import { incidentId } from '../core/incident.ts';
import { countdown, msUntil } from './durations.ts';
import type { Canvas } from './page.ts';
import { isWide } from './page.ts';
import { scoreTone } from './risk-drawing.ts';
import type { Standing } from './sentences.ts';
import { incidentStanding, scopeText, statusStanding } from './sentences.ts';
import { hundredths, shown } from './shown-value.ts';
import type { Line } from './styled-line.ts';
import { accent, dim, lineWidth, plain, spread, strong, toned, warn } from './styled-line.ts';
import type { TriageItem } from './view-model.ts';
import { truncateLine } from './wrap-line.ts';

const columns = { risk: 6, standing: 14, left: 11 };

export interface ListOptions {
  readonly items: readonly TriageItem[];
  readonly chosen: TriageItem | null;
  readonly now: string;
  /** Lines the list may take, its heading included; at least 2. */
  readonly rows: number;
}

/** Lines one incident takes on this canvas. */
export function linesPerItem(canvas: Canvas): number {
  return isWide(canvas) ? 1 : 2;
}

/** Heading and as many incidents as fit, always with the chosen one among them. */
export function listLines(options: ListOptions, canvas: Canvas): readonly Line[] {
  const { items, chosen, rows } = options;
  const visible = Math.max(1, Math.floor((rows - 1) / linesPerItem(canvas)));
  const index = Math.max(
    0,
    items.findIndex((item) => item === chosen),
  );
  const first = Math.max(0, Math.min(index - Math.floor(visible / 2), items.length - visible));
  const shownItems = items.slice(first, first + visible);
  const count =
    shownItems.length === items.length
      ? `${items.length} open`
      : `${first + 1}–${first + shownItems.length} of ${items.length} open`;
  const rowOf = (item: TriageItem) => itemLines(item, { chosen: item === chosen, now: options.now }, canvas);
  return [listHead(count, canvas), ...shownItems.flatMap(rowOf)];
}

function listHead(count: string, canvas: Canvas): Line {
  const left = canvas.say([dim(`  incidents: ${count}`)]);
  if (linesPerItem(canvas) > 1) return left;
  const right = `${'risk'.padStart(columns.risk)}  ${'status'.padEnd(columns.standing)}${'left'.padStart(columns.left)}`;
  return spread({ left, right: [dim(right)], width: canvas.width });
}

interface RowOptions {
  readonly chosen: boolean;
  readonly now: string;
}

function itemLines(item: TriageItem, options: RowOptions, canvas: Canvas): readonly Line[] {
  const pointer = options.chosen ? accent(`${canvas.glyphs.pointer} `) : plain('  ');
  const name = options.chosen ? strong : plain;
  const what: Line = [
    pointer,
    name(`${incidentId(item.incident.number)}  ${scopeText(item.incident)}`),
    plain(`  ${item.incident.kind}`),
  ];
  const { width, glyphs } = canvas;
  if (linesPerItem(canvas) === 1) {
    const right = wideColumns(item, options.now);
    const room = width - lineWidth(right) - 1;
    const left = truncateLine(canvas.say(what), { width: room, mark: glyphs.cut });
    return [spread({ left, right, width })];
  }
  const first = truncateLine(canvas.say(what), { width, mark: glyphs.cut });
  return [
    first,
    truncateLine([plain('    '), ...narrowParts(item, options.now)], { width, mark: glyphs.cut }),
  ];
}

function wideColumns(item: TriageItem, now: string): Line {
  const standing = standingOf(item);
  return [
    riskSpan(item, columns.risk),
    plain('  '),
    toned(standing.tone, standing.word),
    plain(' '.repeat(Math.max(0, columns.standing - standing.word.length))),
    plain(leftText(item, now).padStart(columns.left)),
  ];
}

function narrowParts(item: TriageItem, now: string): Line {
  const standing = standingOf(item);
  const left = leftText(item, now);
  return [
    toned(standing.tone, standing.word),
    plain('  '),
    riskSpan(item, 0),
    ...(left === '' ? [] : [plain(`  ${left}`)]),
  ];
}

/** Where an item stands, in the operator's words. */
export function standingOf(item: TriageItem): Standing {
  return item.remediation === null
    ? incidentStanding(item.incident)
    : statusStanding(item.remediation.status);
}

function riskSpan(item: TriageItem, width: number) {
  const risk = item.remediation?.document.risk;
  return risk === undefined
    ? dim('-'.padStart(width))
    : toned(scoreTone(risk), hundredths(risk.score).padStart(width));
}

/** `9:12` until an approval expires, `undo 4:33` until the inverse fires. */
export function leftText(item: TriageItem, now: string): string {
  const { remediation } = item;
  if (remediation === null) return '';
  if (remediation.status === 'pending_approval') return countdown(msUntil(remediation.expiresAt, now));
  const { execution } = remediation;
  if (execution === null || execution.revertAt === null || execution.revertedAt !== null) return '';
  return `undo ${countdown(msUntil(execution.revertAt, now))}`;
}

/** Up to two lines of warnings; how many more there are is said. */
export function warningLines(warnings: readonly string[], canvas: Canvas): readonly Line[] {
  if (warnings[0] === undefined) return [];
  const first = shown(warnings[0]);
  const more = warnings.length === 1 ? '' : `  (w: all ${warnings.length} warnings)`;
  const wrapped = canvas.wrap([warn(`! ${first}`), dim(more)], { hanging: 2 });
  if (wrapped.length <= 2) return wrapped;
  const cut = canvas.say([warn(`! ${first}`)]);
  const mark = `${canvas.glyphs.cut} (w: read all)`;
  return [truncateLine(cut, { width: canvas.width, mark })];
}
