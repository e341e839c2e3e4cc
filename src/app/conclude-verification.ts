import type { Remediation } from '../core/remediation.ts';
import { secondsToMs } from '../core/tempo.ts';
import { claimVerification } from './claim-verification.ts';
import { leaseMs, unavailableReason, type EngineDeps } from './engine.ts';
import { handOver, lostChange, settleVerified, withoutSignal, type VerifyOutcome } from './verify-outcome.ts';

/** True when the time in which its signal could be judged is over, or when there is none to judge. */
export function isUnfollowed(remediation: Remediation, deps: EngineDeps): boolean {
  if (remediation.status !== 'applied') return false;
  const { expectation, changes } = remediation.document;
  if (unavailableReason(deps.effects, changes) !== null) return false;
  if (expectation === null) return true;
  const { finishedAt, startedAt } = remediation.execution;
  const waitedMs = Date.parse(deps.clock.now()) - Date.parse(finishedAt ?? startedAt);
  return waitedMs > secondsToMs(deps.tempo, expectation.deadlineSeconds) + 2 * leaseMs;
}

/**
 * Ends a verification that nobody followed while its signal could be judged: what moved since may have other causes, so
 * the verdict is `inconclusive` and nothing is undone for it. The values must still read as written. Null when somebody
 * else took it.
 */
export async function concludeVerification(
  remediation: Remediation,
  deps: EngineDeps,
): Promise<VerifyOutcome | null> {
  const applied = await claimVerification(remediation, deps);
  if (applied === null) return null;
  const lost = await lostChange(applied, { elapsedMs: Infinity }, deps);
  if (lost !== null) return handOver(applied, lost, deps);
  const detail =
    applied.document.expectation === null
      ? withoutSignal(applied, deps)
      : 'nobody followed it while its signal could be judged';
  return settleVerified(applied, { outcome: 'inconclusive', detail }, deps);
}
