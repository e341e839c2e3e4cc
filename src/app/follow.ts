import type { Remediation, Verification } from '../core/remediation.ts';
import { revertIfDue, type RevertCause } from './revert.ts';
import { verifyOutcome, type VerifyDeps } from './verify-outcome.ts';

export interface FollowDeps extends VerifyDeps {
  /** A live worker will fire the undo; asked again while waiting, for it may die. */
  readonly workerAlive: () => Promise<boolean>;
  /** Called about twice a second while this process keeps the undo's time. */
  readonly waiting: (look: { readonly remediation: Remediation; readonly revertAt: string }) => void;
}

export type FollowOutcome =
  | { readonly kind: 'verified'; readonly remediation: Remediation; readonly verification: Verification }
  | {
      readonly kind: 'reverted';
      readonly remediation: Remediation;
      readonly cause: RevertCause;
      readonly verification: Verification;
    }
  | { readonly kind: 'needs_human'; readonly remediation: Remediation; readonly reason: string }
  /** The caller stopped following while the remediation is in force. */
  | { readonly kind: 'left'; readonly remediation: Remediation };

const pollMs = 500;

/**
 * Follows an applied remediation to its end: the verdict on its outcome, and the timed undo unless a live worker keeps
 * that. "Auto-reverting" is only true while something alive will undo it, so without a worker this stays until it is done.
 */
export async function followToEnd(
  applied: Remediation & { readonly status: 'applied' },
  deps: FollowDeps,
  stop: AbortSignal,
): Promise<FollowOutcome> {
  const verified = await verifyOutcome(applied, deps, stop);
  switch (verified.kind) {
    case 'left':
      return verified;
    case 'reverted':
      return { ...verified, cause: 'worse' };
    case 'needs_human':
    case 'verified':
      return keepTime(verified.remediation, deps, stop);
    case 'overtaken':
      return verified.remediation === null
        ? { kind: 'left', remediation: applied }
        : keepTime(verified.remediation, deps, stop);
    default:
      return verified satisfies never;
  }
}

/** Waits for the due time of the undo and fires it, unless a worker lives or somebody else was first. */
async function keepTime(
  remediation: Remediation,
  deps: FollowDeps,
  stop: AbortSignal,
): Promise<FollowOutcome> {
  let current = remediation;
  for (;;) {
    const revertAt = current.execution?.revertAt ?? null;
    const isWaiting = current.status === 'reverting' || (isInForce(current) && revertAt !== null);
    if (!isWaiting) return standsAs(current);
    if (current.status !== 'reverting' && (await deps.workerAlive())) return standsAs(current);
    if (stop.aborted) return { kind: 'left', remediation: current };
    if (revertAt !== null) deps.waiting({ remediation: current, revertAt });
    const fired = await revertIfDue(current.id, deps);
    if (fired?.kind !== 'reverted') await deps.clock.sleep(pollMs, stop);
    current = (await deps.remediations.getRemediation(current.id)) ?? current;
  }
}

function isInForce({ status }: Remediation): boolean {
  return status === 'applied' || status === 'verified' || status === 'needs_human';
}

const untold: Verification = { outcome: 'pending', detail: 'its undo came before the verdict' };

function standsAs(remediation: Remediation): FollowOutcome {
  const verification = remediation.execution?.verification ?? untold;
  switch (remediation.status) {
    case 'reverted': {
      const cause = verification.outcome === 'worse' ? 'worse' : 'timer';
      return { kind: 'reverted', remediation, cause, verification };
    }
    case 'needs_human':
      return { kind: 'needs_human', remediation, reason: verification.detail };
    default:
      return { kind: 'verified', remediation, verification };
  }
}
