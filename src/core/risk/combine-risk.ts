import type { RiskWeights } from './risk-score.ts';
import { roundAddends, roundHundredths } from './round.ts';

/** The four components and the action's baseline, each 0–100. */
export interface RiskParts {
  readonly blastRadius: number;
  readonly reversibility: number;
  readonly stateValidity: number;
  readonly operationalPressure: number;
  readonly baseline: number;
}

/** What each part adds, in hundredths; together they are the score before the clamp. */
export interface CombinedRisk {
  readonly score: number;
  readonly baselineUplift: number;
  readonly contributions: { readonly [K in keyof RiskWeights]: number };
}

/**
 * R of design.md §2.4: x = (w_B·B + w_Inv·Inv)/100, uplift = b·(1 − x/100),
 * R = clamp(x + uplift + (w_V·V + w_P·P)/100, 0, 100), rounded half up to hundredths. Never falls when a component
 * rises. Throws when the weights are negative or do not sum to 100: no score would mean anything then.
 */
export function combineRisk(parts: RiskParts, weights: RiskWeights): CombinedRisk {
  assertWeights(weights);
  const blastRadius = (weights.blastRadius * parts.blastRadius) / 100;
  const reversibility = (weights.reversibility * parts.reversibility) / 100;
  const stateValidity = (weights.stateValidity * parts.stateValidity) / 100;
  const operationalPressure = (weights.operationalPressure * parts.operationalPressure) / 100;
  const x = blastRadius + reversibility;
  const uplift = parts.baseline * (1 - x / 100);
  // x + uplift with x taken out once: written so, each step is monotone in x even in binary fractions.
  const total = x * (1 - parts.baseline / 100) + parts.baseline + stateValidity + operationalPressure;
  const addends = [blastRadius, reversibility, stateValidity, operationalPressure, uplift];
  const [b = 0, r = 0, v = 0, p = 0, baselineUplift = 0] = roundAddends(addends, total);
  return {
    score: Math.min(100, Math.max(0, roundHundredths(total))),
    baselineUplift,
    contributions: { blastRadius: b, reversibility: r, stateValidity: v, operationalPressure: p },
  };
}

function assertWeights(weights: RiskWeights): void {
  const all = [
    weights.blastRadius,
    weights.reversibility,
    weights.stateValidity,
    weights.operationalPressure,
  ];
  const sum = all.reduce((before, weight) => before + weight, 0);
  if (all.every((weight) => weight >= 0) && Math.abs(sum - 100) < 1e-9) return;
  throw new Error(`risk weights must be at least 0 and sum to 100, got ${all.join(', ')}`);
}
