import { cellWidth } from './cell-width.ts';

/** What a piece of text means; the painter turns it into a colour, and nothing is said by colour alone. */
export type Tone =
  'plain' | 'strong' | 'dim' | 'good' | 'warn' | 'bad' | 'accent' | 'chosen' | 'sandbox' | 'suspended';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of the screen. */
export type Line = readonly Span[];

const tone =
  (name: Tone) =>
  (text: string): Span => ({ text, tone: name });

export const plain = tone('plain');
export const strong = tone('strong');
export const dim = tone('dim');
export const good = tone('good');
export const warn = tone('warn');
export const bad = tone('bad');
export const accent = tone('accent');
export const toned = (name: Tone, text: string): Span => ({ text, tone: name });

/** Cells a line takes on the screen. */
export function lineWidth(line: Line): number {
  return line.reduce((sum, span) => sum + cellWidth(span.text), 0);
}

/** The line without its tones. */
export function lineText(line: Line): string {
  return line.map((span) => span.text).join('');
}

/** Left text, right text, and blanks between so that they fill `width`; at least one blank. */
export function spread(options: { readonly left: Line; readonly right: Line; readonly width: number }): Line {
  const gap = options.width - lineWidth(options.left) - lineWidth(options.right);
  return [...options.left, plain(' '.repeat(Math.max(1, gap))), ...options.right];
}
