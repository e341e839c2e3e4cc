import type { Remediation } from '../core/remediation.ts';
import { draftFor, type EngineDeps } from './engine.ts';
import type { TransitionResult } from './ports.ts';
import { settleOriginal } from './settle-original.ts';

type SettleDeps = Pick<EngineDeps, 'remediations' | 'clock' | 'operator'>;

/** A person closes a pending proposal; logged with the reason. */
export function rejectRemediation(
  remediation: Remediation,
  deps: SettleDeps & { readonly reason: string },
): Promise<TransitionResult> {
  return deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: ['pending_approval'],
    to: 'rejected',
    closeReason: deps.reason,
    audit: draftFor(remediation, 'rejected', { reason: deps.reason, digest: remediation.digest }, deps),
  });
}

/** A person says what holds after an unknown outcome: `kept` leaves the change in force, `reverted` says it is undone. */
export async function resolveRemediation(
  remediation: Remediation & { readonly status: 'needs_human' },
  deps: SettleDeps & { readonly as: 'kept' | 'reverted'; readonly reason: string },
): Promise<TransitionResult> {
  const execution = {
    ...remediation.execution,
    finishedAt: remediation.execution.finishedAt ?? deps.clock.now(),
    revertedAt: deps.as === 'reverted' ? deps.clock.now() : null,
    revertAt: null,
    verification: { outcome: 'inconclusive' as const, detail: `settled by ${deps.operator}: ${deps.as}` },
  };
  const step = await deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: ['needs_human'],
    to: deps.as === 'kept' ? 'verified' : 'reverted',
    execution,
    audit: draftFor(remediation, 'resolved', { as: deps.as, reason: deps.reason }, deps),
  });
  // An undo that a person says is in force has undone its original.
  if (step.kind === 'done') await settleOriginal(step.remediation, deps);
  return step;
}
