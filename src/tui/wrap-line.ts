import { cellWidth, graphemeWidth, splitGraphemes } from './cell-width.ts';
import type { Line, Span } from './styled-line.ts';
import { lineWidth, plain } from './styled-line.ts';

/** A blank at which a line is not broken; shown as a plain blank. */
export const tie = '\u00a0';

/**
 * Breaks spans into lines of at most `width` cells, at blanks where there are some and inside a word where there are
 * none; nothing is left out. Lines after the first start with `hanging` blanks.
 */
export function wrapSpans(
  spans: Line,
  options: { readonly width: number; readonly hanging?: number },
): readonly Line[] {
  const width = Math.max(1, options.width);
  const hanging = Math.min(options.hanging ?? 0, Math.max(0, width - 8));
  const indent = hanging > 0 ? [plain(' '.repeat(hanging))] : [];
  const lines: Span[][] = [[]];
  let used = 0;
  for (const word of words(spans, width - hanging)) {
    const size = lineWidth(word);
    const broken = used + size > width;
    if (broken) {
      lines.push([...indent]);
      used = hanging;
    }
    if (isBlank(word) && (broken || (lines.length > 1 && used === hanging))) continue;
    lines.at(-1)?.push(...word);
    used += size;
  }
  return lines.map((line) => joinTones(trimEnd(line)));
}

/** Cuts a line to `width` cells and ends it with `mark`; only for rows whose full text stands elsewhere. */
export function truncateLine(line: Line, options: { readonly width: number; readonly mark: string }): Line {
  if (lineWidth(line) <= options.width) return line;
  const room = Math.max(0, options.width - cellWidth(options.mark));
  const kept: Span[] = [];
  let used = 0;
  for (const span of line) {
    const head = takeCells(span.text, room - used);
    kept.push({ ...span, text: head });
    used += cellWidth(head);
    if (head !== span.text) break;
  }
  return [...kept, plain(options.mark)];
}

/** The longest start of the text that fits into `cells`. */
export function takeCells(text: string, cells: number): string {
  let used = 0;
  let taken = '';
  for (const grapheme of splitGraphemes(text)) {
    used += graphemeWidth(grapheme);
    if (used > cells) break;
    taken += grapheme;
  }
  return taken;
}

/** Words and blanks in turn; a word may run over several spans, and one wider than a line comes in pieces that fit. */
function words(spans: Line, width: number): readonly Line[] {
  const found: Span[][] = [];
  let open: Span[] | null = null;
  for (const part of spans.flatMap(splitAtBlanks)) {
    const blank = part.text.startsWith(' ');
    if (open === null || blank) found.push((open = [part]));
    else open.push(part);
    if (blank) open = null;
  }
  return found.flatMap((word) => (lineWidth(word) <= width ? [word] : chop(word, width)));
}

function splitAtBlanks(span: Span): readonly Span[] {
  return span.text
    .split(/( +)/u)
    .filter((part) => part !== '')
    .map((part) => ({ ...span, text: part }));
}

function chop(word: Line, width: number): readonly Line[] {
  const parts: Span[][] = [[]];
  let used = 0;
  for (const span of word) {
    for (const grapheme of splitGraphemes(span.text)) {
      const size = graphemeWidth(grapheme);
      if (used + size > width && used > 0) {
        parts.push([]);
        used = 0;
      }
      parts.at(-1)?.push({ ...span, text: grapheme });
      used += size;
    }
  }
  return parts;
}

const isBlank = (word: Line) => word.every((span) => span.text.trim() === '' && !span.text.includes(tie));

function trimEnd(line: Line): Line {
  const last = line.at(-1);
  if (last === undefined || line.length === 1) return line;
  return isBlank([last]) ? trimEnd(line.slice(0, -1)) : line;
}

function joinTones(line: Line): Line {
  const joined: Span[] = [];
  for (const { text, tone } of line) {
    const shown = text.replaceAll(tie, ' ');
    const last = joined.at(-1);
    if (last?.tone === tone) joined[joined.length - 1] = { tone, text: last.text + shown };
    else joined.push({ tone, text: shown });
  }
  return joined;
}
