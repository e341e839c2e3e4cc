import { defaultPolicy } from '../core/policy/default-policy.ts';
import { known, type Evidence, type ReadingName } from '../core/evidence.ts';
import { defaultRiskSettings } from '../core/risk/risk-score.ts';
import { effectiveReversibility } from '../core/risk/reversibility.ts';
import type { Remediation } from '../core/remediation.ts';
import { collectEvidence } from '../app/collect-evidence.ts';
import type { DecideDeps } from '../app/decide.ts';
import type { FollowDeps } from '../app/follow.ts';
import { readingsOfAction } from '../app/readings-needed.ts';
import type { VerificationLook } from '../app/verify-outcome.ts';
import { engineOf, type Outside, type Session } from './session.ts';

/** What deciding and running needs, from an open session. */
export function decideDeps(session: Session, outside: Outside): DecideDeps {
  return {
    ...engineOf(session, outside),
    incidents: session.incidents,
    library: outside.library,
    deployment: session.deployment,
    tau: session.config.tau,
    autoApprove: session.config.autoApprove,
    timeZone: session.config.timeZone,
    riskSettings: defaultRiskSettings,
    policy: defaultPolicy,
    prepare: outside.prepare,
    freshReaders: () => outside.reads().readers,
  };
}

/** What following an applied remediation needs; `look` and `waiting` feed the screen. */
export function followDeps(
  session: Session,
  outside: Outside,
  screen: {
    readonly look: (look: VerificationLook) => void;
    readonly waiting: (look: { readonly remediation: Remediation; readonly revertAt: string }) => void;
  },
): FollowDeps {
  const readEvidence = (names: readonly ReadingName[]): Promise<Evidence> =>
    collectEvidence({ names, readers: outside.reads('after_effect').readers });
  return {
    ...engineOf(session, outside),
    readEvidence,
    readingsFor: (remediation) => {
      const action = outside.library.find(remediation.document.action.type);
      return action === null ? [] : readingsOfAction(action, null);
    },
    revertsWhenWorse: (remediation) =>
      outside.library.find(remediation.document.action.type)?.revertsWhenWorse ?? false,
    progress: screen.look,
    workerAlive: async () => workerLives(await readEvidence(['own.worker'])),
    waiting: screen.waiting,
  };
}

/** True while a worker that can write to the gateway lives; the same rule as the score's. */
export function workerLives(evidence: Evidence): boolean {
  const worker = known(evidence, 'own.worker');
  const bucket = effectiveReversibility({
    declared: 'auto_reverting',
    heartbeatAgeMs: worker?.heartbeatAgeMs ?? null,
    gatewayWriteAgeMs: worker?.gatewayWriteAgeMs ?? null,
  });
  return bucket === 'auto_reverting';
}
