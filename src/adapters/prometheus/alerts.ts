import { z } from 'zod';
import { SourceError, type SignalSourcePort } from '../../app/ports.ts';
import type { IncidentKind } from '../../core/incident.ts';
import { alertFields, detectionOf } from '../alert-wire.ts';
import type { PrometheusClient } from './client.ts';

const alertsSchema = z.object({ alerts: z.array(z.unknown()) });
const alertSchema = z.object({ ...alertFields, state: z.string(), activeAt: z.string().nullish() });

/**
 * Firing alerts of Prometheus itself, as unconfirmed signals. It knows no silences: where there is an Alertmanager, ask
 * that one instead. `judges` are the kinds whose absence here closes an incident (default: `alert` only).
 */
export function createPrometheusAlertSource(options: {
  readonly client: PrometheusClient;
  readonly now: () => string;
  readonly judges?: readonly IncidentKind[];
}): SignalSourcePort {
  return {
    name: 'prometheus_alerts',
    detect: async (signal) => {
      const { data, warnings } = await options.client.read('/api/v1/alerts', signal);
      const parsed = alertsSchema.safeParse(data);
      if (!parsed.success)
        throw new SourceError('prometheus_error', 'prometheus answered with no list of alerts');
      return detectionOf(
        parsed.data.alerts,
        alertSchema,
        (alert) =>
          alert.state === 'firing'
            ? {
                labels: alert.labels,
                annotations: alert.annotations ?? {},
                since: alert.activeAt ?? null,
                generatorUrl: alert.generatorURL ?? null,
              }
            : null,
        {
          source: 'prometheus_alerts',
          observedAt: options.now(),
          judges: options.judges ?? ['alert'],
          warnings,
        },
      );
    },
  };
}
