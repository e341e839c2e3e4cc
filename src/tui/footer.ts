import type { Mode } from './keys.ts';
import { canTake } from './keys.ts';
import type { Canvas } from './page.ts';
import type { Line } from './styled-line.ts';
import { accent, dim, plain } from './styled-line.ts';
import type { TriageItem } from './view-model.ts';
import { tie } from './wrap-line.ts';

interface Hint {
  readonly key: string;
  readonly does: string;
  /** Where there is no room the highest goes first; the help lists them all. */
  readonly spare: number;
}

export interface FooterOptions {
  readonly mode: Mode;
  readonly chosen: TriageItem | null;
  /** How many there are. */
  readonly warnings: number;
  readonly closing: boolean;
  /** Lines it may take. */
  readonly lines: number;
}

/** The keys that do something here, as many as fit; keys that would do nothing are left out. */
export function footerLines(options: FooterOptions, canvas: Canvas): readonly Line[] {
  let hints = [...moveHints(options), ...decisionHints(options), ...commonHints(options)];
  let lines = hintLines(hints, canvas);
  while (lines.length > options.lines && hints.length > 1) {
    const sparest = Math.max(...hints.map((hint) => hint.spare));
    hints = hints.filter((hint) => hint.spare !== sparest);
    lines = hintLines(hints, canvas);
  }
  return lines.slice(0, options.lines);
}

function hintLines(hints: readonly Hint[], canvas: Canvas): readonly Line[] {
  return canvas.wrap(
    hints.flatMap(({ key, does }, index): Line => [
      ...(index === 0 ? [] : [plain('  ')]),
      accent(key),
      dim(`${tie}${does}`),
    ]),
  );
}

function moveHints(options: FooterOptions): readonly Hint[] {
  const scroll = { key: '↑↓', does: 'scroll', spare: 7 };
  const back = { key: 'esc', does: 'back', spare: 2 };
  if (options.closing) return [{ key: '⏎', does: 'leave', spare: 0 }];
  if (options.mode === 'detail') return [scroll, { key: 'tab', does: 'section', spare: 6 }, back];
  if (options.mode !== 'list') return [scroll, back];
  if (options.chosen === null) return [];
  return [
    { key: '↑↓', does: 'select', spare: 7 },
    { key: '⏎', does: 'open', spare: 4 },
  ];
}

function decisionHints(options: FooterOptions): readonly Hint[] {
  const remediation = options.chosen?.remediation ?? null;
  const reading = options.mode === 'help' || options.mode === 'warnings';
  if (remediation === null || options.closing || reading) return [];
  return [
    ...(canTake(remediation, 'approve') ? [{ key: 'a', does: 'approve', spare: 0 }] : []),
    ...(canTake(remediation, 'reject') ? [{ key: 'r', does: 'reject', spare: 0 }] : []),
    ...(canTake(remediation, 'revert') ? [{ key: 'u', does: 'undo', spare: 0 }] : []),
  ];
}

function commonHints(options: FooterOptions): readonly Hint[] {
  const unread = options.warnings > 0 && options.mode !== 'warnings';
  return [
    ...(options.closing ? [] : [{ key: 'f', does: 'refresh', spare: 8 }]),
    { key: 'e', does: 'export', spare: 9 },
    ...(unread ? [{ key: 'w', does: 'warnings', spare: 5 }] : []),
    ...(options.closing ? [] : [{ key: '?', does: 'help', spare: 1 }]),
    { key: 'q', does: 'quit', spare: 3 },
  ];
}
