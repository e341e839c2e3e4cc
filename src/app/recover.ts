import { changeKey, type Change } from '../core/change.ts';
import type { ChangeReceipt, Remediation } from '../core/remediation.ts';
import { standingOf } from './apply-change.ts';
import {
  draftFor,
  leaseMs,
  portFor,
  runChanges,
  triesMax,
  unavailableReason,
  type EngineDeps,
} from './engine.ts';
import { settleApplied, settleUnfinished, type ExecutionOutcome } from './execute.ts';

/** What came of taking over an execution whose process died. */
export type RecoveryOutcome =
  | Extract<ExecutionOutcome, { readonly kind: 'applied' | 'failed' | 'needs_human' | 'fenced_out' }>
  /** The system could not be read; a later pass tries again. */
  | { readonly kind: 'unreached'; readonly remediation: Remediation; readonly reason: string };

type Running = Remediation & { readonly status: 'executing' };

/**
 * Takes over an execution whose process died. What can be read is never written again: each change is probed, and what the
 * gateway says decides. All in force → applied; otherwise what was done is taken back; what cannot be told goes to a person.
 */
export async function recoverExecution(remediation: Remediation, deps: EngineDeps): Promise<RecoveryOutcome> {
  if (remediation.status !== 'executing') return { kind: 'fenced_out', remediation };
  const missing = unavailableReason(deps.effects, remediation.document.changes);
  if (missing !== null) return { kind: 'unreached', remediation, reason: missing };
  const tries = (remediation.execution.tries ?? 0) + 1;
  const claimed = await deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: ['executing'],
    to: 'executing',
    claimLeaseMs: leaseMs,
    execution: { ...remediation.execution, tries },
    audit: draftFor(
      remediation,
      'effect',
      { recovery: 'the process that ran this died; probing', tries },
      deps,
    ),
  });
  if (claimed.kind !== 'done' || claimed.remediation.status !== 'executing')
    return { kind: 'fenced_out', remediation: claimed.kind === 'done' ? claimed.remediation : null };
  return conclude(claimed.remediation, { mayWait: tries < triesMax }, deps);
}

async function conclude(
  running: Running,
  options: { readonly mayWait: boolean },
  deps: EngineDeps,
): Promise<RecoveryOutcome> {
  const receipts: ChangeReceipt[] = [];
  for (const part of partsOf(running.document.changes))
    receipts.push(...(await Promise.all(part.map((change) => receiptFor(change, running, deps)))));
  const unknown = receipts.find((receipt) => receipt.result === 'unknown');
  if (unknown !== undefined && options.mayWait)
    return {
      kind: 'unreached',
      remediation: running,
      reason: `${unknown.change.target}: ${unknown.detail}`,
    };
  const inForce = receipts.every(
    (receipt) => receipt.result === 'applied' || receipt.result === 'already_there',
  );
  const outcome = inForce
    ? await settleApplied(running, receipts, deps)
    : await settleUnfinished(running, receipts, deps);
  switch (outcome.kind) {
    case 'applied':
    case 'failed':
    case 'needs_human':
    case 'fenced_out':
      return outcome;
    default:
      throw new Error(`an execution that began cannot end as ${outcome.kind}`);
  }
}

/** Probed at once: many enough to be done within a lease, few enough for a gateway in trouble. */
const atOnce = 20;

function partsOf(changes: readonly Change[]): readonly (readonly Change[])[] {
  return Array.from({ length: Math.ceil(changes.length / atOnce) }, (_, part) =>
    changes.slice(part * atOnce, (part + 1) * atOnce),
  );
}

async function receiptFor(change: Change, running: Running, deps: EngineDeps): Promise<ChangeReceipt> {
  const earlier = running.execution.receipts.find(
    (receipt) => changeKey(receipt.change) === changeKey(change),
  );
  if (earlier?.result === 'already_there') return earlier;
  const port = portFor(deps.effects, change.target);
  if (typeof port === 'string') return { change, result: 'unknown', detail: port };
  if (port.oneShot) return earlier ?? sendAgain(change, running, deps);
  const standing = await standingOf(change, { port, clock: deps.clock });
  switch (standing.at) {
    case 'to':
      return { change, result: 'applied', detail: 'found in force after a crash' };
    case 'from':
      return { change, result: 'not_applied', detail: 'found not in force after a crash' };
    case 'elsewhere':
      return { change, result: 'conflict', detail: `after a crash it reads ${standing.shown}` };
    case 'unknown':
      return { change, result: 'unknown', detail: standing.shown };
    default:
      return standing.at satisfies never;
  }
}

/** Nobody can tell whether it was sent; its dedup key makes a second one the same (reliability.md §1.5). */
async function sendAgain(change: Change, running: Running, deps: EngineDeps): Promise<ChangeReceipt> {
  const [receipt] = await runChanges(
    {
      remediation: running,
      changes: [change],
      whileSuspended: running.revertOf !== null,
      onFailure: 'stop',
      record: () => Promise.resolve(true),
    },
    deps,
  );
  return receipt ?? { change, result: 'unknown', detail: 'it cannot be told whether it was sent' };
}
