import type { ActionContext, Expectation } from './action.ts';
import type { Change } from './change.ts';
import { changeKey } from './change.ts';
import { factNames } from './fact.ts';
import { onReading } from './gateway-rows.ts';
import { fails, holds } from './precondition.ts';
import type { Check } from './precondition.ts';
import { shownNumber } from './shown-number.ts';
import { relativeTolerancePercent } from './verification.ts';

/** A team or a key, as the change targets name them. */
export interface LimitOwner {
  readonly kind: 'team' | 'key';
  readonly id: string;
}

interface Limits {
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
}

/** An integer raised by this many per cent, rounded down so that the bound is never passed. */
export function raisedLimit(from: number, percent: number): number {
  return Math.floor((from * (100 + percent)) / 100);
}

/** An integer lowered by this many per cent, rounded up and at least 1: throttled, never shut. */
export function loweredLimit(from: number, percent: number): number {
  return Math.max(1, Math.ceil((from * (100 - percent)) / 100));
}

/** USD raised by this many per cent, rounded down to cents. */
export function raisedBudget(from: number, percent: number): number {
  return Math.floor(from * (100 + percent)) / 100;
}

/** The changes of the limits that are set and that `next` really moves in the wanted direction. */
export function limitChanges(
  owner: LimitOwner,
  limits: Limits,
  step: { readonly direction: 'up' | 'down'; readonly percent: number },
): readonly Change[] {
  const next = step.direction === 'up' ? raisedLimit : loweredLimit;
  const fields = [
    { field: 'rpm_limit', from: limits.rpmLimit },
    { field: 'tpm_limit', from: limits.tpmLimit },
  ] as const;
  return fields.flatMap(({ field, from }) => {
    if (from === null) return [];
    const to = next(from, step.percent);
    const moves = step.direction === 'up' ? to > from : to < from;
    return moves ? [ownerChange(owner, { field, from, to })] : [];
  });
}

/** A numeric change of a team or key. */
export function ownerChange(
  owner: LimitOwner,
  change: {
    readonly field: 'rpm_limit' | 'tpm_limit' | 'max_budget';
    readonly from: number;
    readonly to: number;
  },
): Change {
  return owner.kind === 'team'
    ? { target: `litellm:team/${owner.id}`, ...change }
    : { target: `litellm:key/${owner.id}`, ...change };
}

/**
 * Whether every `to` stays within the action's largest percentage of the value before our first remediation of it in
 * 24 h that is not undone, so that repeating an action does not compound (no 1.5ⁿ).
 */
export function withinPercentOfOriginal(
  context: Pick<ActionContext, 'evidence'>,
  changes: readonly Change[],
  bound: { readonly direction: 'up' | 'down'; readonly percentMax: number },
): Check {
  return onReading(context.evidence, 'own.original_values', (originals) => {
    const said: string[] = [];
    for (const change of changes) {
      const key = changeKey(change);
      const base = Object.hasOwn(originals, key) ? originals[key] : change.from;
      if (typeof base !== 'number' || typeof change.to !== 'number')
        return fails(`${change.field} had no number 24 h ago to measure against`);
      const line = `${change.field} to ${shownNumber(change.to)}, ${bound.percentMax} % bound of ${shownNumber(base)}`;
      if (!isWithin(change.to, base, bound)) return fails(`${line} is passed`);
      said.push(line);
    }
    return said.length === 0 ? fails('nothing would change') : holds(said.join('; '));
  });
}

/**
 * LiteLLM counts nobody whom a limit or a cap turned away, so the stored value, read from the tables and not from the
 * write's echo, is the signal. null when it moves too little for `verification.ts` to tell.
 */
export function storedValueExpectation(
  holder: { readonly kind: 'team' | 'org' | 'key'; readonly id: string },
  changes: readonly Change[],
  better: Expectation['better'],
): Expectation | null {
  const moved = changes.find(isMeasurable);
  const fact = factNames.find((name) => name === `${holder.kind}.${moved?.field}`);
  if (fact === undefined) return null;
  return { fact, subjects: [holder.id], better, settleSeconds: 30, deadlineSeconds: 120 };
}

function isMeasurable({ from, to }: Change): boolean {
  if (typeof from !== 'number' || typeof to !== 'number') return false;
  return Math.abs(to - from) * 100 >= from * relativeTolerancePercent;
}

function isWithin(
  to: number,
  base: number,
  bound: { readonly direction: 'up' | 'down'; readonly percentMax: number },
): boolean {
  return bound.direction === 'up'
    ? to * 100 <= base * (100 + bound.percentMax)
    : to * 100 >= base * (100 - bound.percentMax);
}
