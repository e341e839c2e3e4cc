import type { Remediation } from '../core/remediation.ts';
import { draftFor, leaseMs, type EngineDeps } from './engine.ts';

/** Takes the lease of an applied remediation whose process left it, to finish its verification; null when taken. */
export async function claimVerification(
  remediation: Remediation,
  deps: EngineDeps,
): Promise<(Remediation & { readonly status: 'applied' }) | null> {
  if (remediation.status !== 'applied') return null;
  const step = await deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: ['applied'],
    to: 'applied',
    claimLeaseMs: leaseMs,
    execution: remediation.execution,
    audit: draftFor(remediation, 'effect', { takeover: 'following the verification' }, deps),
  });
  return step.kind === 'done' && step.remediation.status === 'applied' ? step.remediation : null;
}
