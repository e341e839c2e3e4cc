import type { Remediation, RemediationStatus } from '../core/remediation.ts';
import { incidentId } from '../core/incident.ts';
import type { TriageIntent, TriageItem } from './view-model.ts';

export type Mode = 'list' | 'detail' | 'help' | 'warnings';

/** What the operator has chosen on the screen; never policy. */
export interface UiState {
  readonly mode: Mode;
  /** Number of the chosen incident, so that a refreshed list cannot swap it under the cursor. */
  readonly chosen: number | null;
  /** First visible line of the scrolled region. */
  readonly scroll: number;
  /** Why the last key did nothing. */
  readonly message: string | null;
}

export const startUi: UiState = { mode: 'list', chosen: null, scroll: 0, message: null };

export type NamedKey =
  | 'up'
  | 'down'
  | 'pageUp'
  | 'pageDown'
  | 'home'
  | 'end'
  | 'enter'
  | 'escape'
  | 'tab'
  | 'backTab'
  | 'interrupt';
export type Key = { readonly named: NamedKey } | { readonly typed: string };

/** What a key acts on: the items, and the scrolled region as it is drawn now. */
export interface KeyContext {
  readonly items: readonly TriageItem[];
  readonly lines: number;
  readonly rows: number;
  /** First line of each section, rising. */
  readonly sections: readonly number[];
  readonly closing: boolean;
}

export interface KeyResult {
  readonly ui: UiState;
  readonly intent: TriageIntent | null;
}

/** The item the cursor is on; the first when nothing, or something that is gone, was chosen. */
export function chosenItem(ui: UiState, items: readonly TriageItem[]): TriageItem | null {
  return items.find((item) => item.incident.number === ui.chosen) ?? items[0] ?? null;
}

/** One key: the next state of the screen, or what the operator asked for. */
export function pressKey(ui: UiState, key: Key, context: KeyContext): KeyResult {
  const calm = { ...ui, message: null };
  if ('typed' in key) return typedKey(calm, key.typed, context);
  switch (key.named) {
    case 'interrupt':
      return { ui, intent: { kind: 'interrupted' } };
    case 'up':
      return stay(ui.mode === 'list' ? choose(calm, -1, context) : scrollBy(calm, -1, context));
    case 'down':
      return stay(ui.mode === 'list' ? choose(calm, 1, context) : scrollBy(calm, 1, context));
    case 'pageUp':
      return stay(scrollBy(calm, -pageStep(context), context));
    case 'pageDown':
      return stay(scrollBy(calm, pageStep(context), context));
    case 'home':
      return stay({ ...calm, scroll: 0 });
    case 'end':
      return stay(scrollBy(calm, context.lines, context));
    case 'tab':
      return stay(nextSection(calm, context));
    case 'backTab':
      return stay(previousSection(calm, context));
    case 'enter':
      return enter(calm, context);
    case 'escape':
      return stay(ui.mode === 'list' ? calm : { ...calm, mode: 'list', scroll: 0 });
    default:
      return key.named satisfies never;
  }
}

const stay = (ui: UiState): KeyResult => ({ ui, intent: null });
const ask = (ui: UiState, intent: TriageIntent): KeyResult => ({ ui, intent });
const pageStep = (context: KeyContext) => Math.max(1, context.rows - 1);

function typedKey(ui: UiState, typed: string, context: KeyContext): KeyResult {
  switch (typed) {
    case 'j':
      return pressKey(ui, { named: 'down' }, context);
    case 'k':
      return pressKey(ui, { named: 'up' }, context);
    case ' ':
      return pressKey(ui, { named: 'pageDown' }, context);
    case 'g':
      return pressKey(ui, { named: 'home' }, context);
    case 'G':
      return pressKey(ui, { named: 'end' }, context);
    case '?':
      return stay(toggle(ui, 'help'));
    case 'w':
      return stay(toggle(ui, 'warnings'));
    case 'q':
      return ask(ui, { kind: 'quit' });
    case 'e':
      return ask(ui, { kind: 'export' });
    case 'f':
      return ask(ui, { kind: 'refresh', ...remediationOf(ui, context) });
    case 'a':
      return decide(ui, 'approve', context);
    case 'r':
      return decide(ui, 'reject', context);
    case 'u':
      return decide(ui, 'revert', context);
    default:
      return stay(ui);
  }
}

function enter(ui: UiState, context: KeyContext): KeyResult {
  if (context.closing) return ask(ui, { kind: 'quit' });
  if (ui.mode === 'list' && context.items.length > 0) return stay({ ...ui, mode: 'detail', scroll: 0 });
  return stay(ui.mode === 'list' ? ui : { ...ui, mode: 'list', scroll: 0 });
}

function toggle(ui: UiState, mode: Mode): UiState {
  return { ...ui, mode: ui.mode === mode ? 'list' : mode, scroll: 0 };
}

function choose(ui: UiState, step: number, context: KeyContext): UiState {
  const current = chosenItem(ui, context.items);
  const index = context.items.findIndex((item) => item === current);
  const next = context.items[Math.min(context.items.length - 1, Math.max(0, index + step))];
  if (next === undefined || next === current) return ui;
  return { ...ui, chosen: next.incident.number, scroll: 0 };
}

/** The scroll position that shows the last line at the bottom. */
export function lastScroll(context: Pick<KeyContext, 'lines' | 'rows'>): number {
  return Math.max(0, context.lines - context.rows);
}

function scrollBy(ui: UiState, step: number, context: KeyContext): UiState {
  const from = Math.min(ui.scroll, lastScroll(context));
  return { ...ui, scroll: Math.min(lastScroll(context), Math.max(0, from + step)) };
}

function nextSection(ui: UiState, context: KeyContext): UiState {
  const next = context.sections.find((at) => at > ui.scroll);
  return next === undefined || ui.scroll >= lastScroll(context)
    ? { ...ui, scroll: 0 }
    : scrollBy({ ...ui, scroll: 0 }, next, context);
}

function previousSection(ui: UiState, context: KeyContext): UiState {
  const from = Math.min(ui.scroll, lastScroll(context));
  const before = context.sections.findLast((at) => at < from);
  return scrollBy({ ...ui, scroll: 0 }, before ?? context.lines, context);
}

function remediationOf(ui: UiState, context: KeyContext): { readonly remediationId?: number } {
  const remediation = chosenItem(ui, context.items)?.remediation ?? null;
  return remediation === null ? {} : { remediationId: remediation.id };
}

type Decision = 'approve' | 'reject' | 'revert';

/** Hands the wish on when the status can take it; whether it is allowed is decided elsewhere. */
function decide(ui: UiState, kind: Decision, context: KeyContext): KeyResult {
  const item = chosenItem(ui, context.items);
  if (item === null || context.closing)
    return stay({ ...ui, message: 'there is no incident to decide about' });
  const { remediation } = item;
  if (remediation === null)
    return stay({ ...ui, message: `nothing is proposed for ${incidentId(item.incident.number)}` });
  if (canTake(remediation, kind)) return ask(ui, { kind, remediationId: remediation.id });
  return stay({ ...ui, message: refusal(remediation, kind) });
}

/** Statuses in which there is something to undo. */
const undoable: readonly RemediationStatus[] = ['applied', 'verified'];

/** True when this wish makes sense in this status. */
export function canTake(remediation: Remediation, kind: Decision): boolean {
  return kind === 'revert'
    ? undoable.includes(remediation.status)
    : remediation.status === 'pending_approval';
}

function refusal(remediation: Remediation, kind: Decision): string {
  if (remediation.status === 'needs_human')
    return `#${remediation.id} needs a person to look: settle it with scutum-sre resolve ${remediation.id}`;
  const status = remediation.status.replaceAll('_', ' ');
  if (kind === 'revert') return `#${remediation.id} is ${status}: there is nothing to undo`;
  return `#${remediation.id} is ${status}: there is nothing to ${kind}`;
}
