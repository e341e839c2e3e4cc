import type { Incident } from './incident.ts';
import { incidentId } from './incident.ts';

/**
 * The pager's dedup key (at most 255 characters): one alert per incident. Without an incident the text itself is the
 * key, so that a retry folds into the same alert and another text is another alert.
 */
export function pageDedupKey(incident: Pick<Incident, 'number'> | null, summary: string): string {
  if (incident !== null) return `scutum-sre/${incidentId(incident.number)}/page`;
  return `scutum-sre/manual/${encodeURIComponent(summary.toWellFormed()).slice(0, 200)}`;
}
