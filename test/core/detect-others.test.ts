import { describe, expect, test } from 'vitest';
import { detectReachedBudgets, detectSpentBudgets } from '../../src/core/detect-budget.ts';
import { detectGuardrailStrikes } from '../../src/core/detect-guardrail.ts';
import { detectSlaViolations } from '../../src/core/detect-sla.ts';
import { defaultDetectionSettings, type Observation } from '../../src/core/detection.ts';
import type { SlaContract, SlaMetric } from '../../src/core/evidence.ts';

const observation: Observation = {
  settings: defaultDetectionSettings,
  source: 'gateway_tables',
  observedAt: '2026-11-20T02:10:00.000Z',
};

describe('budget.exceeded', () => {
  const reach = (spend: number, maxBudget: number | null, softBudget: number | null) =>
    detectReachedBudgets(
      [{ kind: 'team', id: 't1', alias: 'Batch', spend, maxBudget, softBudget }],
      observation,
    );
  test.each([
    { spend: 99.99, max: 100, soft: null, reached: undefined },
    { spend: 100, max: 100, soft: null, reached: 'hard' },
    { spend: 80, max: 100, soft: 80, reached: 'soft' },
    { spend: 79.99, max: 100, soft: 80, reached: undefined },
    { spend: 120, max: 100, soft: 80, reached: 'hard' },
    { spend: 1e9, max: null, soft: null, reached: undefined },
    { spend: 0, max: 0, soft: null, reached: 'hard' },
    { spend: Number.NaN, max: 0, soft: 0, reached: undefined },
  ])('spent $spend of $max, soft $soft: $reached', ({ spend, max, soft, reached }) => {
    expect(reach(spend, max, soft)[0]?.payload['reached']).toBe(reached);
  });

  test('says who and how much', () => {
    const [signal] = reach(101.2, 100, null);
    expect(signal?.scope).toEqual({ team: 't1' });
    expect(signal?.summary).toBe('team Batch (t1): spent 101.20 of 100.00 USD, hard budget reached');
  });

  test.each([
    { remaining: 0.01, fires: 0 },
    { remaining: 0, fires: 1 },
    { remaining: -3.17, fires: 1 },
  ])('a gauge that says $remaining is left', ({ remaining, fires }) => {
    const budgets = [{ kind: 'org' as const, id: 'o1', alias: null, remaining }];
    const signals = detectSpentBudgets(budgets, observation);
    expect(signals.map((signal) => signal.scope)).toEqual(fires === 1 ? [{ org: 'o1' }] : []);
  });
});

describe('sla.violation', () => {
  const contract = (
    metric: SlaMetric,
    target: number,
    suspendedUntil: string | null = null,
  ): SlaContract => ({
    id: 'gold',
    scope: { provider: 'openai' },
    metric,
    target,
    windowMinutes: 15,
    suspendedUntil,
  });
  const judge = (sla: SlaContract, value: number | null, samples = 50) =>
    detectSlaViolations([sla], [{ slaId: 'gold', value, samples }], observation);

  test.each([
    { metric: 'p95_ms' as const, target: 2000, value: 2000, fires: false },
    { metric: 'p95_ms' as const, target: 2000, value: 2000.5, fires: true },
    { metric: 'p99_ms' as const, target: 2000, value: 2001, fires: true },
    { metric: 'success_rate' as const, target: 99.5, value: 99.5, fires: false },
    { metric: 'success_rate' as const, target: 99.5, value: 99.49, fires: true },
    { metric: 'success_rate' as const, target: 99.5, value: null, fires: false },
  ])('$metric of $value against $target', ({ metric, target, value, fires }) => {
    expect(judge(contract(metric, target), value)).toHaveLength(fires ? 1 : 0);
  });

  test.each([
    { samples: 4, fires: 0 },
    { samples: 5, fires: 1 },
  ])('$samples samples', ({ samples, fires }) => {
    expect(judge(contract('p95_ms', 1), 2, samples)).toHaveLength(fires);
  });

  test.each([
    { until: '2026-11-20T02:10:00.001Z', fires: 0 },
    { until: '2026-11-20T03:10:00.000+01:00', fires: 1 },
    { until: '2026-11-20T02:10:00.000Z', fires: 1 },
    { until: 'some day', fires: 1 },
  ])('suspended until $until', ({ until, fires }) => {
    expect(judge(contract('p95_ms', 1, until), 2)).toHaveLength(fires);
  });

  test('its scope is the contract and what it is about', () => {
    const [signal] = judge(contract('success_rate', 99.95), 99.912);
    expect(signal?.scope).toEqual({ provider: 'openai', sla: 'gold' });
    expect(signal?.summary).toBe(
      'sla gold: success rate is 99.912 % over 15 min (50 requests), target 99.95 %',
    );
  });

  test('a contract without a measurement does not fire', () => {
    expect(detectSlaViolations([contract('p95_ms', 1)], [], observation)).toEqual([]);
  });
});

describe('guardrail.strikes', () => {
  test.each([
    { strikes: 9, medianHour: 0, fires: false },
    { strikes: 10, medianHour: 0, fires: true },
    { strikes: 12, medianHour: 4, fires: false },
    { strikes: 13, medianHour: 4, fires: true },
    { strikes: 10, medianHour: 3.5, fires: false },
  ])('$strikes strikes where $medianHour are usual', ({ strikes, medianHour, fires }) => {
    const signals = detectGuardrailStrikes([{ guardrail: 'pii-mask', strikes, medianHour }], observation);
    expect(signals.map((signal) => signal.scope)).toEqual(fires ? [{ guardrail: 'pii-mask' }] : []);
  });
});
