import type { GateReason, GateReasonCode, GateVerdict } from './gate.ts';
import type { GateInput } from './gate-input.ts';
import type { AutonomyLimit } from './policy/autonomy-level.ts';
import { businessTime } from './risk/business-hours.ts';
import { combineRisk } from './risk/combine-risk.ts';
import { cappedPressure, cascadeIncidents } from './risk/operational-pressure.ts';
import type { PressureReason, RiskScore } from './risk/risk-score.ts';
import { roundHundredths } from './risk/round.ts';

interface Flip {
  readonly decision: GateVerdict;
  readonly reasons: readonly GateReason[];
  readonly limits: readonly AutonomyLimit[];
  readonly input: GateInput;
}

/**
 * One sentence for each thing that stands in the way and what would lift it; for a verdict that runs, what would make
 * it ask. Each is true on its own; the verdict flips when all of them are lifted.
 */
export function explainFlips(flip: Flip): readonly string[] {
  const { input } = flip;
  if (flip.decision === 'auto_execute')
    return [
      `runs because ${input.risk.score} is within τ ${input.risk.threshold} and nothing asks; ` +
        'asks with SRE_AUTO_APPROVE=false or after scutum-sre suspend',
    ];
  if (flip.decision === 'refuse') return refusalFlips(input);
  if (flip.decision === 'assist_only') return assistFlips(flip);
  return flip.reasons.flatMap((reason) => {
    if (reason.code === 'score_above_threshold') return scoreFlips(input);
    if (reason.code === 'level') return levelFlips(flip);
    return [`asks because ${reason.detail}; ${liftedBy(reason.code, input)}`];
  });
}

/** Why a dry run without changes is refused. */
export const nothingToChangeDetail = 'there is nothing to change';

function refusalFlips({ dryRun }: GateInput): readonly string[] {
  const musts = dryRun.preconditions
    .filter((result) => result.severity === 'must' && result.holds !== 'holds')
    .map(
      ({ id, holds, detail }) =>
        `refused because \`${id}\`: ${detail}; proposed anew once it ${holds === 'fails' ? 'holds' : 'can be read'}`,
    );
  const empty = dryRun.changes.length === 0 ? [`refused because ${nothingToChangeDetail}`] : [];
  return [...musts, ...empty];
}

function assistFlips({ limits, input }: Flip): readonly string[] {
  const { confidence, errorBudgetPercent } = input.policy;
  return limits
    .filter((limit) => limit.level < 2)
    .map(({ condition, detail }) => {
      const lift =
        condition === 'confidence'
          ? `a person is asked from ${confidence.supervised}`
          : `a person is asked above ${errorBudgetPercent.supervised} %`;
      return `no action is authorised because ${detail}; ${lift}`;
    });
}

type ReasonWithLift = Exclude<GateReasonCode, 'score_above_threshold' | 'level'>;

function liftedBy(code: ReasonWithLift, input: GateInput): string {
  const { policy } = input;
  switch (code) {
    case 'auto_approve_off':
      return 'set SRE_AUTO_APPROVE=true';
    case 'precondition_failed':
      return 'lifted once it holds';
    case 'precondition_unknown':
      return 'lifted once it can be read and holds';
    case 'confidence_low':
      return `lifted at ${policy.confidence.autonomous}`;
    case 'blast_wide':
      return `lifted at ${policy.blastRadiusMax} or less`;
    case 'novel':
      return 'lifted when enough of them have closed';
    case 'regulated':
      return 'a regulated target always asks';
    case 'freeze':
      return 'lifted when the freeze ends';
    case 'irreversible':
      return 'such a change always asks';
    case 'error_budget_low':
      return `lifted above ${policy.errorBudgetPercent.autonomous} %`;
    case 'outside_incident':
      return 'outside its incident an action always asks';
    case 'unconfirmed':
      return 'lifted when it does';
    case 'policy_unsigned':
      return 'lifted when the policy is signed';
    case 'policy_lapsed':
      return 'lifted when the policy is renewed';
    case 'suspended':
      return 'lifted by scutum-sre resume';
    case 'loop_guard':
      return 'lifted when attempts are older and helped';
    default:
      return code satisfies never;
  }
}

/** Limits that a trigger names already are not said twice. */
function levelFlips(flip: Flip): readonly string[] {
  const codes = new Set(flip.reasons.map((reason) => reason.code));
  return flip.limits
    .filter((limit) => limit.level < 3)
    .flatMap((limit) => {
      const lift = limitLift(limit, codes);
      return lift === null ? [] : [`asks because ${limit.detail}; ${lift}`];
    });
}

function limitLift({ condition }: AutonomyLimit, codes: ReadonlySet<GateReasonCode>): string | null {
  switch (condition) {
    case 'confidence':
      return codes.has('confidence_low') ? null : 'lifted by a higher confidence';
    case 'pattern':
      return codes.has('novel') ? null : 'lifted when at least 80 % ended well';
    case 'blast':
      return codes.has('blast_wide') ? null : 'such a target always asks';
    case 'error_budget':
      return codes.has('error_budget_low') ? null : 'lifted when more is left';
    case 'confirmation':
      return codes.has('unconfirmed') || codes.has('outside_incident') ? null : 'lifted when it does';
    case 'undo':
      return 'such a change always asks';
    case 'proposer':
      return 'only what the model proposes from the library may run by itself';
    case 'revert':
      return 'undoing by hand always asks';
    default:
      return condition satisfies never;
  }
}

/** Each single pressure without which the score would be within τ; where there is none, the largest part. */
function scoreFlips(input: GateInput): readonly string[] {
  const { risk } = input;
  const { reasons } = risk.components.operationalPressure;
  const levers = reasons.flatMap((reason) => pressureFlip(reason, input));
  if (levers.length > 0) return levers;
  return [
    `asks because ${risk.score} is above τ ${risk.threshold}; its largest part is ${largestPart(risk)}`,
  ];
}

function pressureFlip(reason: PressureReason, input: GateInput): readonly string[] {
  const { risk } = input;
  const { components, settings } = risk;
  const others = components.operationalPressure.reasons.filter((other) => other !== reason);
  const without = combineRisk(
    {
      blastRadius: components.blastRadius.value,
      reversibility: components.reversibility.value,
      stateValidity: components.stateValidity.value,
      operationalPressure: cappedPressure(others, settings.pressure),
      baseline: risk.baseline,
    },
    settings.weights,
  );
  if (!(without.score <= risk.threshold)) return [];
  const saved = roundHundredths(
    components.operationalPressure.contribution - without.contributions.operationalPressure,
  );
  return [`asks because ${pressureName(reason)} adds ${saved}; under τ again ${pressureEnd(reason, input)}`];
}

function pressureName(reason: PressureReason): string {
  return reason.code.replaceAll('_', '-');
}

function pressureEnd(reason: PressureReason, input: GateInput): string {
  switch (reason.code) {
    case 'after_hours': {
      const time = businessTime(input);
      if (time.status === 'closed') return `at ${time.opensNext} ${input.timeZone}`;
      return time.status === 'open'
        ? 'within business hours'
        : 'within business hours, once SRE_TIMEZONE names a zone';
    }
    case 'freeze':
      return 'when the freeze ends';
    case 'cascade':
      return `with fewer than ${cascadeIncidents} open incidents on the provider`;
    case 'error_budget_low':
      return 'when more of the error budget is left';
    case 'failed_before':
      return '60 min after the failure';
    default:
      return reason.code satisfies never;
  }
}

function largestPart(risk: RiskScore): string {
  const { blastRadius, reversibility, stateValidity, operationalPressure } = risk.components;
  const parts = [
    { name: 'the baseline of the action', adds: risk.baselineUplift },
    { name: 'the blast radius', adds: blastRadius.contribution },
    { name: 'irreversibility', adds: reversibility.contribution },
    { name: 'preconditions that do not hold', adds: stateValidity.contribution },
    { name: 'operational pressure', adds: operationalPressure.contribution },
  ];
  const [first] = parts.toSorted((a, b) => b.adds - a.adds);
  return first === undefined ? 'unknown' : `${first.name} (${first.adds})`;
}
