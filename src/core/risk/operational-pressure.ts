import type { ConfiguredState, ErrorBudget } from '../policy/configured-state.ts';
import { businessTime } from './business-hours.ts';
import type { PressurePoints, PressureReason } from './risk-score.ts';

/** So many open incidents on one provider within 30 min are a cascade. */
export const cascadeIncidents = 3;
/** An error budget with less than this left adds pressure, in per cent. */
export const errorBudgetPressurePercent = 75;

export interface PressureInput {
  /** ISO 8601. */
  readonly now: string;
  /** IANA zone of business hours; null counts as after hours. */
  readonly timeZone: string | null;
  /** Open incidents on the same provider that began within 30 min, this one included. */
  readonly openIncidentsOnSameProvider: number;
  /** A remediation of the same target failed or made it worse within 60 min. */
  readonly failedLastHour: boolean;
  readonly freeze: ConfiguredState;
  readonly errorBudget: ErrorBudget;
}

export interface OperationalPressure {
  /** 0–100: the points of all reasons, capped. */
  readonly value: number;
  /** Each with its points before the cap. */
  readonly reasons: readonly PressureReason[];
}

type Cause = Pick<PressureReason, 'code' | 'detail'>;

/** P of design.md §2.4: min(cap, Σ δ·φ). What cannot be read counts; what is not configured does not apply. */
export function operationalPressure(input: PressureInput, points: PressurePoints): OperationalPressure {
  const causes = [
    afterHours(input),
    frozen(input.freeze),
    cascade(input.openIncidentsOnSameProvider),
    budgetLow(input.errorBudget),
    failedBefore(input.failedLastHour),
  ];
  const reasons = causes
    .filter((cause) => cause !== null)
    .map((cause): PressureReason => ({
      code: cause.code,
      points: pointsOf(cause.code, points),
      detail: cause.detail,
    }));
  return { value: cappedPressure(reasons, points), reasons };
}

/** The points of these reasons together, at most `cap`. */
export function cappedPressure(reasons: readonly PressureReason[], points: PressurePoints): number {
  return Math.min(
    points.cap,
    reasons.reduce((sum, reason) => sum + reason.points, 0),
  );
}

function pointsOf(code: PressureReason['code'], points: PressurePoints): number {
  switch (code) {
    case 'after_hours':
      return points.afterHours;
    case 'freeze':
      return points.freeze;
    case 'cascade':
      return points.cascade;
    case 'error_budget_low':
      return points.errorBudgetLow;
    case 'failed_before':
      return points.failedBefore;
    default:
      return code satisfies never;
  }
}

function afterHours(input: PressureInput): Cause | null {
  const time = businessTime(input);
  if (time.status === 'open') return null;
  const detail =
    time.status === 'unknown'
      ? `counts as after hours: ${time.reason}`
      : `${time.local} ${input.timeZone} is outside Mon–Fri 08–18`;
  return { code: 'after_hours', detail };
}

function frozen(freeze: ConfiguredState): Cause | null {
  if (freeze.state === 'not_configured' || freeze.state === 'clear') return null;
  const detail =
    freeze.state === 'holds' ? freeze.detail : `calendar cannot be read, counts as frozen: ${freeze.reason}`;
  return { code: 'freeze', detail };
}

function cascade(open: number): Cause | null {
  // Written so that a count that is no number counts.
  if (open < cascadeIncidents) return null;
  return { code: 'cascade', detail: `${open} open incidents on the same provider within 30 min` };
}

function budgetLow(budget: ErrorBudget): Cause | null {
  if (budget.state === 'not_configured') return null;
  if (budget.state === 'unknown')
    return { code: 'error_budget_low', detail: `error budget unknown, counts as low: ${budget.reason}` };
  if (budget.remainingPercent >= errorBudgetPressurePercent) return null;
  return { code: 'error_budget_low', detail: `${budget.remainingPercent} % of the error budget left` };
}

function failedBefore(failed: boolean): Cause | null {
  if (!failed) return null;
  return { code: 'failed_before', detail: 'a remediation of the same target failed within 60 min' };
}
