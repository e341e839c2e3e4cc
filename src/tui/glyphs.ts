import type { Verdict } from '../core/precondition.ts';
import type { ProgressState } from './view-model.ts';

/** The signs the screens draw with; the ASCII set serves dumb terminals and locales that are not UTF-8. */
export interface Glyphs {
  readonly verdict: Readonly<Record<Verdict, string>>;
  readonly progress: Readonly<Record<ProgressState, string>>;
  readonly pointer: string;
  readonly rule: string;
  readonly filled: string;
  readonly empty: string;
  readonly tick: string;
  readonly edgeLeft: string;
  readonly edgeRight: string;
  readonly cut: string;
  readonly up: string;
  readonly down: string;
  /** From lowest to highest. */
  readonly spark: readonly string[];
  readonly spinner: readonly string[];
}

const unicodeGlyphs: Glyphs = {
  verdict: { holds: '✓', fails: '✗', unknown: '?' },
  progress: { done: '✓', doing: '●', todo: '○', failed: '✗' },
  pointer: '▸',
  rule: '─',
  filled: '█',
  empty: '░',
  tick: '┃',
  edgeLeft: '▕',
  edgeRight: '▏',
  cut: '…',
  up: '↑',
  down: '↓',
  spark: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  spinner: ['⠋', '⠙', '⠸', '⠴', '⠦', '⠇'],
};

const asciiGlyphs: Glyphs = {
  verdict: { holds: 'ok', fails: 'NO', unknown: '??' },
  progress: { done: 'ok', doing: '>>', todo: '..', failed: 'NO' },
  pointer: '>',
  rule: '-',
  filled: '#',
  empty: '.',
  tick: '|',
  edgeLeft: '[',
  edgeRight: ']',
  cut: '~',
  up: '^',
  down: 'v',
  spark: ['_', '.', '-', '=', '+', '*', '%', '#'],
  spinner: ['|', '/', '-', '\\'],
};

/** The sign set for a screen. */
export function glyphsFor(screen: { readonly unicode: boolean }): Glyphs {
  return screen.unicode ? unicodeGlyphs : asciiGlyphs;
}

const asciiWords: Readonly<Record<string, string>> = {
  '→': '->',
  τ: 'tau',
  '·': '-',
  '×': 'x',
  '–': '-',
  '—': '-',
  '…': '...',
  '≤': '<=',
  '≥': '>=',
  '↑': '^',
  '↓': 'v',
  '✓': 'ok',
  '✗': 'NO',
  '⏎': 'enter',
};

/** Only ASCII (and ties): our own signs become words, any other character becomes `\u{…}`. */
export function asciiText(text: string): string {
  return text.replace(
    /[^\x20-\x7e\u00a0]/gu,
    (character) =>
      asciiWords[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
  );
}

/**
 * True when the terminal can be trusted with more than ASCII: `TERM` is not `dumb`, and the first set of LC_ALL,
 * LC_CTYPE and LANG names UTF-8.
 */
export function supportsUnicode(environment: Readonly<Record<string, string | undefined>>): boolean {
  if (environment['TERM'] === 'dumb') return false;
  const locale = [environment['LC_ALL'], environment['LC_CTYPE'], environment['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return /utf-?8/iu.test(locale ?? '');
}
