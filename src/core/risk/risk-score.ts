import type { BlastShape, ReachKind } from './blast-radius.ts';
import type { Reversibility, ReversibilityScale } from './reversibility.ts';

/** Weights ≥ 0 that sum to 100. */
export interface RiskWeights {
  readonly blastRadius: number;
  readonly reversibility: number;
  readonly stateValidity: number;
  readonly operationalPressure: number;
}

/** Points each pressure adds when it applies; their sum is capped. */
export interface PressurePoints {
  readonly afterHours: number;
  readonly freeze: number;
  readonly cascade: number;
  readonly errorBudgetLow: number;
  readonly failedBefore: number;
  readonly cap: number;
}

export interface RiskSettings {
  readonly weights: RiskWeights;
  readonly pressure: PressurePoints;
  readonly scale: ReversibilityScale;
  readonly blastShape: BlastShape;
  /** Where the settings came from: shown in every score record. */
  readonly source: string;
}

/** design.md §2.4 defaults. */
export const defaultRiskSettings: RiskSettings = {
  weights: { blastRadius: 30, reversibility: 15, stateValidity: 30, operationalPressure: 25 },
  pressure: { afterHours: 70, freeze: 100, cascade: 40, errorBudgetLow: 40, failedBefore: 60, cap: 100 },
  scale: { triviallyReversible: 30, auditTrailOnly: 70 },
  blastShape: 'linear',
  source: 'built-in default',
};

export interface PressureReason {
  readonly code: 'after_hours' | 'freeze' | 'cascade' | 'error_budget_low' | 'failed_before';
  readonly points: number;
  readonly detail: string;
}

export interface RiskComponent {
  /** 0–100. */
  readonly value: number;
  readonly weight: number;
  /** value × weight / 100. */
  readonly contribution: number;
}

/** Every addend shown: contributions and `baselineUplift` sum to `score` before the clamp. Hundredths, half up. */
export interface RiskScore {
  readonly score: number;
  readonly threshold: number;
  readonly baseline: number;
  readonly baselineUplift: number;
  readonly components: {
    readonly blastRadius: RiskComponent & { readonly kinds: readonly ReachKind[] };
    readonly reversibility: RiskComponent & { readonly bucket: Reversibility };
    readonly stateValidity: RiskComponent & { readonly failed: number; readonly total: number };
    readonly operationalPressure: RiskComponent & { readonly reasons: readonly PressureReason[] };
  };
  /** Provenance of weights, pressure points and threshold. */
  readonly settings: RiskSettings;
}
