import type { Glyphs } from './glyphs.ts';
import { asciiText, glyphsFor } from './glyphs.ts';
import type { Line, Span } from './styled-line.ts';
import { dim, lineWidth, plain, strong } from './styled-line.ts';
import { wrapSpans } from './wrap-line.ts';

/** The parts of a page that tab leads to. */
export type SectionId =
  | 'glance'
  | 'run'
  | 'changes'
  | 'undo'
  | 'touches'
  | 'risk'
  | 'checks'
  | 'gate'
  | 'evidence'
  | 'record'
  | 'prose';

/** What a drawing has to work with. */
export interface Canvas {
  /** Cells between the margins. */
  readonly width: number;
  readonly glyphs: Glyphs;
  /** The line in what the screen can show; before anything is measured. */
  readonly say: (line: Line) => Line;
  /** `say`, then broken to the canvas (or to `width`), later lines with `hanging` blanks before them. */
  readonly wrap: (
    line: Line,
    options?: { readonly width?: number; readonly hanging?: number },
  ) => readonly Line[];
}

/** A piece of a page, before it is broken into lines. */
export type Block =
  | { readonly kind: 'section'; readonly id: SectionId; readonly title: string; readonly aside: Line }
  | { readonly kind: 'field'; readonly label: string; readonly value: Line }
  | { readonly kind: 'item'; readonly mark: Span; readonly value: Line }
  | { readonly kind: 'text'; readonly value: Line; readonly hanging: number }
  | { readonly kind: 'drawing'; readonly draw: (canvas: Canvas) => readonly Line[] }
  | { readonly kind: 'gap' };

export const section = (id: SectionId, title: string, aside: Line = []): Block => ({
  kind: 'section',
  id,
  title,
  aside,
});
export const field = (label: string, ...value: Line): Block => ({ kind: 'field', label, value });
export const item = (mark: Span, ...value: Line): Block => ({ kind: 'item', mark, value });
export const text = (...value: Line): Block => ({ kind: 'text', value, hanging: 0 });
export const hangingText = (hanging: number, ...value: Line): Block => ({ kind: 'text', value, hanging });
export const drawing = (draw: (canvas: Canvas) => readonly Line[]): Block => ({ kind: 'drawing', draw });
export const gap: Block = { kind: 'gap' };

export interface PageSection {
  readonly id: SectionId;
  readonly title: string;
  /** Index of its first line. */
  readonly at: number;
}

/** A page broken into lines that fit; nothing of the blocks is left out. */
export interface Page {
  readonly lines: readonly Line[];
  readonly sections: readonly PageSection[];
}

const margin = 1;
const widest = 110;

/** A canvas for a screen: margins of one cell, and no wider than people read well. */
export function canvasFor(screen: { readonly columns: number; readonly unicode: boolean }): Canvas {
  const width = Math.max(16, Math.min(widest, screen.columns) - 2 * margin);
  const say = (line: Line): Line =>
    screen.unicode ? line : line.map((span) => ({ ...span, text: asciiText(span.text) }));
  return {
    width,
    glyphs: glyphsFor(screen),
    say,
    wrap: (line, options = {}) => wrapSpans(say(line), { width, ...options }),
  };
}

/** Breaks blocks into lines of at most `columns` cells, margins included. */
export function layoutPage(
  blocks: readonly Block[],
  screen: { readonly columns: number; readonly unicode: boolean },
): Page {
  const canvas = canvasFor(screen);
  const lines: Line[] = [];
  const sections: PageSection[] = [];
  for (const block of blocks) {
    if (block.kind === 'section') sections.push({ id: block.id, title: block.title, at: lines.length });
    lines.push(
      ...layoutBlock(block, canvas)
        .flatMap((line) => fitted(line, canvas))
        .map(indentLine),
    );
  }
  return { lines, sections };
}

/** Drawings have a least width; where the screen is narrower still they are broken like text. */
function fitted(line: Line, canvas: Canvas): readonly Line[] {
  return lineWidth(line) <= canvas.width ? [line] : wrapSpans(line, { width: canvas.width });
}

/** The line behind the left margin. */
export function indentLine(line: Line): Line {
  return line.length === 0 ? line : [plain(' '.repeat(margin)), ...line];
}

function layoutBlock(block: Block, canvas: Canvas): readonly Line[] {
  switch (block.kind) {
    case 'section':
      return headingLines(block.title, block.aside, canvas);
    case 'field':
      return fieldLines(block.label, block.value, canvas);
    case 'item':
      return itemLines(block.mark, block.value, canvas);
    case 'text':
      return canvas.wrap(block.value, { hanging: block.hanging });
    case 'drawing':
      return block.draw(canvas);
    case 'gap':
      return [[]];
    default:
      return block satisfies never;
  }
}

/** Title, rule and aside on one line; an aside that does not fit goes below. */
export function headingLines(title: string, aside: Line, canvas: Canvas): readonly Line[] {
  const { rule } = canvas.glyphs;
  const head = canvas.say([dim(`${rule}${rule} `), strong(title), plain(' ')]);
  if (lineWidth(head) > canvas.width)
    return [...canvas.wrap([strong(title)]), ...(aside.length === 0 ? [] : canvas.wrap(aside))];
  const tail = canvas.say(aside);
  const room = canvas.width - lineWidth(head) - (tail.length === 0 ? 0 : lineWidth(tail) + 1);
  if (room >= 3 || tail.length === 0)
    return [
      [...head, dim(rule.repeat(Math.max(0, room))), ...(tail.length === 0 ? [] : [plain(' '), ...tail])],
    ];
  const full = canvas.width - lineWidth(head);
  return [[...head, dim(rule.repeat(Math.max(0, full)))], ...canvas.wrap(aside)];
}

/** True where columns stand side by side; below each other otherwise. */
export function isWide(canvas: Pick<Canvas, 'width'>): boolean {
  return canvas.width >= 64;
}

/** Width of the label column. */
export function labelColumn(canvas: Canvas): number {
  return isWide(canvas) ? 13 : 10;
}

function fieldLines(label: string, value: Line, canvas: Canvas): readonly Line[] {
  const column = labelColumn(canvas);
  if (label.length < column) return canvas.wrap([dim(label.padEnd(column)), ...value], { hanging: column });
  const below = canvas.wrap(value, { width: canvas.width - 2 });
  return [...canvas.wrap([dim(label)]), ...below.map((line) => [plain('  '), ...line])];
}

function itemLines(mark: Span, value: Line, canvas: Canvas): readonly Line[] {
  const head = canvas.say([mark]);
  return canvas.wrap([...head, plain(' '), ...value], { hanging: lineWidth(head) + 1 });
}
