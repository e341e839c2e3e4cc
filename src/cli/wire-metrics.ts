import type { FactReader, SignalSourcePort } from '../app/ports.ts';
import type { GatewayReads } from '../adapters/postgres/gateway-reads.ts';
import type { PrometheusReads } from '../adapters/prometheus/reads.ts';
import type { DetectionSettings } from '../core/detection.ts';
import { incidentKinds } from '../core/incident.ts';
import type { Config } from './config.ts';
import type { Session } from './session.ts';

/** What Prometheus and Alertmanager give to one triage. */
export interface Metrics {
  readonly sources: readonly SignalSourcePort[];
  readonly facts: FactReader | null;
  /** For the other view's evidence; null without a Prometheus. */
  readonly reads: PrometheusReads | null;
}

export type OpenMetrics = (settings: DetectionSettings, gateway: GatewayReads | null) => Metrics;

/** Prometheus and Alertmanager, as far as configured. Alertmanager knows silences, so it is asked instead where it is. */
export async function openMetrics(
  config: Config,
  session: Session,
  known: { readonly gatewayTables: boolean },
): Promise<OpenMetrics | null> {
  const { now } = session.clock;
  // Without a detector nothing but the alert can say that a condition is over.
  const detects = known.gatewayTables || config.prometheus !== null;
  const alertmanager = await openAlertmanager(config, { now, ...(detects ? {} : { judges: incidentKinds }) });
  if (config.prometheus === null)
    return alertmanager === null ? null : () => ({ sources: [alertmanager], facts: null, reads: null });
  const [client, reads, source, facts, alerts] = await Promise.all([
    import('../adapters/prometheus/client.ts'),
    import('../adapters/prometheus/reads.ts'),
    import('../adapters/prometheus/source.ts'),
    import('../adapters/prometheus/facts.ts'),
    import('../adapters/prometheus/alerts.ts'),
  ]);
  const prometheus = client.createPrometheusClient(config.prometheus);
  const firing = alertmanager ?? alerts.createPrometheusAlertSource({ client: prometheus, now });
  return (settings, gateway) => {
    const fresh = reads.createPrometheusReads({ client: prometheus, settings, now });
    return {
      sources: [source.createPrometheusSource({ reads: fresh, ...trafficOf(gateway) }), firing],
      facts: facts.createPrometheusFacts(fresh),
      reads: fresh,
    };
  };
}

/** What SpendLogs counted, kept by the Prometheus detector as evidence. */
function trafficOf(gateway: GatewayReads | null) {
  return gateway === null
    ? {}
    : { traffic: async (signal: AbortSignal) => (await gateway.providers(signal)).rows };
}

/** What Prometheus counted, kept by the SpendLogs detector as evidence. */
export function metricsOf(reads: PrometheusReads | null) {
  return reads === null
    ? {}
    : { metrics: async (signal: AbortSignal) => (await reads.providers(signal)).rows };
}

async function openAlertmanager(
  config: Config,
  options: { readonly now: () => string; readonly judges?: typeof incidentKinds },
): Promise<SignalSourcePort | null> {
  if (config.alertmanager === null) return null;
  const { createAlertmanagerSource } = await import('../adapters/alertmanager/source.ts');
  return createAlertmanagerSource({ endpoint: config.alertmanager, ...options });
}
