import { changeKey } from '../core/change.ts';
import type { ChangeReceipt, Remediation } from '../core/remediation.ts';
import { standingOf } from './apply-change.ts';
import { draftFor, leaseMs, portFor, type EngineDeps } from './engine.ts';
import { settleApplied, settleUnfinished } from './execute.ts';
import type { RevertOutcome } from './revert.ts';

/** How long a dead execution is probed again while its system cannot be read, in real ms. */
const retryForMs = 10 * 60_000;

/**
 * Takes over an execution whose process died. Nothing is written again: each change is probed, and what the gateway says
 * decides. All in force → applied; otherwise what was done is taken back; what cannot be told goes to a person.
 */
export async function recoverExecution(remediation: Remediation, deps: EngineDeps): Promise<RevertOutcome> {
  if (remediation.status !== 'executing') return { kind: 'fenced_out', remediation };
  const claimed = await deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: ['executing'],
    to: 'executing',
    claimLeaseMs: leaseMs,
    execution: remediation.execution,
    audit: draftFor(remediation, 'effect', { recovery: 'the process that ran this died; probing' }, deps),
  });
  if (claimed.kind !== 'done' || claimed.remediation.status !== 'executing')
    return { kind: 'fenced_out', remediation: claimed.kind === 'done' ? claimed.remediation : null };
  const running = claimed.remediation;
  const receipts = await Promise.all(
    running.document.changes.map((change) => probeReceipt(change, running, deps)),
  );
  const waitedMs = Date.parse(deps.clock.now()) - Date.parse(running.execution.startedAt);
  if (waitedMs < retryForMs && receipts.some((receipt) => receipt.result === 'unknown'))
    return { kind: 'unreached', remediation: running, reason: 'the system cannot be read yet' };
  const outcome = receipts.every(
    (receipt) => receipt.result === 'applied' || receipt.result === 'already_there',
  )
    ? await settleApplied(running, receipts, deps)
    : await settleUnfinished(running, receipts, deps);
  if (outcome.kind === 'needs_human') return outcome;
  return { kind: 'fenced_out', remediation: 'remediation' in outcome ? outcome.remediation : null };
}

async function probeReceipt(
  change: Remediation['document']['changes'][number],
  running: Remediation & { readonly status: 'executing' },
  deps: EngineDeps,
): Promise<ChangeReceipt> {
  const earlier = running.execution.receipts.find(
    (receipt) => changeKey(receipt.change) === changeKey(change),
  );
  if (earlier?.result === 'already_there') return earlier;
  const port = portFor(deps.effects, change.target);
  if (typeof port === 'string') return { change, result: 'unknown', detail: port };
  if (port.oneShot)
    return earlier ?? { change, result: 'unknown', detail: 'it cannot be told whether it was sent' };
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
