import type { Remediation } from '../core/remediation.ts';
import { draftFor, leaseMs, type EngineDeps } from './engine.ts';

/**
 * When an undo of its own (`revertOf`) came out, its original is undone too: closes the original's record, which frees its
 * targets and its timer.
 */
export async function settleOriginal(
  undo: Remediation | null,
  deps: Pick<EngineDeps, 'remediations' | 'clock' | 'operator'>,
): Promise<void> {
  if (undo === null || undo.revertOf === null) return;
  if (undo.status !== 'applied' && undo.status !== 'verified') return;
  const original = await deps.remediations.getRemediation(undo.revertOf);
  if (original === null || (original.status !== 'applied' && original.status !== 'verified')) return;
  const claimed = await deps.remediations.transition({
    id: original.id,
    fence: original.fence,
    from: [original.status],
    to: 'reverting',
    claimLeaseMs: leaseMs,
    execution: original.execution,
    audit: draftFor(original, 'revert_intent', { cause: 'operator', by: undo.id }, deps),
  });
  if (claimed.kind !== 'done' || claimed.remediation.status !== 'reverting') return;
  await deps.remediations.transition({
    id: original.id,
    fence: claimed.remediation.fence,
    from: ['reverting'],
    to: 'reverted',
    execution: { ...claimed.remediation.execution, revertedAt: deps.clock.now() },
    audit: draftFor(original, 'reverted', { cause: 'operator', by: undo.id }, deps),
  });
}
