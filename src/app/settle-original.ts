import type { Remediation, RemediationStatus } from '../core/remediation.ts';
import { draftFor, leaseMs, type EngineDeps } from './engine.ts';
import type { TransitionResult } from './ports.ts';

type SettleDeps = Pick<EngineDeps, 'remediations' | 'clock' | 'operator'>;

const settleable: readonly RemediationStatus[] = ['applied', 'verified', 'needs_human'];
/** Its verification or its timer may move the original on while we look; more often than this nobody does. */
const triesMax = 5;

/**
 * When an undo of its own (`revertOf`) came out, its original is undone too: closes the original's record, which frees its
 * targets and its timer. Done with the undo, and again by whoever takes the undo over; the second time changes nothing.
 */
export async function settleOriginal(undo: Remediation, deps: SettleDeps): Promise<void> {
  if (undo.revertOf === null) return;
  if (undo.status !== 'applied' && undo.status !== 'verified') return;
  for (let tries = 0; tries < triesMax; tries += 1) {
    const claimed = await claim(undo.revertOf, undo, deps);
    if (claimed === null || claimed.kind === 'done') return closeOriginal(claimed, undo, deps);
  }
}

async function claim(
  originalId: number,
  undo: Remediation,
  deps: SettleDeps,
): Promise<TransitionResult | null> {
  const original = await deps.remediations.getRemediation(originalId);
  if (original === null || original.execution === null || !settleable.includes(original.status)) return null;
  return deps.remediations.transition({
    id: original.id,
    fence: original.fence,
    from: [original.status],
    to: 'reverting',
    claimLeaseMs: leaseMs,
    execution: original.execution,
    audit: draftFor(original, 'revert_intent', { cause: 'operator', by: undo.id }, deps),
  });
}

async function closeOriginal(
  claimed: (TransitionResult & { readonly kind: 'done' }) | null,
  undo: Remediation,
  deps: SettleDeps,
): Promise<void> {
  if (claimed === null || claimed.remediation.status !== 'reverting') return;
  const original = claimed.remediation;
  await deps.remediations.transition({
    id: original.id,
    fence: original.fence,
    from: ['reverting'],
    to: 'reverted',
    execution: { ...original.execution, revertedAt: deps.clock.now() },
    audit: draftFor(original, 'reverted', { cause: 'operator', by: undo.id }, deps),
  });
}

/** Why there is nothing to undo any more; null while the original is in force, or when this is no undo. */
export async function nothingToUndo(
  undo: Pick<Remediation, 'revertOf'>,
  deps: Pick<SettleDeps, 'remediations'>,
): Promise<string | null> {
  if (undo.revertOf === null) return null;
  const original = await deps.remediations.getRemediation(undo.revertOf);
  if (original?.status === 'applied' || original?.status === 'verified') return null;
  return `remediation ${undo.revertOf} is ${original?.status ?? 'unknown'}; there is nothing to undo`;
}
