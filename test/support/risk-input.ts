import type { PreconditionResult } from '../../src/core/precondition.ts';
import type { Reach } from '../../src/core/risk/blast-radius.ts';
import { defaultRiskSettings } from '../../src/core/risk/risk-score.ts';
import type { RiskInput } from '../../src/core/risk/score-risk.ts';

/** Friday 10:00 and Saturday 03:10 in Berlin. */
export const byDay = '2026-11-20T09:00:00.000Z';
export const byNight = '2026-11-21T02:10:00.000Z';

/** Traffic of which this many per cent goes through the target. */
export function reachOf(percent: number): Reach {
  return { status: 'known', kinds: [{ kind: 'requests', affected: percent, active: 100, names: [] }] };
}

/** Required preconditions, the first `stale` of them false. */
export function preconditionsWith(counts: { stale: number; of: number }): readonly PreconditionResult[] {
  return Array.from({ length: counts.of }, (_, index) => ({
    id: `required.${index}`,
    source: 'required' as const,
    severity: index === counts.of - 1 ? ('must' as const) : ('should' as const),
    holds: index < counts.stale ? ('fails' as const) : ('holds' as const),
    detail: `observed ${index}`,
  }));
}

/** A breaker on a provider with 10 % of traffic, by day: 17.55. */
export const breakerByDay: RiskInput = {
  actionType: 'route.circuit_break',
  baseline: 15,
  reach: reachOf(10),
  bucket: 'auto_reverting',
  preconditions: preconditionsWith({ stale: 0, of: 4 }),
  pressure: {
    now: byDay,
    timeZone: 'Europe/Berlin',
    openIncidentsOnSameProvider: 1,
    failedLastHour: false,
    freeze: { state: 'not_configured' },
    errorBudget: { state: 'not_configured' },
  },
  threshold: 40,
  settings: defaultRiskSettings,
};
