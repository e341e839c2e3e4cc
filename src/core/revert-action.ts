import { defineAction, type ActionDefinition } from './action.ts';
import { canonicalJson } from './audit/canonical-json.ts';
import { changeKey, invertChanges, type Change } from './change.ts';
import type { JsonValue } from './json.ts';
import { liveValue } from './live-value.ts';
import { fails, holds, unknown, verdict, type Check } from './precondition.ts';
import type { Evidence } from './evidence.ts';
import type { Remediation } from './remediation.ts';

type Applied = Extract<Remediation, { readonly status: 'applied' | 'verified' }>;

/** What a remediation changed itself and would have to undo: not what was already there before it. */
export function changesToUndo(original: Applied): readonly Change[] {
  const foreign = new Set(
    original.execution.receipts
      .filter((receipt) => receipt.result !== 'applied')
      .map((receipt) => changeKey(receipt.change)),
  );
  return original.document.changes.filter((change) => !foreign.has(changeKey(change)));
}

/**
 * The undo of an applied remediation as an action: its plan is the stored inverse, never a new reading. A value that
 * somebody else set meanwhile fails a `must`, so it is not clobbered. Pages have no read-back; resolving one is allowed.
 */
export function revertActionOf(original: Applied, action: ActionDefinition): ActionDefinition {
  const ours = changesToUndo(original);
  return defineAction({
    ...action,
    baseline: 0,
    reversibility: 'trivially_reversible',
    summary: `undo of remediation ${original.id}: ${action.summary}`,
    preconditions: [
      {
        id: 'revert.something_to_undo',
        severity: 'must',
        check: () =>
          verdict(ours.length > 0, `${ours.length} changes of remediation ${original.id} are in force`),
      },
      {
        id: 'revert.not_undone_yet',
        severity: 'must',
        check: () =>
          verdict(
            original.execution.revertedAt === null,
            original.execution.revertedAt ?? 'it was not undone before',
          ),
      },
      {
        id: 'revert.values_still_ours',
        severity: 'must',
        check: (_params, context) => stillOurs(ours, context.evidence),
      },
    ],
    plan: () => invertChanges(ours),
    revert: () => ({ kind: 'on_request' }),
    expectation: () => null,
    revertsWhenWorse: false,
  });
}

function stillOurs(ours: readonly Change[], evidence: Evidence): Check {
  for (const change of ours) {
    // Not among the readings: compare-and-set at execution decides.
    if (/^(?:pagerduty|runbook):/u.test(change.target) || change.field === 'fallbacks') continue;
    const live = liveValue(evidence, change);
    if (live.status === 'unknown') return unknown(`${change.target}: ${live.reason}`);
    if (canonicalJson(live.value) !== canonicalJson(change.to as JsonValue))
      return fails(
        `${change.target} ${change.field} now reads ${canonicalJson(live.value)}, not what we set`,
      );
  }
  return holds('every value reads as we set it');
}
