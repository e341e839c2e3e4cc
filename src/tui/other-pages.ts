import { clockTime } from './durations.ts';
import type { Block } from './page.ts';
import { field, gap, item, section, text } from './page.ts';
import { shown } from './shown-value.ts';
import { accent, dim, good, plain, strong, warn } from './styled-line.ts';
import type { Closing, TriageViewState } from './view-model.ts';

/** Keys, signs and words. */
export const helpPage: readonly Block[] = [
  section('glance', 'Keys'),
  field('↑ ↓ or k j', plain('choose an incident; in an opened one, scroll')),
  field('enter', plain('open the chosen incident, or go back to the list')),
  field('tab', plain('next section; shift-tab the one before')),
  field('page keys', plain('scroll the lower part; space, g and G work too')),
  field('a', plain('approve: shows it afresh and asks for its code; this key alone runs nothing')),
  field('r', plain('reject, with a reason')),
  field('u', plain('undo what was applied, through its stored inverse')),
  field('f', plain('refresh: a new dry run')),
  field('e', plain('export the audit trail')),
  field('w', plain('read all warnings')),
  field('q, ctrl-c', plain('leave; nothing that runs is stopped by it')),
  gap,
  section('glance', 'Words'),
  field('risk', plain('0 to 100: four weighted components and the baseline of the action')),
  field('τ', plain('the threshold; a score above it always asks a person')),
  field('gate', plain('decides whether it may run by itself; reasons are absolute, no score outweighs one')),
  field('must', plain('a check that refuses even an approved run when it does not hold')),
  field('should', plain('a check that makes the gate ask when it does not hold')),
  field('undo', plain('the exact inverse of the changes, stored before they are made')),
  field('unverified', plain('words of a model; nothing here was decided by them')),
];

/** Every warning in full. */
export function warningsPage(warnings: readonly string[]): readonly Block[] {
  return [
    section('glance', `Warnings: ${warnings.length}`),
    ...(warnings.length === 0
      ? [text(dim('none'))]
      : warnings.map((line) => item(warn('!'), plain(shown(line))))),
  ];
}

/** What there is to see while nothing is open. */
export function emptyPage(state: TriageViewState, now: string): readonly Block[] {
  if (state.loading !== null) return [section('glance', 'Starting'), text(dim('nothing to show yet'))];
  return [
    section('glance', 'All quiet'),
    text(good('No open incident.')),
    text(plain(`Checked at ${clockTime(state.now)} UTC; it is ${clockTime(now)} UTC now.`)),
  ];
}

/** The last screen of a demo. */
export function closingPage(closing: Closing): readonly Block[] {
  return [
    section('glance', shown(closing.title)),
    ...closing.lines.map((line) => text(plain(shown(line)))),
    ...(closing.next.length === 0 ? [] : [gap, section('glance', 'Next')]),
    ...closing.next.flatMap(({ command, does }) => [
      text(accent(shown(command))),
      text(strong('  '), dim(shown(does))),
    ]),
  ];
}
