import { z } from 'zod';
import type { Detection, Warning } from '../app/ports.ts';
import { alertSignals, alertsMax, type FiringAlert } from '../core/alert-mapping.ts';
import type { IncidentKind, SignalSource } from '../core/incident.ts';

const labels = z.record(z.string(), z.string());

/** What both APIs say of an alert, under different names for its start. */
export const alertFields = { labels, annotations: labels.nullish(), generatorURL: z.string().nullish() };

/**
 * A detection from a list of alerts of either API. `firing` gives null for one that does not fire now; entries that do
 * not fit are counted into a warning.
 */
export function detectionOf<Alert>(
  entries: readonly unknown[],
  schema: z.ZodType<Alert>,
  firing: (alert: Alert) => FiringAlert | null,
  seen: {
    readonly source: SignalSource;
    readonly observedAt: string;
    readonly judges: readonly IncidentKind[];
    readonly warnings: readonly Warning[];
  },
): Detection {
  const parsed = entries.map((entry) => schema.safeParse(entry));
  const alerts = parsed.flatMap((entry) => (entry.success ? [firing(entry.data)] : []));
  const malformed = parsed.filter((entry) => !entry.success).length;
  const { signals, cut } = alertSignals(
    alerts.filter((alert) => alert !== null),
    { source: seen.source, observedAt: seen.observedAt },
  );
  return {
    signals,
    // What was cut may be any alert: then absence says nothing.
    judges: cut === 0 ? seen.judges : [],
    warnings: [
      ...seen.warnings,
      ...(malformed === 0
        ? []
        : [{ code: 'malformed_alerts', detail: `${seen.source}: ${malformed} alerts could not be read` }]),
      ...(cut === 0
        ? []
        : [
            {
              code: 'alerts_cut',
              detail: `${seen.source}: more than ${alertsMax} alerts fire; ${cut} were left out`,
            },
          ]),
    ],
  };
}
