import { changeKey, invertChanges } from '../core/change.ts';
import type { ChangeReceipt, Remediation, RemediationStatus } from '../core/remediation.ts';
import { asJson, draftFor, isDone, leaseMs, runChanges, type EngineDeps } from './engine.ts';

export type RevertCause = 'timer' | 'worse' | 'operator' | 'interrupted';

export type RevertOutcome =
  | { readonly kind: 'reverted'; readonly remediation: Remediation }
  | { readonly kind: 'needs_human'; readonly remediation: Remediation; readonly reason: string }
  /** The system could not be read, so nothing was written; a later pass tries again. */
  | { readonly kind: 'unreached'; readonly remediation: Remediation; readonly reason: string }
  | { readonly kind: 'fenced_out'; readonly remediation: Remediation | null };

/** How long an undo is tried again while its system cannot be reached, in real ms; then a person is asked. */
const retryForMs = 10 * 60_000;

const revertible = [
  'applied',
  'verified',
  'needs_human',
  'reverting',
] as const satisfies readonly RemediationStatus[];

/**
 * Applies the stored inverse of what this remediation itself changed: compare-and-set, so a value that somebody else set
 * meanwhile is left alone and a person is asked. Allowed while suspended. The inverse comes from the intent's write-once
 * prior values and is never read again.
 */
export async function revertRemediation(
  remediation: Remediation,
  deps: EngineDeps & { readonly cause: RevertCause },
): Promise<RevertOutcome> {
  if (!isRevertible(remediation)) return { kind: 'fenced_out', remediation };
  const claimed = await claim(remediation, deps);
  if (claimed === null || claimed.status !== 'reverting') return { kind: 'fenced_out', remediation: claimed };
  const inverse = invertChanges(changesMadeByUs(claimed));
  const receipts = await runChanges(
    { remediation: claimed, changes: inverse, whileSuspended: true, record: () => Promise.resolve(true) },
    deps,
  );
  const done = receipts.length === inverse.length && receipts.every(isDone);
  return settle(claimed, { done, receipts }, deps);
}

type Revertible = Extract<Remediation, { readonly status: (typeof revertible)[number] }>;

function isRevertible(remediation: Remediation): remediation is Revertible {
  return (revertible as readonly RemediationStatus[]).includes(remediation.status);
}

/** What we changed ourselves. A change without a receipt may have landed before its process died, so it counts. */
function changesMadeByUs(remediation: Revertible) {
  const foreign = new Set(
    remediation.execution.receipts
      .filter((receipt) => receipt.result === 'already_there' || receipt.result === 'not_applied')
      .map((receipt) => changeKey(receipt.change)),
  );
  return remediation.document.changes.filter((change) => !foreign.has(changeKey(change)));
}

async function claim(remediation: Revertible, deps: EngineDeps & { readonly cause: RevertCause }) {
  const step = await deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: [remediation.status],
    to: 'reverting',
    claimLeaseMs: leaseMs,
    execution: remediation.execution,
    audit: draftFor(
      remediation,
      'revert_intent',
      { cause: deps.cause, inverse: asJson(invertChanges(changesMadeByUs(remediation))) },
      deps,
    ),
  });
  if (step.kind === 'done') return step.remediation;
  return step.kind === 'fenced_out' ? step.remediation : null;
}

async function settle(
  reverting: Remediation & { readonly status: 'reverting' },
  run: { readonly done: boolean; readonly receipts: readonly ChangeReceipt[] },
  deps: EngineDeps & { readonly cause: RevertCause },
): Promise<RevertOutcome> {
  const culprit = run.receipts.find((receipt) => !isDone(receipt));
  const reason =
    culprit === undefined ? 'not every change was undone' : `${culprit.change.target}: ${culprit.detail}`;
  if (
    !run.done &&
    run.receipts.every((receipt) => receipt.result !== 'conflict') &&
    mayRetry(reverting, run, deps)
  )
    return { kind: 'unreached', remediation: reverting, reason };
  const to = run.done ? 'reverted' : 'needs_human';
  const step = await deps.remediations.transition({
    id: reverting.id,
    fence: reverting.fence,
    from: ['reverting'],
    to,
    execution: {
      ...reverting.execution,
      revertedAt: run.done ? deps.clock.now() : null,
      finishedAt: reverting.execution.finishedAt ?? deps.clock.now(),
    },
    audit: draftFor(
      reverting,
      to,
      { cause: deps.cause, receipts: asJson(run.receipts), ...(run.done ? {} : { reason }) },
      deps,
    ),
  });
  if (step.kind !== 'done')
    return { kind: 'fenced_out', remediation: step.kind === 'fenced_out' ? step.remediation : null };
  return run.done
    ? { kind: 'reverted', remediation: step.remediation }
    : { kind: 'needs_human', remediation: step.remediation, reason };
}

/** Only what was certainly not written is tried again, and not for ever. */
function mayRetry(
  reverting: Remediation & { readonly status: 'reverting' },
  run: { readonly receipts: readonly ChangeReceipt[] },
  deps: EngineDeps,
): boolean {
  const since = reverting.execution.revertAt ?? reverting.execution.startedAt;
  const waitedMs = Date.parse(deps.clock.now()) - Date.parse(since);
  return waitedMs < retryForMs && run.receipts.every((receipt) => receipt.result !== 'unknown');
}
