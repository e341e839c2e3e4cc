import { changeKey, invertChanges, type Change } from '../core/change.ts';
import type { ChangeReceipt, Execution, Remediation } from '../core/remediation.ts';
import { minutesToMs } from '../core/tempo.ts';
import { standingOf } from './apply-change.ts';
import {
  asJson,
  draftFor,
  isDone,
  leaseMs,
  portFor,
  runChanges,
  unavailableReason,
  type EngineDeps,
} from './engine.ts';
import type { TransitionResult } from './ports.ts';
import { nothingToUndo, settleOriginal } from './settle-original.ts';

export type ExecutionOutcome =
  | { readonly kind: 'applied'; readonly remediation: Remediation }
  /** Nothing is in force: not tried, refused, or rolled back completely. */
  | { readonly kind: 'failed'; readonly remediation: Remediation; readonly reason: string }
  | { readonly kind: 'needs_human'; readonly remediation: Remediation; readonly reason: string }
  /** Somebody else runs or decided it. */
  | { readonly kind: 'fenced_out'; readonly remediation: Remediation | null }
  | { readonly kind: 'expired' }
  /** The gateway is no longer in the state the proposal was made for; nothing ran. */
  | { readonly kind: 'stale'; readonly remediation: Remediation; readonly reason: string }
  | { readonly kind: 'suspended'; readonly reason: string }
  /** The system an effect needs is not configured or not reachable; nothing was recorded or run. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/**
 * Runs an approved remediation once: intent with inverse and audit row in one transaction, then each change probed,
 * written and read back. A part that fails takes the done part back; what cannot be told goes to a person.
 */
export async function executeRemediation(
  remediation: Approved,
  deps: EngineDeps & SignalsBefore,
): Promise<ExecutionOutcome> {
  const { changes } = remediation.document;
  const missing = unavailableReason(deps.effects, changes);
  if (missing !== null) return giveUp(remediation, { kind: 'unavailable', reason: missing }, deps);
  const obsolete = await nothingToUndo(remediation, deps);
  if (obsolete !== null) return giveUp(remediation, { kind: 'stale', reason: obsolete }, deps);
  const obstacle = await readPriorValues(changes, deps);
  if (obstacle !== null) return giveUp(remediation, obstacle, deps);
  const claimed = await recordIntent(remediation, deps);
  if (claimed.kind === 'suspended')
    return giveUp(remediation, { kind: 'suspended', reason: claimed.reason }, deps);
  if (claimed.kind !== 'done') return claimed;
  const running = claimed.remediation;
  if (running.status !== 'executing') return { kind: 'fenced_out', remediation: running };
  const receipts = await runChanges(
    {
      remediation: running,
      changes,
      // A revert is allowed while suspended (design.md §2.8).
      whileSuspended: running.revertOf !== null,
      onFailure: 'stop',
      record: recordReceipts(running, deps),
    },
    deps,
  );
  if (receipts.length === changes.length && receipts.every(isDone))
    return settleApplied(running, receipts, deps);
  return settleUnfinished(running, receipts, deps);
}

type Approved = Remediation & { readonly status: 'approved' };

interface Obstacle {
  readonly kind: 'stale' | 'suspended' | 'unavailable';
  readonly reason: string;
}

/** The live values must still be the `from` of every change: they become the write-once prior values of the intent. */
export async function readPriorValues(
  changes: readonly Change[],
  deps: Pick<EngineDeps, 'effects' | 'clock'>,
): Promise<Obstacle | null> {
  for (const change of changes) {
    const port = portFor(deps.effects, change.target);
    if (typeof port === 'string') return { kind: 'unavailable', reason: port };
    if (port.oneShot) continue;
    const standing = await standingOf(change, { port, clock: deps.clock });
    const what = `${change.target} ${change.field}`;
    if (standing.at === 'unknown') return { kind: 'unavailable', reason: `${what}: ${standing.shown}` };
    if (standing.at !== 'from')
      return {
        kind: 'stale',
        reason: `${what} is now ${standing.shown}, not ${JSON.stringify(change.from)}`,
      };
  }
  return null;
}

/** Closes an approved remediation of which nothing ran: its approval is spent, and it must not hold its target. */
async function giveUp(
  remediation: Approved,
  obstacle: Obstacle,
  deps: EngineDeps,
): Promise<ExecutionOutcome> {
  const to = obstacle.kind === 'unavailable' ? 'failed' : 'superseded';
  const step = await deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: ['approved'],
    to,
    audit: draftFor(remediation, to, { reason: obstacle.reason, ran: false }, deps),
  });
  if (step.kind !== 'done') return step;
  return obstacle.kind === 'stale'
    ? { kind: 'stale', remediation: step.remediation, reason: obstacle.reason }
    : { kind: obstacle.kind, reason: obstacle.reason };
}

/** The expectation's signals before the effect: the worst one to show, each one to judge by. */
export interface SignalsBefore {
  readonly signalBefore: number | null;
  readonly signalsBefore: readonly (number | null)[];
}

type Running = Remediation & { readonly status: 'executing' };

function recordIntent(remediation: Approved, deps: EngineDeps & SignalsBefore) {
  const execution: Execution = {
    id: deps.randomness.hex(8),
    startedAt: deps.clock.now(),
    finishedAt: null,
    receipts: [],
    revertAt: null,
    revertedAt: null,
    verification: { outcome: 'pending', detail: 'not yet judged' },
    signalBefore: deps.signalBefore,
    signalsBefore: deps.signalsBefore,
  };
  const { changes, inverse, revert } = remediation.document;
  return deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: ['approved'],
    to: 'executing',
    claimLeaseMs: leaseMs,
    // A revert is allowed while suspended (design.md §2.8).
    unlessSuspended: remediation.revertOf === null,
    unlessExpired: true,
    digest: remediation.digest,
    execution,
    audit: draftFor(
      { ...remediation, execution },
      'intent',
      {
        changes: asJson(changes),
        inverse: asJson(inverse),
        revert: asJson(revert),
        digest: remediation.digest,
      },
      deps,
    ),
  });
}

/** Puts each receipt on record before the next change; false when another process took over. */
function recordReceipts(running: Running, deps: EngineDeps) {
  return async (receipts: readonly ChangeReceipt[]): Promise<boolean> => {
    const step = await deps.remediations.transition({
      id: running.id,
      fence: running.fence,
      from: ['executing'],
      to: 'executing',
      execution: { ...running.execution, receipts },
      audit: draftFor(running, 'effect', { receipt: asJson(receipts.at(-1)) }, deps),
    });
    return step.kind === 'done';
  };
}

/** All changes are in force: `applied`, with the due time of the undo set by the database clock. */
export async function settleApplied(
  running: Running,
  receipts: readonly ChangeReceipt[],
  deps: EngineDeps,
): Promise<ExecutionOutcome> {
  const { revert } = running.document;
  const execution: Execution = { ...running.execution, receipts, finishedAt: deps.clock.now() };
  const step = await deps.remediations.transition({
    id: running.id,
    fence: running.fence,
    from: ['executing'],
    to: 'applied',
    execution,
    revertInMs: revert.kind === 'timer' ? minutesToMs(deps.tempo, revert.afterMinutes) : null,
    audit: draftFor(running, 'applied', { receipts: asJson(receipts), revert: asJson(revert) }, deps),
  });
  if (step.kind !== 'done') return fencedOut(step);
  await settleOriginal(step.remediation, deps);
  return { kind: 'applied', remediation: step.remediation };
}

function fencedOut(step: TransitionResult): ExecutionOutcome & { readonly kind: 'fenced_out' } {
  return { kind: 'fenced_out', remediation: step.kind === 'fenced_out' ? step.remediation : null };
}

/** Something did not come out: takes back what we did ourselves, newest first, and says what is left. */
export async function settleUnfinished(
  running: Running,
  receipts: readonly ChangeReceipt[],
  deps: EngineDeps,
): Promise<ExecutionOutcome> {
  const culprit = receipts.find((receipt) => !isDone(receipt));
  const reason =
    culprit === undefined ? 'not every change was tried' : `${culprit.change.target}: ${culprit.detail}`;
  const ours = receipts.filter((receipt) => receipt.result === 'applied').map((receipt) => receipt.change);
  const undone = await runChanges(
    {
      remediation: running,
      changes: invertChanges(ours),
      whileSuspended: true,
      onFailure: 'go_on',
      record: () => Promise.resolve(true),
    },
    deps,
  );
  const clean = undone.length === ours.length && undone.every(isDone);
  const settled = clean && culprit?.result !== 'unknown' && culprit?.result !== 'conflict';
  const left = withoutTakenBack(receipts, undone);
  return close(running, { to: settled ? 'failed' : 'needs_human', reason, receipts, left, undone }, deps);
}

/** The receipts of what is left: a change that was taken back is not in force any more. */
function withoutTakenBack(
  receipts: readonly ChangeReceipt[],
  undone: readonly ChangeReceipt[],
): readonly ChangeReceipt[] {
  const back = new Set(undone.filter(isDone).map((receipt) => changeKey(receipt.change)));
  return receipts.map((receipt) =>
    receipt.result === 'applied' && back.has(changeKey(receipt.change))
      ? { ...receipt, result: 'not_applied', detail: `${receipt.detail}, then taken back` }
      : receipt,
  );
}

async function close(
  running: Running,
  end: {
    readonly to: 'failed' | 'needs_human';
    readonly reason: string;
    readonly receipts: readonly ChangeReceipt[];
    readonly left: readonly ChangeReceipt[];
    readonly undone: readonly ChangeReceipt[];
  },
  deps: EngineDeps,
): Promise<ExecutionOutcome> {
  const body = { reason: end.reason, receipts: asJson(end.receipts), takenBack: asJson(end.undone) };
  const step = await deps.remediations.transition({
    id: running.id,
    fence: running.fence,
    from: ['executing'],
    to: end.to,
    execution: {
      ...running.execution,
      receipts: end.left,
      finishedAt: deps.clock.now(),
      verification: { outcome: 'inconclusive', detail: end.reason },
    },
    audit: draftFor(running, end.to, body, deps),
  });
  if (step.kind !== 'done') return fencedOut(step);
  return { kind: end.to, remediation: step.remediation, reason: end.reason };
}
