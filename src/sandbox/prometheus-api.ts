import { defaultDetectionSettings } from '../core/detection.ts';
import { minutesToMs } from '../core/tempo.ts';
import type { Answer, HttpCall, RoutedReply } from './http-server.ts';
import { createQueryTable, type MetricSource } from './metric-vectors.ts';
import type { RequestOutcome } from './request-outcome.ts';

export type PrometheusRoute = '/api/v1/query' | '/api/v1/alerts' | '/-/ready';

/**
 * A Prometheus-compatible API (facts/integrations.md E4) over the gateway's own counters. It knows the queries of the
 * Prometheus adapter and no others; `now` gives milliseconds since 1970.
 */
export function createPrometheusApi(
  source: MetricSource,
  now: () => number,
): (call: HttpCall) => RoutedReply<PrometheusRoute> {
  const table = createQueryTable(source.tempo);
  const query = (call: HttpCall): Answer => {
    const measure = table.get(call.query.get('query') ?? '');
    if (measure === undefined) return failure('this query is not known to the sandbox');
    const atMs = now();
    const result = measure(source, atMs).map(({ metric, value }) => ({
      metric: { ...metric },
      value: [atMs / 1_000, String(value)],
    }));
    return success({ resultType: 'vector', result });
  };
  return (call) => {
    if (call.path === '/api/v1/query') return { route: '/api/v1/query', ...query(call) };
    if (call.path === '/api/v1/alerts')
      return { route: '/api/v1/alerts', ...success({ alerts: firingAlerts(source, now()) }) };
    if (call.path === '/-/ready')
      return { route: '/-/ready', status: 200, body: null, text: 'Prometheus Server is Ready.\n' };
    return { route: null, status: 404, body: null, text: '404 page not found\n' };
  };
}

function success(data: Answer['body']): Answer {
  return { status: 200, body: { status: 'success', data } };
}

function failure(error: string): Answer {
  return { status: 400, body: { status: 'error', errorType: 'bad_data', error } };
}

/** One alert rule, as a team would write it: a provider fails more than a quarter of its calls. */
function firingAlerts({ log, tempo }: MetricSource, nowMs: number) {
  const { shortMinutes, errorRatePercent, minRequests } = defaultDetectionSettings;
  const recent = log.within(minutesToMs(tempo, shortMinutes), nowMs);
  const calls = recent.flatMap((outcome) => outcome.attempts.map((attempt) => ({ outcome, attempt })));
  return [...Map.groupBy(calls, ({ attempt }) => attempt.deployment.provider)].flatMap(([provider, mine]) => {
    const failed = mine.filter(({ attempt }) => attempt.error !== null);
    const percent = (100 * failed.length) / mine.length;
    if (mine.length < minRequests || percent <= errorRatePercent) return [];
    return [alert(provider, percent, failed[0]?.outcome)];
  });
}

function alert(provider: string, percent: number, first: RequestOutcome | undefined) {
  return {
    labels: { alertname: 'ProviderErrorRateHigh', api_provider: provider, severity: 'critical' },
    annotations: { summary: `${provider} fails ${percent.toFixed(0)} % of its calls` },
    state: 'firing',
    activeAt: new Date(first?.arrival.atMs ?? 0).toISOString(),
    value: (percent / 100).toExponential(),
  };
}
