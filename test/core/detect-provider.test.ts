import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { detectLatencySpikes, detectUnhealthyProviders } from '../../src/core/detect-provider.ts';
import { defaultDetectionSettings, type Observation } from '../../src/core/detection.ts';
import { providerFailures } from '../../src/core/provider-fault.ts';

const observation: Observation = {
  settings: defaultDetectionSettings,
  source: 'spend_logs',
  observedAt: '2026-11-20T02:10:00.000Z',
};
const unhealthy = (total: number, failed: number) =>
  detectUnhealthyProviders([{ provider: 'openai', total, failed }], observation, null);
const spike = (medianMs: number | null, medianHourMs: number | null) =>
  detectLatencySpikes([{ provider: 'openai', medianMs, medianHourMs }], observation);

describe('provider.unhealthy', () => {
  test.each([
    { total: 4, failed: 4, fires: false, why: 'four requests say nothing' },
    { total: 5, failed: 2, fires: true, why: 'five requests are enough' },
    { total: 5, failed: 1, fires: false, why: '20 %' },
    { total: 8, failed: 2, fires: false, why: 'exactly 25 % is not above 25 %' },
    { total: 8, failed: 3, fires: true, why: '37.5 %' },
    { total: 100_000, failed: 25_000, fires: false, why: 'exactly 25 % of many' },
    { total: 100_000, failed: 25_001, fires: true, why: 'one request above 25 %' },
    { total: 0, failed: 0, fires: false, why: 'no request' },
  ])('$failed of $total: $why', ({ total, failed, fires }) => {
    expect(unhealthy(total, failed)).toHaveLength(fires ? 1 : 0);
  });

  test('says the figures in plain words', () => {
    expect(unhealthy(68, 28)).toEqual([
      {
        kind: 'provider.unhealthy',
        scope: { provider: 'openai' },
        summary: 'provider openai: 28 of 68 requests failed (41.2 %) in 5 min, limit 25 %',
        source: 'spend_logs',
        confirmed: true,
        observedAt: '2026-11-20T02:10:00.000Z',
        payload: {
          provider: 'openai',
          requests: 68,
          failed: 28,
          errorRatePercent: (100 * 28) / 68,
          windowMinutes: 5,
          limitPercent: 25,
        },
      },
    ]);
  });

  test('one that fires still fires with more failures', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), (total, failed) => {
        const fewer = unhealthy(total, Math.min(failed, total)).length;
        const more = unhealthy(total, Math.min(failed + 1, total)).length;
        expect(more).toBeGreaterThanOrEqual(fewer);
      }),
    );
  });

  test.each([
    { rows: [{ provider: 'openai', total: 90, failed: 40 }], verdict: 'agrees' },
    { rows: [{ provider: 'openai', total: 90, failed: 3 }], verdict: 'disagrees' },
    { rows: [{ provider: 'openai', total: 4, failed: 4 }], verdict: 'too few requests to tell' },
    { rows: [], verdict: 'too few requests to tell' },
  ])('keeps the other view as evidence: $verdict', ({ rows, verdict }) => {
    const [signal] = detectUnhealthyProviders([{ provider: 'openai', total: 68, failed: 28 }], observation, {
      source: 'prometheus',
      rows,
    });
    expect(signal?.payload['otherView']).toMatchObject({ source: 'prometheus', verdict });
  });

  test('the other view never makes or prevents a signal', () => {
    const other = { source: 'prometheus' as const, rows: [{ provider: 'openai', total: 50, failed: 50 }] };
    expect(
      detectUnhealthyProviders([{ provider: 'openai', total: 50, failed: 0 }], observation, other),
    ).toEqual([]);
  });
});

describe('429', () => {
  test.each([
    { rateLimitedTenants: 0, failures: 2 },
    { rateLimitedTenants: 1, failures: 2 },
    { rateLimitedTenants: 2, failures: 12 },
    { rateLimitedTenants: 3, failures: 12 },
  ])('met by $rateLimitedTenants tenants', ({ rateLimitedTenants, failures }) => {
    expect(providerFailures({ faults: 2, rateLimited: 10, rateLimitedTenants })).toBe(failures);
  });
});

describe('latency.spike', () => {
  test.each([
    { now: 3000, usual: 1000, fires: false, why: 'exactly three times is not above' },
    { now: 3000.1, usual: 1000, fires: true, why: 'just above' },
    { now: 3001, usual: 0, fires: false, why: 'a median of zero compares to nothing' },
    { now: null, usual: 1000, fires: false, why: 'too few requests now' },
    { now: 3001, usual: null, fires: false, why: 'too few requests in the hour' },
  ])('$now ms against $usual ms: $why', ({ now, usual, fires }) => {
    expect(spike(now, usual)).toHaveLength(fires ? 1 : 0);
  });

  test('says the figures in plain words', () => {
    expect(spike(4210, 800)[0]?.summary).toBe(
      'provider openai: median latency 4210 ms over 5 min, 5.3 times its 60-minute median of 800 ms',
    );
  });
});
