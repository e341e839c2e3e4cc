import type { ActionType } from '../action.ts';
import { isPage } from '../policy/page-exemption.ts';
import type { PreconditionResult } from '../precondition.ts';
import { blastRadiusValue } from './blast-radius.ts';
import type { Reach } from './blast-radius.ts';
import { combineRisk } from './combine-risk.ts';
import { operationalPressure } from './operational-pressure.ts';
import type { OperationalPressure, PressureInput } from './operational-pressure.ts';
import { reversibilityValue } from './reversibility.ts';
import type { Reversibility } from './reversibility.ts';
import type { RiskScore, RiskSettings } from './risk-score.ts';
import { roundHundredths } from './round.ts';
import { stateValidity } from './state-validity.ts';

export interface RiskInput {
  readonly actionType: ActionType;
  /** 0–100; 0 for a revert. */
  readonly baseline: number;
  readonly reach: Reach;
  /** As it is now, after `effectiveReversibility`. */
  readonly bucket: Reversibility;
  readonly preconditions: readonly PreconditionResult[];
  readonly pressure: PressureInput;
  /** τ, 0–100. */
  readonly threshold: number;
  readonly settings: RiskSettings;
}

const noPressure: OperationalPressure = { value: 0, reasons: [] };

/**
 * Scores one action from state, library, clock and calendar alone (design.md §2.4); no model text enters. A component
 * that cannot be computed counts 100. All figures are hundredths, half up, and the addends shown sum to the score
 * before the clamp. Paging on-call is scored without operational pressure. Throws on weights that do not sum to 100.
 */
export function scoreRisk(input: RiskInput): RiskScore {
  const { settings } = input;
  const { weights } = settings;
  const validity = stateValidity(input.preconditions);
  const pressure = isPage(input.actionType)
    ? noPressure
    : operationalPressure(input.pressure, settings.pressure);
  const values = {
    blastRadius: bounded(blastRadiusValue(input.reach, settings.blastShape)),
    reversibility: bounded(reversibilityValue(input.bucket, settings.scale)),
    stateValidity: bounded(validity.value),
    operationalPressure: bounded(pressure.value),
  };
  const baseline = bounded(input.baseline);
  const combined = combineRisk({ ...values, baseline }, weights);
  const component = (name: keyof typeof values) => ({
    value: roundHundredths(values[name]),
    weight: weights[name],
    contribution: combined.contributions[name],
  });
  return {
    score: combined.score,
    threshold: input.threshold,
    baseline: roundHundredths(baseline),
    baselineUplift: combined.baselineUplift,
    components: {
      blastRadius: {
        ...component('blastRadius'),
        kinds: input.reach.status === 'known' ? input.reach.kinds : [],
      },
      reversibility: { ...component('reversibility'), bucket: input.bucket },
      stateValidity: { ...component('stateValidity'), failed: validity.failed, total: validity.total },
      operationalPressure: { ...component('operationalPressure'), reasons: pressure.reasons },
    },
    settings,
  };
}

/** Within 0–100; what is no number counts 100. */
function bounded(value: number): number {
  if (value < 0) return 0;
  return value <= 100 ? value : 100;
}
