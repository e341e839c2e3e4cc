import type { ActionSubject, ActionType } from './action.ts';
import type { DryRun } from './dry-run.ts';
import type { RemediationHistory } from './novelty.ts';
import type { ConfiguredState, ErrorBudget, PolicyState } from './policy/configured-state.ts';
import type { Policy } from './policy/default-policy.ts';
import type { Proposer } from './proposal.ts';
import type { RiskScore } from './risk/risk-score.ts';

/** Everything the gate looks at, as plain values. `null` is "could not be told" and counts against running. */
export interface GateInput {
  readonly action: { readonly type: ActionType; readonly subject: ActionSubject };
  readonly proposedBy: Proposer;
  /** 0–1; null for playbook, person and runbook. */
  readonly confidence: number | null;
  readonly dryRun: Pick<DryRun, 'changes' | 'preconditions'>;
  /** Holds τ as `threshold`. */
  readonly risk: RiskScore;
  /** Our own detector saw the condition; null when the remediation belongs to no incident. */
  readonly incidentConfirmed: boolean | null;
  /** Action type is in the kind's list and target is in the incident's scope, as we read it. */
  readonly insideIncident: { readonly inside: boolean | null; readonly detail: string };
  readonly history: RemediationHistory | null;
  readonly freeze: ConfiguredState;
  readonly errorBudget: ErrorBudget;
  /** The target is a regulated asset. */
  readonly regulated: ConfiguredState;
  readonly policy: Policy;
  readonly policyState: PolicyState;
  /** Age of the qualification for level 4 in days; null = not qualified. */
  readonly qualifiedDaysAgo: number | null;
  /** The kill switch. */
  readonly suspended: boolean;
  /** `SRE_AUTO_APPROVE`. */
  readonly autoApprove: boolean;
  /** The remediation this one undoes: it is asked about, but allowed while suspended or frozen. */
  readonly revertOf: number | null;
  /** ISO 8601 and IANA zone, to say when business hours begin. */
  readonly now: string;
  readonly timeZone: string | null;
}
