import { explainFlips, nothingToChangeDetail } from './gate-flips.ts';
import type { GateInput } from './gate-input.ts';
import { autonomyLevel } from './policy/autonomy-level.ts';
import type { AutonomyLimit } from './policy/autonomy-level.ts';
import { escalationTriggers } from './policy/escalation-trigger.ts';

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

/**
 * Decides who may let a remediation run (design.md §2.5): first what refuses it, then the autonomy level, then whether
 * it may run by itself. All reasons that apply are listed. Whatever is not positively allowed to run asks a person.
 * The level of the decision is never above what the decision grants: 0 refused, 1 assist only, 2 asks, 3 or 4 runs.
 */
export function decideGate(input: GateInput): GateDecision {
  const { level, limits } = autonomyLevel(input);
  const triggers = escalationTriggers(input);
  const reasons = [
    ...nothingToChange(input),
    ...triggers,
    ...levelReason(level, limits),
    ...scoreReason(input),
    ...settingReason(input),
  ];
  const decided = (decision: GateVerdict, granted: AutonomyLevel, refused: GateDecision['refusal']) => ({
    decision,
    level: granted,
    reasons,
    flips: explainFlips({ decision, reasons, limits, input }),
    refusal: refused,
  });
  const refused = refusal(input);
  if (refused !== null) return decided('refuse', 0, refused);
  if (level < 2) return decided('assist_only', level, null);
  // INVARIANT: every condition is written positively, so that a NaN anywhere asks.
  const runs =
    input.autoApprove && !input.suspended && withinThreshold(input) && triggers.length === 0 && level >= 3;
  return runs ? decided('auto_execute', level, null) : decided('require_approval', 2, null);
}

function refusal(input: GateInput): 'precondition' | 'dependency' | null {
  const musts = input.dryRun.preconditions.filter((result) => result.severity === 'must');
  if (musts.some((result) => result.holds === 'fails')) return 'precondition';
  if (musts.some((result) => result.holds !== 'holds')) return 'dependency';
  return input.dryRun.changes.length === 0 ? 'precondition' : null;
}

function nothingToChange(input: GateInput): readonly GateReason[] {
  if (input.dryRun.changes.length > 0) return [];
  return [{ code: 'precondition_failed', detail: nothingToChangeDetail }];
}

/** Exactly τ is within. */
function withinThreshold(input: GateInput): boolean {
  return input.risk.score >= 0 && input.risk.score <= input.risk.threshold;
}

function levelReason(level: AutonomyLevel, limits: readonly AutonomyLimit[]): readonly GateReason[] {
  if (level >= 3) return [];
  const why = limits
    .filter((limit) => limit.level < 3)
    .map((limit) => `${limit.detail} (at most ${limit.level})`);
  return [{ code: 'level', detail: `level ${level}: ${why.join('; ')}` }];
}

function scoreReason(input: GateInput): readonly GateReason[] {
  if (withinThreshold(input)) return [];
  const { score, threshold } = input.risk;
  return [{ code: 'score_above_threshold', detail: `score ${score} is above τ ${threshold}` }];
}

function settingReason(input: GateInput): readonly GateReason[] {
  return input.autoApprove ? [] : [{ code: 'auto_approve_off', detail: 'SRE_AUTO_APPROVE is not true' }];
}
