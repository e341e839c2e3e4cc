import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combineRisk } from '../../../src/core/risk/combine-risk.ts';
import type { RiskParts } from '../../../src/core/risk/combine-risk.ts';
import { defaultRiskSettings } from '../../../src/core/risk/risk-score.ts';
import type { RiskScore } from '../../../src/core/risk/risk-score.ts';
import { roundHundredths } from '../../../src/core/risk/round.ts';
import { scoreRisk } from '../../../src/core/risk/score-risk.ts';
import type { RiskInput } from '../../../src/core/risk/score-risk.ts';
import { breakerByDay, byNight, preconditionsWith, reachOf } from '../../support/risk-input.ts';

const night = { ...breakerByDay.pressure, now: byNight };
const swap: Partial<RiskInput> = {
  actionType: 'route.fallback_swap',
  baseline: 25,
  bucket: 'trivially_reversible',
};
const raise: Partial<RiskInput> = {
  actionType: 'limit.raise',
  baseline: 30,
  bucket: 'trivially_reversible',
  reach: reachOf(5),
};

/** design.md §2.4, row by row. */
const golden: readonly [string, Partial<RiskInput>, readonly [number, number, number, number], number][] = [
  ['break a provider with 10 % of traffic, by day', {}, [10, 0, 0, 0], 17.55],
  ['the same, at night', { pressure: night }, [10, 0, 0, 70], 35.05],
  [
    'the same, in a cascade at night',
    { pressure: { ...night, openIncidentsOnSameProvider: 3 } },
    [10, 0, 0, 100],
    42.55,
  ],
  ["break the organisation's only busy provider, by day", { reach: reachOf(100) }, [100, 0, 0, 0], 40.5],
  ['re-route a group with 10 %, by day', swap, [10, 30, 0, 0], 30.63],
  ['re-route a group with 10 %, at night', { ...swap, pressure: night }, [10, 30, 0, 70], 48.13],
  ['raise one team of twenty, by day', raise, [5, 30, 0, 0], 34.2],
  ['raise one team of twenty, at night', { ...raise, pressure: night }, [5, 30, 0, 70], 51.7],
  [
    'break with half its preconditions stale',
    { preconditions: preconditionsWith({ stale: 2, of: 4 }) },
    [10, 0, 50, 0],
    32.55,
  ],
  [
    'break with all of them stale',
    { preconditions: preconditionsWith({ stale: 4, of: 4 }) },
    [10, 0, 100, 0],
    47.55,
  ],
  [
    'disable a guardrail, one of twenty, by day',
    { actionType: 'guardrail.disable', baseline: 60, bucket: 'trivially_reversible', reach: reachOf(5) },
    [5, 30, 0, 0],
    62.4,
  ],
  [
    'raise a cap, one of twenty, by day',
    { actionType: 'budget.raise_cap', baseline: 75, bucket: 'audit_trail_only', reach: reachOf(5) },
    [5, 70, 0, 0],
    78,
  ],
  [
    'disable an SLA, one of twenty, by day',
    { actionType: 'sla.disable', baseline: 85, bucket: 'audit_trail_only', reach: reachOf(5) },
    [5, 70, 0, 0],
    86.8,
  ],
];

describe('the golden table', () => {
  test.each(golden)('%s', (_, change, values, score) => {
    const risk = scoreRisk({ ...breakerByDay, ...change });
    const { blastRadius, reversibility, stateValidity, operationalPressure } = risk.components;
    expect([blastRadius.value, reversibility.value, stateValidity.value, operationalPressure.value]).toEqual(
      values,
    );
    expect(risk.score).toBe(score);
    expect(addendsInHundredths(risk)).toBe(Math.round(score * 100));
  });

  test("the contract's example: 26 % of traffic", () => {
    const risk = scoreRisk({ ...breakerByDay, reach: reachOf(26) });
    expect(risk).toMatchObject({ score: 21.63, baseline: 15, baselineUplift: 13.83 });
    expect(risk.components.blastRadius).toMatchObject({ value: 26, weight: 30, contribution: 7.8 });
  });
});

describe('what a score says besides', () => {
  test('with a baseline of 0 it is the plain weighted sum', () => {
    const risk = scoreRisk({
      ...breakerByDay,
      baseline: 0,
      bucket: 'trivially_reversible',
      pressure: night,
      preconditions: preconditionsWith({ stale: 2, of: 4 }),
    });
    expect(risk.score).toBe((30 * 10 + 15 * 30 + 30 * 50 + 25 * 70) / 100);
    expect(risk.baselineUplift).toBe(0);
  });

  test('the clamp cuts the score, not the addends', () => {
    const risk = scoreRisk({
      ...breakerByDay,
      actionType: 'sla.disable',
      baseline: 85,
      bucket: 'irreversible',
      reach: { status: 'unknown', reason: 'no traffic' },
      preconditions: preconditionsWith({ stale: 4, of: 4 }),
      pressure: night,
    });
    expect(risk.score).toBe(100);
    expect(addendsInHundredths(risk)).toBe(13_925);
  });

  test('an unknown reach, no required precondition and a baseline that is no number count 100', () => {
    const risk = scoreRisk({
      ...breakerByDay,
      baseline: Number.NaN,
      reach: { status: 'unknown', reason: 'no traffic' },
      preconditions: [],
    });
    expect(risk.components.blastRadius).toMatchObject({ value: 100, kinds: [] });
    expect(risk.components.stateValidity.value).toBe(100);
    expect(risk.baseline).toBe(100);
    expect(risk.score).toBe(100);
  });

  test('paging on-call is scored without pressure', () => {
    const page = scoreRisk({
      ...breakerByDay,
      actionType: 'alert.page_oncall',
      baseline: 35,
      bucket: 'irreversible',
      reach: { status: 'none' },
      pressure: { ...night, openIncidentsOnSameProvider: 9 },
    });
    expect(page.components.operationalPressure).toEqual({
      value: 0,
      weight: 25,
      contribution: 0,
      reasons: [],
    });
    expect(page.score).toBe(44.75);
  });

  test('weights that are negative or do not sum to 100 are refused', () => {
    const { weights } = defaultRiskSettings;
    const parts = { blastRadius: 0, reversibility: 0, stateValidity: 0, operationalPressure: 0, baseline: 0 };
    expect(() => combineRisk(parts, { ...weights, blastRadius: 31 })).toThrow(/sum to 100/u);
    expect(() => combineRisk(parts, { ...weights, blastRadius: -5, stateValidity: 65 })).toThrow(
      /at least 0/u,
    );
    expect(() => combineRisk(parts, { ...weights, blastRadius: Number.NaN })).toThrow(/got NaN/u);
  });
});

describe('laws of the score', () => {
  const value = fc.double({ min: 0, max: 100, noNaN: true });
  const parts: fc.Arbitrary<RiskParts> = fc.record({
    blastRadius: value,
    reversibility: value,
    stateValidity: value,
    operationalPressure: value,
    baseline: value,
  });
  const weights = fc
    .tuple(fc.nat(100), fc.nat(100), fc.nat(100))
    .map((cuts) => cuts.toSorted((a, b) => a - b))
    .map(([a = 0, b = 0, c = 0]) => ({
      blastRadius: a,
      reversibility: b - a,
      stateValidity: c - b,
      operationalPressure: 100 - c,
    }));

  test('it stays in 0..100 and in hundredths', () => {
    fc.assert(
      fc.property(parts, weights, (given, weighing) => {
        const { score } = combineRisk(given, weighing);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(100);
        expect(score).toBe(roundHundredths(score));
      }),
    );
  });

  const component = fc.constantFrom(
    'blastRadius',
    'reversibility',
    'stateValidity',
    'operationalPressure',
    'baseline',
  );
  test('it never falls when one component or the baseline rises', () => {
    fc.assert(
      fc.property(parts, weights, component, value, (given, weighing, name, other) => {
        const low = { ...given, [name]: Math.min(given[name], other) };
        const high = { ...given, [name]: Math.max(given[name], other) };
        expect(combineRisk(high, weighing).score).toBeGreaterThanOrEqual(combineRisk(low, weighing).score);
      }),
      { numRuns: 2000 },
    );
  });

  test('the rounded addends sum to the rounded score before the clamp', () => {
    fc.assert(
      fc.property(parts, weights, (given, weighing) => {
        const { score, baselineUplift, contributions } = combineRisk(given, weighing);
        const addends = [...Object.values(contributions), baselineUplift];
        const sum = addends.reduce((before, addend) => before + Math.round(addend * 100), 0);
        expect(Math.min(10_000, sum)).toBe(Math.round(score * 100));
      }),
      { numRuns: 2000 },
    );
  });

  test('each contribution is value × weight / 100 within a hundredth', () => {
    fc.assert(
      fc.property(parts, weights, (given, weighing) => {
        const { contributions } = combineRisk(given, weighing);
        for (const name of ['blastRadius', 'reversibility', 'stateValidity', 'operationalPressure'] as const)
          expect(Math.abs(contributions[name] - (given[name] * weighing[name]) / 100)).toBeLessThan(
            0.010_001,
          );
      }),
    );
  });
});

function addendsInHundredths(risk: RiskScore): number {
  const contributions = Object.values(risk.components).map((component) => component.contribution);
  return [...contributions, risk.baselineUplift].reduce(
    (sum: number, addend) => sum + Math.round(addend * 100),
    0,
  );
}
