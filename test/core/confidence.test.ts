import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combineConfidence } from '../../src/core/confidence.ts';
import type { ConfidenceInput } from '../../src/core/confidence.ts';
import type { Evidence } from '../../src/core/evidence.ts';

const evidence: Evidence = {
  'traffic.providers': {
    status: 'known',
    source: 'spend_logs',
    observedAt: '2026-11-20T02:09:00Z',
    value: [
      {
        provider: 'anthropic',
        total: 68,
        failed: 28,
        rateLimitedTeams: 0,
        medianMs: 900,
        p95Ms: null,
        p99Ms: null,
        medianHourMs: null,
      },
    ],
  },
};
const errorRate = { fact: 'provider.error_rate', subject: 'anthropic' } as const;
const median = { fact: 'provider.median_ms', subject: 'anthropic' } as const;
const invented = { fact: 'provider.error_rate', subject: 'atlantis' } as const;

const sure: ConfidenceInput = {
  proposedBy: { kind: 'model', model: 'm' },
  reported: 0.91,
  citedFacts: [errorRate, median],
  evidence,
  history: { patternSeen: 0, patternGood: 0 },
};
const combine = (change: Partial<ConfidenceInput>) => combineConfidence({ ...sure, ...change });

describe('confidence', () => {
  test.each<[string, Partial<ConfidenceInput>, number | null]>([
    ['as reported, when nothing lowers it', {}, 0.91],
    ['half of the cited facts are known', { citedFacts: [errorRate, invented] }, 0.5],
    ['a fact cited five times is one fact', { citedFacts: [...Array(5).fill(errorRate), invented] }, 0.5],
    ['two of three', { reported: 1, citedFacts: [errorRate, median, invented] }, 0.66],
    ['no cited fact', { citedFacts: [] }, 0],
    ['none reported', { reported: null }, 0],
    ['per cent instead of a share', { reported: 91 }, 0],
    ['below zero', { reported: -1 }, 0],
    ['no number', { reported: Number.NaN }, 0],
    ['nothing was read', { evidence: {} }, 0],
    ['two bad outcomes do not speak yet', { history: { patternSeen: 2, patternGood: 0 } }, 0.91],
    ['three bad ones do', { history: { patternSeen: 3, patternGood: 0 } }, 0.2],
    ['three good ones still lower it', { history: { patternSeen: 3, patternGood: 3 } }, 0.8],
    ['ten good ones', { reported: 1, history: { patternSeen: 10, patternGood: 10 } }, 0.91],
    ['history never raises it', { reported: 0.3, history: { patternSeen: 90, patternGood: 90 } }, 0.3],
    ['counts that are no numbers', { history: { patternSeen: Number.NaN, patternGood: 9 } }, 0],
    ['rounded down, never up to a bound', { reported: 0.8499 }, 0.84],
    ['0.29 is 0.29', { reported: 0.29 }, 0.29],
    ['the playbook has none', { proposedBy: { kind: 'playbook' } }, null],
    ['a person has none', { proposedBy: { kind: 'person', name: 'ana' } }, null],
    ['a runbook has none', { proposedBy: { kind: 'runbook', name: 'r' } }, null],
  ])('%s', (_, change, expected) => {
    expect(combine(change)).toBe(expected);
  });

  test('is in 0..1 and never above what the model reports', () => {
    const cited = fc.subarray([errorRate, median, invented]);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        cited,
        fc.nat(20),
        fc.nat(20),
        (reported, citedFacts, a, b) => {
          const history = { patternSeen: Math.max(a, b), patternGood: Math.min(a, b) };
          const confidence = combine({ reported, citedFacts, history });
          expect(confidence).toBeGreaterThanOrEqual(0);
          expect(confidence).toBeLessThanOrEqual(reported + 1e-8);
        },
      ),
    );
  });
});
