import { changeKey, invertChanges } from '../core/change.ts';
import type { ChangeReceipt, Remediation, RemediationStatus } from '../core/remediation.ts';
import {
  asJson,
  draftFor,
  isDone,
  leaseMs,
  runChanges,
  triesMax,
  unavailableReason,
  type EngineDeps,
} from './engine.ts';

/** `resumed`: the process that undid it died, and another one goes on. */
export type RevertCause = 'timer' | 'worse' | 'operator' | 'interrupted' | 'resumed';

export type RevertOutcome =
  | { readonly kind: 'reverted'; readonly remediation: Remediation }
  | { readonly kind: 'needs_human'; readonly remediation: Remediation; readonly reason: string }
  /** The system could not be read, so nothing was written; a later pass tries again. */
  | { readonly kind: 'unreached'; readonly remediation: Remediation; readonly reason: string }
  | { readonly kind: 'fenced_out'; readonly remediation: Remediation | null };

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
  // A process without a way to the system leaves it to one that has it.
  const missing = unavailableReason(deps.effects, changesMadeByUs(remediation));
  if (missing !== null) return { kind: 'unreached', remediation, reason: missing };
  const step = await claim(remediation, deps);
  if (step.kind !== 'done' || step.remediation.status !== 'reverting')
    return { kind: 'fenced_out', remediation: 'remediation' in step ? step.remediation : null };
  const claimed = step.remediation;
  const inverse = invertChanges(changesMadeByUs(claimed));
  const receipts = await runChanges(
    {
      remediation: claimed,
      changes: inverse,
      whileSuspended: true,
      onFailure: 'go_on',
      record: () => Promise.resolve(true),
    },
    deps,
  );
  const done = receipts.length === inverse.length && receipts.every(isDone);
  return settle(claimed, { done, receipts }, deps);
}

/**
 * Undoes this remediation if its time has come by the database clock, or goes on where a process died undoing it; null
 * when there is nothing to do yet.
 */
export async function revertIfDue(id: number, deps: EngineDeps): Promise<RevertOutcome | null> {
  const due = (await deps.remediations.dueReverts(rowsMax)).find((row) => row.id === id);
  if (due !== undefined) return revertRemediation(due, { ...deps, cause: 'timer' });
  const left = (await deps.remediations.abandoned(rowsMax)).find(
    (row) => row.id === id && row.status === 'reverting',
  );
  return left === undefined ? null : revertRemediation(left, { ...deps, cause: 'resumed' });
}

/** More than are ever due at once. */
const rowsMax = 500;

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
  const tries = remediation.status === 'reverting' ? (remediation.execution.tries ?? 0) + 1 : 1;
  const step = await deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: [remediation.status],
    to: 'reverting',
    claimLeaseMs: leaseMs,
    execution: { ...remediation.execution, tries },
    audit: draftFor(
      remediation,
      'revert_intent',
      {
        cause: deps.cause,
        tries,
        inverse: asJson(invertChanges(changesMadeByUs(remediation))),
        verification: asJson(remediation.execution.verification),
      },
      deps,
    ),
  });
  // INVARIANT: whoever was fenced out has no claim, even where the row stands at `reverting` by the winner.
  return step;
}

async function settle(
  reverting: Remediation & { readonly status: 'reverting' },
  run: { readonly done: boolean; readonly receipts: readonly ChangeReceipt[] },
  deps: EngineDeps & { readonly cause: RevertCause },
): Promise<RevertOutcome> {
  const reason = reasonOf(run.receipts);
  if (!run.done && mayRetry(reverting, run)) return { kind: 'unreached', remediation: reverting, reason };
  const to = run.done ? 'reverted' : 'needs_human';
  const step = await deps.remediations.transition({
    id: reverting.id,
    fence: reverting.fence,
    from: ['reverting'],
    to,
    execution: {
      ...reverting.execution,
      revertedAt: run.done ? deps.clock.now() : null,
      // A person decides from here: the timer does not come back to it.
      revertAt: run.done ? reverting.execution.revertAt : null,
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

function reasonOf(receipts: readonly ChangeReceipt[]): string {
  const failed = receipts.filter((receipt) => !isDone(receipt));
  if (failed.length === 0) return 'not every change was undone';
  return failed.map((receipt) => `${receipt.change.target}: ${receipt.detail}`).join('; ');
}

/** Only what was certainly not written, and belongs to nobody else, is tried again; and not for ever. */
function mayRetry(
  reverting: Remediation & { readonly status: 'reverting' },
  run: { readonly receipts: readonly ChangeReceipt[] },
): boolean {
  if ((reverting.execution.tries ?? 0) >= triesMax) return false;
  return run.receipts.every((receipt) => isDone(receipt) || receipt.result === 'not_applied');
}
