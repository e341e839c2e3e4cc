import { z } from 'zod';
import { SourceError, type SignalSourcePort } from '../../app/ports.ts';
import type { IncidentKind } from '../../core/incident.ts';
import { alertFields, detectionOf } from '../alert-wire.ts';
import {
  createMonitoringApi,
  shownError,
  type JsonAnswer,
  type MonitoringEndpoint,
} from '../monitoring-api.ts';

const alertSchema = z.object({
  ...alertFields,
  startsAt: z.string().nullish(),
  status: z.object({
    state: z.string(),
    silencedBy: z.array(z.unknown()).nullish(),
    inhibitedBy: z.array(z.unknown()).nullish(),
    mutedBy: z.array(z.unknown()).nullish(),
  }),
});
type Alert = z.infer<typeof alertSchema>;

/** Only what somebody should look at now; repeated on our side because older releases ignore some of it. */
const activeOnly = { active: 'true', silenced: 'false', inhibited: 'false', unprocessed: 'false' };

/**
 * Alerts of Alertmanager (API v2) that are active and neither silenced, inhibited nor muted, as unconfirmed signals.
 * `judges` are the kinds whose absence here closes an incident (default: `alert` only).
 */
export function createAlertmanagerSource(options: {
  readonly endpoint: MonitoringEndpoint;
  readonly now: () => string;
  readonly judges?: readonly IncidentKind[];
}): SignalSourcePort {
  const api = createMonitoringApi('alertmanager', options.endpoint);
  return {
    name: 'alertmanager',
    detect: async (signal) =>
      detectionOf(
        alertList(await api('/api/v2/alerts', activeOnly, signal)),
        alertSchema,
        (alert) =>
          isActive(alert)
            ? {
                labels: alert.labels,
                annotations: alert.annotations ?? {},
                since: alert.startsAt ?? null,
                generatorUrl: alert.generatorURL ?? null,
              }
            : null,
        {
          source: 'alertmanager',
          observedAt: options.now(),
          judges: options.judges ?? ['alert'],
          warnings: [],
        },
      ),
  };
}

function isActive({ status }: Alert): boolean {
  const held = [status.silencedBy, status.inhibitedBy, status.mutedBy].some((by) => (by?.length ?? 0) > 0);
  return status.state === 'active' && !held;
}

function alertList({ httpStatus, body }: JsonAnswer): readonly unknown[] {
  if (httpStatus === 200 && Array.isArray(body)) return body;
  // Its error bodies are bare JSON strings.
  const detail = typeof body === 'string' ? `: ${shownError(body)}` : ' with no list of alerts';
  throw new SourceError('alertmanager_error', `alertmanager answered ${httpStatus}${detail}`);
}
