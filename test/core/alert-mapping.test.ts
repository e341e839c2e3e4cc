import { describe, expect, test } from 'vitest';
import { alertSignals, alertsMax, mapAlert, type FiringAlert } from '../../src/core/alert-mapping.ts';
import { cleanSignal } from '../../src/core/clean-signal.ts';
import { eventScope } from '../../src/core/event-scope.ts';
import { labelFingerprint } from '../../src/core/label-fingerprint.ts';
import { hostileTexts, textsIn, unseen } from '../support/hostile-texts.ts';

const seen = { source: 'alertmanager', observedAt: '2026-11-20T02:10:00.000Z' } as const;
const alert = (labels: Record<string, string>, annotations: Record<string, string> = {}): FiringAlert => ({
  labels,
  annotations,
  since: null,
  generatorUrl: null,
});

describe('the kind of an alert', () => {
  test.each([
    [{ alertname: 'ProviderErrors', api_provider: 'openai' }, 'provider.unhealthy', { provider: 'openai' }],
    [{ alertname: 'LLMProviderDown', provider: 'azure' }, 'provider.unhealthy', { provider: 'azure' }],
    [{ alertname: 'HighLatency', api_provider: 'openai' }, 'latency.spike', { provider: 'openai' }],
    [{ alertname: 'TeamBudget', team: 't1' }, 'budget.exceeded', { team: 't1' }],
    [{ alertname: 'OrgSpendHigh', org_id: 'o1' }, 'budget.exceeded', { org: 'o1' }],
    [{ alertname: 'GuardrailBlocks', guardrail_name: 'pii' }, 'guardrail.strikes', { guardrail: 'pii' }],
    [{ alertname: 'SloBurn', sla: 'gold' }, 'sla.violation', { sla: 'gold' }],
    [
      { alertname: 'Anything', scutum_kind: 'latency.spike', api_provider: 'openai' },
      'latency.spike',
      { provider: 'openai' },
    ],
    [
      { alertname: 'ProviderErrors', scutum_kind: 'budget.exceeded', team: 't1', api_provider: 'openai' },
      'budget.exceeded',
      { team: 't1' },
    ],
  ])('%j', (labels, kind, scope) => {
    expect(mapAlert(labels as unknown as FiringAlert['labels'])).toEqual({ kind, scope });
  });

  test.each([
    { alertname: 'ProviderErrors' },
    { alertname: 'ProviderErrors', api_provider: 'None' },
    { alertname: 'ProviderErrors', api_provider: '' },
    { alertname: 'DiskFull', api_provider: 'openai' },
    { alertname: 'X', scutum_kind: 'provider.unhealthy' },
    { alertname: 'X', scutum_kind: 'no.such.kind', api_provider: 'openai' },
    { alertname: 'X', scutum_kind: 'alert', api_provider: 'openai' },
  ])('%j is only an alert', (labels) => {
    const scope = { alertname: labels.alertname, fingerprint: labelFingerprint(labels) };
    expect(mapAlert(labels)).toEqual({ kind: 'alert', scope });
  });

  test('without any label it still has an identity', () => {
    expect(mapAlert({})).toEqual({
      kind: 'alert',
      scope: { alertname: '', fingerprint: 'cbf29ce484222325' },
    });
  });
});

describe('alert signals', () => {
  test('are never confirmed and keep the whole alert', () => {
    const { signals } = alertSignals(
      [alert({ alertname: 'ProviderErrors', api_provider: 'openai' }, { summary: 'openai fails' })],
      seen,
    );
    expect(signals).toMatchObject([
      {
        confirmed: false,
        source: 'alertmanager',
        summary: 'ProviderErrors: openai fails',
        payload: { annotations: { summary: 'openai fails' } },
      },
    ]);
  });

  test('a watchdog that always fires is no incident', () => {
    expect(alertSignals([alert({ alertname: 'Watchdog', severity: 'none' })], seen).signals).toEqual([]);
  });

  test('a storm of others does not crowd out what we know', () => {
    const storm = Array.from({ length: alertsMax + 20 }, (_item, n) =>
      alert({ alertname: 'Disk', instance: `${n}` }),
    );
    const { signals, cut } = alertSignals(
      [...storm, alert({ alertname: 'ProviderErrors', api_provider: 'openai' })],
      seen,
    );
    expect(signals).toHaveLength(alertsMax);
    expect(cut).toBe(21);
    expect(signals[0]?.kind).toBe('provider.unhealthy');
  });

  test('a secret in an annotation or a link is not kept', () => {
    const secret = 'sk-proj-0123456789abcdefghijABCDEFGHIJ0123456789';
    const { signals } = alertSignals(
      [
        {
          ...alert({ alertname: 'X' }, { summary: `upstream refused ${secret}`, note: `Bearer ${secret}` }),
          generatorUrl: 'https://user:hunter2secret@prometheus.example/graph',
        },
      ],
      seen,
    );
    expect(JSON.stringify(signals)).not.toContain(secret);
    expect(JSON.stringify(signals)).not.toContain('hunter2secret');
  });
});

describe('foreign text', () => {
  test.each(hostileTexts().map((text) => [JSON.stringify(text).slice(0, 60), text]))('%s', (_shown, text) => {
    const { signals } = alertSignals(
      [
        alert({ alertname: text, severity: text, [text]: text }, { summary: text, [text]: text }),
        alert({ alertname: `error ${text}`, api_provider: text, team: text }, { description: text }),
      ],
      seen,
    );
    expect(signals.length).toBeGreaterThan(0);
    for (const found of textsIn(signals)) expect(found).not.toMatch(unseen);
    for (const signal of signals) {
      expect(signal.summary.length).toBeLessThanOrEqual(300);
      for (const value of Object.values(signal.scope)) expect(value.length).toBeLessThanOrEqual(512);
    }
  });

  test.each([100, 5_000])('a payload of %i fields stays within its bound', (fields) => {
    const signal = cleanSignal({
      kind: 'alert',
      scope: { alertname: 'x' },
      summary: 'x',
      source: 'alertmanager',
      confirmed: false,
      observedAt: seen.observedAt,
      payload: Object.fromEntries(
        Array.from({ length: fields }, (_item, n) => [`key ${n}`, 'x'.repeat(500)]),
      ),
    });
    expect(JSON.stringify(signal.payload).length).toBeLessThan(40_000);
  });

  test('a key hash in a scope is an id and stays whole', () => {
    const hash = '3af9dcdb5de57e1fb5307822596e94a935811de2344954ff18f134bc906ca253';
    const signal = cleanSignal({
      kind: 'alert',
      scope: { key: hash },
      summary: 'x',
      source: 'alertmanager',
      confirmed: false,
      observedAt: seen.observedAt,
      payload: {},
    });
    expect(signal.scope['key']).toBe(hash);
  });
});

describe('the scope of an event', () => {
  test.each([
    ['provider.unhealthy', 'openai', null, { provider: 'openai' }],
    ['provider.unhealthy', 'ignored', { provider: 'azure' }, { provider: 'azure' }],
    ['budget.exceeded', 't1', {}, { team: 't1' }],
    ['budget.exceeded', null, { team_id: 't2', event: 'budget_crossed' }, { team: 't2' }],
    ['budget.exceeded', null, { team_id: null, organization_id: 'o1' }, { org: 'o1' }],
    [
      'sla.violation',
      null,
      { scope: { sla: 'gold', provider: 'openai' } },
      { sla: 'gold', provider: 'openai' },
    ],
    ['sla.violation', 'gold', { scope: { sla: 7 } }, { sla: 'gold' }],
    ['guardrail.strikes', 'pii', [1, 2], { guardrail: 'pii' }],
    ['guardrail.strikes', 'pii', 'text', { guardrail: 'pii' }],
    ['latency.spike', null, { error_rate: 1 }, null],
    ['latency.spike', '', null, null],
    ['alert', null, null, { alertname: 'some.type' }],
    ['alert', 'host-1', { provider: 'openai' }, { alertname: 'some.type', subject: 'host-1' }],
  ] as const)('%s about %s with %j', (kind, subject, data, scope) => {
    expect(eventScope(kind, { type: 'some.type', subject, data })).toEqual(scope);
  });
});
