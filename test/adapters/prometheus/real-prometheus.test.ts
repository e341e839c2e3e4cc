import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createPrometheusAlertSource } from '../../../src/adapters/prometheus/alerts.ts';
import { createPrometheusClient } from '../../../src/adapters/prometheus/client.ts';
import { createPrometheusFacts } from '../../../src/adapters/prometheus/facts.ts';
import { prometheusQueries } from '../../../src/adapters/prometheus/queries.ts';
import { createPrometheusReads } from '../../../src/adapters/prometheus/reads.ts';
import { createPrometheusSource } from '../../../src/adapters/prometheus/source.ts';
import { createAlertmanagerSource } from '../../../src/adapters/alertmanager/source.ts';
import { defaultDetectionSettings } from '../../../src/core/detection.ts';
import type { ProviderMetrics } from '../../../src/core/evidence.ts';
import type { Signal } from '../../../src/core/incident.ts';
import { sharedFolder } from '../../support/database.ts';
import { hostileStrings } from '../../fixtures/hostile-strings.ts';
import { textsIn, unseen } from '../../support/hostile-texts.ts';
import { serveMetrics, type MetricsPage } from '../../support/litellm-metrics.ts';
import { startAlertmanager, startPrometheus, type MonitoringServer } from '../../support/prometheus.ts';
import { reply, startRawServer } from '../../support/raw-server.ts';

const attempts = 'litellm_deployment_total_requests_total';
const failures = 'litellm_deployment_failure_responses_total';
const latency = 'litellm_llm_api_latency_metric';
const strikes = 'litellm_guardrail_errors_total';
const sample = new URL('facts/data/litellm-metrics.prom', sharedFolder);

/** Nominal minutes of 0.4 s: the short window is 2 s, the long one 24 s. */
const settings = { ...defaultDetectionSettings, tempo: { minuteMs: 400 } };
const now = () => new Date().toISOString();
const signal = () => AbortSignal.timeout(10_000);
/** Scrapes before the trouble begins. */
const calm = 15;

/** What each scrape finds: a calm start with much quick traffic, then slow requests and guardrail strikes. */
function traffic(page: MetricsPage, scrape: number): void {
  const label = (provider: string, team = 't1', key = 'k1') => ({
    api_provider: provider,
    team,
    hashed_api_key: key,
    litellm_model_name: 'm',
  });
  const fail = (provider: string, status: string, name: string, team = 't1', key = 'k1') => ({
    ...label(provider, team, key),
    exception_status: status,
    exception_class: name,
  });
  for (const provider of [
    'broken',
    'stuck',
    'healthy',
    'client',
    'onequota',
    'limited',
    'keys',
    'gateway',
    'None',
    '',
  ])
    page.add(attempts, label(provider), 10);
  page.add(attempts, label('idle'), scrape === 0 ? 50 : 0);
  page.add(failures, fail('idle', '500', 'Idle.InternalServerError'), scrape === 0 ? 50 : 0);
  page.add(failures, fail('broken', '503', 'Broken.ServiceUnavailableError'), 3);
  page.add(failures, fail('broken', '408', 'Broken.Timeout'), 1);
  page.add(failures, fail('stuck', 'None', 'Stuck.APIConnectionError'), 4);
  page.add(failures, fail('client', '400', 'Client.BadRequestError'), 5);
  page.add(failures, fail('client', 'None', 'Client.ContentPolicyViolationError'), 4);
  page.add(failures, fail('onequota', '429', 'Onequota.RateLimitError'), 9);
  page.add(failures, fail('limited', '429', 'Limited.RateLimitError', 't1'), 3);
  page.add(failures, fail('limited', 'None', 'Limited.RateLimitError', 't2'), 3);
  page.add(failures, fail('keys', '429', 'Keys.RateLimitError', 'None', 'k1'), 3);
  page.add(failures, fail('keys', '429', 'Keys.RateLimitError', 'None', 'k2'), 3);
  page.add(failures, fail('gateway', '500', 'Gateway.ProxyException'), 9);
  page.add(failures, fail('None', '500', 'None.InternalServerError'), 9);
  const slow = scrape >= calm;
  for (let n = 0; n < (slow ? 6 : 60); n++) {
    page.observe(latency, { api_provider: 'broken', model: 'm' }, slow ? 7 : 0.2);
    page.observe(latency, { api_provider: 'healthy', model: 'm' }, 0.2);
  }
  if (scrape === 0) for (let n = 0; n < 9; n++) page.observe(latency, { api_provider: 'idle' }, 9);
  page.add(strikes, { guardrail_name: 'pii', error_type: 'HTTPException' }, slow ? 4 : 0);
  page.set('litellm_remaining_team_budget_metric', { team: 't1', team_alias: 'Batch' }, -3.17);
  page.set('litellm_remaining_team_budget_metric', { team: 't2', team_alias: 'None' }, 0.01);
  page.set('litellm_remaining_org_budget_metric', { org_id: 'o1', org_alias: 'Retail' }, 0);
}

const rules = `
        - { alert: ProviderErrors, expr: 'sum by (api_provider) (${attempts}{api_provider="broken"}) > 0',
            labels: { severity: critical }, annotations: { summary: 'attempts fail at {{ $labels.api_provider }}' } }
        - { alert: DiskFull, expr: 'vector(1)', labels: { instance: 'host-1' } }
        - { alert: Silenced, expr: 'vector(1)' }
        - { alert: Inhibited, expr: 'vector(1)' }
        - { alert: Watchdog, expr: 'vector(1)', labels: { severity: none } }
        - { alert: NotYet, expr: 'vector(1)', for: 1h }`.slice(1);
const inhibitRules = `inhibit_rules: [{ source_matchers: [alertname = DiskFull], target_matchers: [alertname = Inhibited] }]\n`;

const hostile = hostileStrings.map((text) => text.slice(0, 300));

function hostilePage(page: MetricsPage): void {
  for (const text of hostile) {
    const labels = { api_provider: text, team: text, team_alias: text, guardrail_name: text };
    page.set('litellm_remaining_team_budget_metric', labels, -1);
    page.add(attempts, labels, 10);
    page.add(strikes, labels, 10);
    page.add(failures, { ...labels, exception_status: '500', exception_class: text }, 10);
  }
}

/** Started together, because each takes five seconds to discover its targets. */
const running = await startAll();

type Running = Extract<MonitoringServer, { status: 'running' }>;

async function startAll() {
  const alertmanager = await startAlertmanager({ inhibitRules });
  if (alertmanager.status === 'missing') return alertmanager;
  const text = existsSync(sample) ? readFileSync(sample, 'utf8') : '';
  const pages = [
    await serveMetrics(traffic),
    await serveMetrics(hostilePage),
    await startRawServer((_request, response) => reply(response, 200, text, 'text/plain; version=0.0.4')),
  ] as const;
  const [main, strange, plain] = await Promise.all([
    startPrometheus({
      targets: { litellm: new URL(pages[0].url).host },
      interval: '100ms',
      rules,
      alertmanager: new URL(alertmanager.url).host,
      prefix: '/prometheus',
    }),
    startPrometheus({ targets: { litellm: new URL(pages[1].url).host }, interval: '100ms' }),
    startPrometheus({ targets: { litellm: new URL(pages[2].url).host }, interval: '200ms' }),
  ]);
  const servers = [alertmanager, main, strange, plain];
  const stop = async () => {
    await Promise.all(
      servers.map(async (server) => {
        if (server.status === 'running') await server.stop();
      }),
    );
    await Promise.all(pages.map((page) => page.stop()));
  };
  const missing = servers.find((server) => server.status === 'missing');
  if (missing !== undefined) {
    await stop();
    return missing;
  }
  return { status: 'running' as const, urls: servers.map((server) => (server as Running).url), stop };
}

if (running.status === 'missing') console.warn(`Prometheus tests skip: ${running.reason}`);
const nowhere = 'http://skipped.invalid';
const [alertmanagerUrl = nowhere, mainUrl = nowhere, strangeUrl = nowhere, plainUrl = nowhere] =
  running.status === 'running' ? running.urls : [];
afterAll(async () => {
  if (running.status === 'running') await running.stop();
});

describe.skipIf(running.status === 'missing')('a real Prometheus', () => {
  const client = createPrometheusClient({ url: `${mainUrl}/prometheus/`, token: null });
  const reads = () => createPrometheusReads({ client, settings, now });
  const source = () => createPrometheusSource({ reads: reads() });
  const providers = async () => (await reads().providers(signal())).rows;
  const providerOf = (rows: readonly ProviderMetrics[], name: string) =>
    rows.find((row) => row.provider === name);
  const has = (signals: readonly Signal[], kind: string) => signals.some((found) => found.kind === kind);

  beforeAll(async () => {
    await fetch(`${alertmanagerUrl}/api/v2/silences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        matchers: [{ name: 'alertname', value: 'Silenced', isRegex: false, isEqual: true }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 3_600_000).toISOString(),
        createdBy: 'test',
        comment: 'test',
      }),
    });
  });
  test('every query of ours is one it understands', async () => {
    for (const query of Object.values(prometheusQueries(defaultDetectionSettings)))
      expect((await client.queryVector(query, signal())).warnings).toEqual([]);
  });

  test('sees the trouble, all of it and nothing else', async () => {
    const found = await vi.waitFor(
      async () => {
        const detection = await source().detect(signal());
        expect(has(detection.signals, 'latency.spike')).toBe(true);
        expect(has(detection.signals, 'guardrail.strikes')).toBe(true);
        expect(has(detection.signals, 'provider.unhealthy')).toBe(true);
        return detection;
      },
      { timeout: 30_000, interval: 100 },
    );
    const shown = found.signals.map(({ kind, scope }) => `${kind} ${Object.values(scope).join()}`);
    expect(shown.toSorted()).toEqual([
      'budget.exceeded o1',
      'budget.exceeded t1',
      'guardrail.strikes pii',
      'latency.spike broken',
      'provider.unhealthy broken',
      'provider.unhealthy keys',
      'provider.unhealthy limited',
      'provider.unhealthy stuck',
    ]);
    expect(found.signals.every((seen) => seen.confirmed && seen.source === 'prometheus')).toBe(true);
    expect(found.judges.toSorted()).toEqual([
      'budget.exceeded',
      'guardrail.strikes',
      'latency.spike',
      'provider.unhealthy',
    ]);
    expect(found.warnings).toEqual([]);
  });

  test('counts are whole, shares are right, and no data is no number', async () => {
    const rows = await providers();
    const broken = providerOf(rows, 'broken');
    expect(Number.isInteger(broken?.total)).toBe(true);
    expect((broken?.failed ?? 0) / (broken?.total ?? 0)).toBeCloseTo(0.4, 1);
    expect(broken?.medianMs).toBeGreaterThan(5_000);
    expect(broken?.medianHourMs).toBeLessThan(1_000);
    expect(providerOf(rows, 'healthy')).toMatchObject({ failed: 0 });
    expect(providerOf(rows, 'client')).toMatchObject({ failed: 0 });
    expect(providerOf(rows, 'onequota')).toMatchObject({ failed: 0 });
    expect(providerOf(rows, 'gateway')).toMatchObject({ failed: 0 });
    expect(providerOf(rows, 'idle')).toMatchObject({ total: 0, failed: 0, medianMs: null });
    expect(rows.some((row) => ['', 'none', 'None'].includes(row.provider))).toBe(false);
  });

  test('the reading is the same, read once for source and facts', async () => {
    const shared = reads();
    const reading = await createPrometheusFacts(shared).read('metrics.providers', signal());
    expect(reading).toMatchObject({ status: 'known', source: 'prometheus' });
    expect(reading.status === 'known' && reading.value).toBe((await shared.providers(signal())).rows);
  });

  test('what SpendLogs saw stands beside it', async () => {
    const detection = await createPrometheusSource({
      reads: reads(),
      traffic: () =>
        Promise.resolve([
          {
            provider: 'broken',
            total: 50,
            failed: 0,
            rateLimitedTeams: 0,
            medianMs: null,
            p95Ms: null,
            p99Ms: null,
            medianHourMs: null,
          },
        ]),
    }).detect(signal());
    const broken = detection.signals.find(
      ({ kind, scope }) => kind === 'provider.unhealthy' && scope['provider'] === 'broken',
    );
    expect(broken?.payload['otherView']).toMatchObject({ source: 'spend_logs', verdict: 'disagrees' });
  });

  test('its firing alerts, not the pending ones', async () => {
    const alerts = () => createPrometheusAlertSource({ client, now }).detect(signal());
    const found = await vi.waitFor(
      async () => {
        const detection = await alerts();
        expect(detection.signals).toHaveLength(4);
        return detection;
      },
      { timeout: 20_000, interval: 100 },
    );
    const provider = found.signals.find(({ kind }) => kind === 'provider.unhealthy');
    expect(provider).toMatchObject({
      scope: { provider: 'broken' },
      summary: 'ProviderErrors: attempts fail at broken',
      confirmed: false,
      source: 'prometheus_alerts',
    });
    const names = found.signals.flatMap(({ scope }) => scope['alertname'] ?? []);
    expect(names.toSorted()).toEqual(['DiskFull', 'Inhibited', 'Silenced']);
    expect(found.judges).toEqual(['alert']);
  });

  test('Alertmanager leaves out what is silenced or inhibited, and means the same alert by the same fingerprint', async () => {
    const endpoint = { url: alertmanagerUrl, token: null };
    const found = await vi.waitFor(
      async () => {
        const detection = await createAlertmanagerSource({ endpoint, now }).detect(signal());
        const names = detection.signals.map(({ kind, scope }) => scope['alertname'] ?? kind);
        expect(names.toSorted()).toEqual(['DiskFull', 'provider.unhealthy']);
        return detection;
      },
      { timeout: 30_000, interval: 200 },
    );
    const raw = (await (await fetch(`${alertmanagerUrl}/api/v2/alerts`)).json()) as readonly {
      readonly labels: { readonly alertname: string };
      readonly fingerprint: string;
    }[];
    const disk = found.signals.find(({ kind }) => kind === 'alert');
    expect(disk?.scope['fingerprint']).toBe(
      raw.find(({ labels }) => labels.alertname === 'DiskFull')?.fingerprint,
    );
    const direct = await createPrometheusAlertSource({ client, now }).detect(signal());
    expect(direct.signals.map(({ scope }) => scope)).toContainEqual(disk?.scope);
    expect(found.signals.every(({ confirmed, source: from }) => !confirmed && from === 'alertmanager')).toBe(
      true,
    );
  });
});

describe.skipIf(running.status === 'missing' || !existsSync(sample))('the sample page of facts/data', () => {
  test('its names and labels are the ones we ask for', async () => {
    const client = createPrometheusClient({ url: plainUrl, token: null });
    const found = await vi.waitFor(
      async () => {
        const detection = await createPrometheusSource({
          reads: createPrometheusReads({ client, settings: defaultDetectionSettings, now }),
        }).detect(signal());
        expect(detection.judges).toContain('guardrail.strikes');
        expect(detection.judges).toContain('provider.unhealthy');
        return detection;
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(found.signals).toMatchObject([
      {
        kind: 'budget.exceeded',
        scope: { team: 'team-batch' },
        summary: 'team Batch (team-batch): -3.17 USD of the hard budget left',
      },
    ]);
  });
});

describe.skipIf(running.status === 'missing')('hostile labels', () => {
  test('come through a real Prometheus and out visible', async () => {
    const client = createPrometheusClient({ url: strangeUrl, token: null });
    const found = await vi.waitFor(
      async () => {
        const reads = createPrometheusReads({ client, settings, now });
        const detection = await createPrometheusSource({ reads }).detect(signal());
        expect(detection.signals.length).toBeGreaterThan(100);
        return detection;
      },
      { timeout: 20_000, interval: 200 },
    );
    for (const text of textsIn(found)) expect(text).not.toMatch(unseen);
  });
});
