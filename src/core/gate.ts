export const gateReasonCodes = [
  'auto_approve_off',
  'score_above_threshold',
  'precondition_failed',
  'precondition_unknown',
  'confidence_low',
  'blast_wide',
  'novel',
  'regulated',
  'freeze',
  'irreversible',
  'error_budget_low',
  'outside_incident',
  'unconfirmed',
  'policy_unsigned',
  'policy_lapsed',
  'suspended',
  'loop_guard',
  'level',
] as const;
export type GateReasonCode = (typeof gateReasonCodes)[number];

export interface GateReason {
  readonly code: GateReasonCode;
  readonly detail: string;
}

export type GateVerdict = 'auto_execute' | 'require_approval' | 'assist_only' | 'refuse';
export type AutonomyLevel = 0 | 1 | 2 | 3 | 4;

export interface GateDecision {
  readonly decision: GateVerdict;
  readonly level: AutonomyLevel;
  readonly reasons: readonly GateReason[];
  /** One sentence each: what would flip the verdict. */
  readonly flips: readonly string[];
  /** For `refuse`: `dependency` when a `must` could not be read (exit 75), else `precondition` or `policy` (exit 7). */
  readonly refusal: 'precondition' | 'dependency' | 'policy' | null;
}
