import { detected, type Observation } from './detection.ts';
import type { GuardrailStrikes } from './evidence.ts';
import type { Signal } from './incident.ts';

/**
 * `guardrail.strikes` for each guardrail with at least `strikesMin` interventions in the short window that are also
 * strictly above `strikesFactor` times its median short window.
 */
export function detectGuardrailStrikes(
  rows: readonly GuardrailStrikes[],
  observation: Observation,
): readonly Signal[] {
  const { settings } = observation;
  return rows
    .filter(
      (row) => row.strikes >= settings.strikesMin && row.strikes > settings.strikesFactor * row.medianHour,
    )
    .map(({ guardrail, strikes, medianHour }) =>
      detected(observation, {
        kind: 'guardrail.strikes',
        scope: { guardrail },
        summary:
          `guardrail ${guardrail}: ${strikes} interventions in ${settings.shortMinutes} min, ` +
          `usually ${Math.round(medianHour * 10) / 10}`,
        payload: {
          guardrail,
          strikes,
          medianHour,
          windowMinutes: settings.shortMinutes,
          limitFactor: settings.strikesFactor,
        },
      }),
    );
}
