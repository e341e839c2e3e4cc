import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Expectation } from '../../src/core/action.ts';
import type { Fact, FactUnit, FactValue } from '../../src/core/fact.ts';
import { realTempo } from '../../src/core/tempo.ts';
import { judgeOutcome, readSignals, worstSignal } from '../../src/core/verification.ts';
import type { OutcomeInput } from '../../src/core/verification.ts';
import { breakerExecution } from '../support/remediation-case.ts';

const success: Expectation = {
  fact: 'model_group.success_rate',
  subjects: ['haiku', 'sonnet'],
  better: 'higher',
  settleSeconds: 60,
  deadlineSeconds: 120,
};
const latency: Expectation = { ...success, fact: 'provider.median_ms', subjects: ['azure'], better: 'lower' };
const fact = (value: FactValue, unit: FactUnit = 'percent'): Fact => ({
  status: 'known',
  value,
  unit,
  source: 'spend_logs',
  observedAt: '2026-11-20T09:03:30Z',
});
const gone: Fact = { status: 'unknown', reason: 'no requests' };

const settled: OutcomeInput = {
  expectation: success,
  before: [60, 95],
  after: [fact(97), fact(95)],
  receipts: breakerExecution.receipts,
  elapsedMs: 60_000,
  tempo: realTempo,
};
const judge = (change: Partial<OutcomeInput>) => judgeOutcome({ ...settled, ...change });
const late = { elapsedMs: 120_000 };

describe('the outcome', () => {
  test.each<[string, Partial<OutcomeInput>, string]>([
    ['one got better', {}, 'improved'],
    ['one got better, one collapsed', { after: [fact(97), fact(40)] }, 'worse'],
    ['exactly the tolerance up', { after: [fact(62), fact(95)] }, 'improved'],
    ['exactly the tolerance down', { after: [fact(60), fact(93)] }, 'worse'],
    ['less than the tolerance waits', { after: [fact(61.9), fact(93.1)] }, 'pending'],
    ['and is not better at the deadline', { ...late, after: [fact(61.9), fact(93.1)] }, 'not_better'],
    ['unmoved at the deadline', { ...late, after: [fact(60), fact(95)] }, 'not_better'],
    ['one unknown is left out', { after: [fact(97), gone] }, 'improved'],
    ['all unknown waits', { after: [gone, gone] }, 'pending'],
    ['all unknown at the deadline', { ...late, after: [gone, gone] }, 'inconclusive'],
    ['no number at the deadline', { ...late, after: [fact(Number.NaN), fact('x')] }, 'inconclusive'],
    ['unknown before', { ...late, before: [null, Number.NaN] }, 'inconclusive'],
    ['nothing kept from before', { ...late, before: [] }, 'inconclusive'],
    ['nothing read now', { ...late, after: [] }, 'inconclusive'],
    ['one unknown, one unmoved', { ...late, after: [gone, fact(95)] }, 'not_better'],
    ['too early, however good', { elapsedMs: 59_999, after: [fact(100), fact(100)] }, 'pending'],
    ['too early, however bad', { elapsedMs: 59_999, after: [fact(0), fact(0)] }, 'pending'],
    ['no subject', { ...late, expectation: { ...success, subjects: [] } }, 'inconclusive'],
    ['no signal exists', { expectation: null }, 'inconclusive'],
    ['a time that is no number ends it', { elapsedMs: Number.NaN, after: [gone, gone] }, 'inconclusive'],
  ])('%s', (_, change, outcome) => {
    expect(judge(change).outcome).toBe(outcome);
  });

  test.each([
    [1000, 900, 'improved'],
    [1000, 901, 'not_better'],
    [1000, 1099, 'not_better'],
    [1000, 1100, 'worse'],
    [0, 0, 'not_better'],
    [0, 1, 'worse'],
  ])('latency %d → %d ms is %s: a tenth of the value before counts', (before, after, outcome) => {
    const input = { ...late, expectation: latency, before: [before], after: [fact(after, 'ms')] };
    expect(judge(input).outcome).toBe(outcome);
  });

  test.each(['not_applied', 'conflict', 'unknown'] as const)(
    'a change that is %s is no success',
    (result) => {
      const [first, ...rest] = breakerExecution.receipts;
      if (first === undefined) throw new Error('the case has no receipt');
      const verification = judge({ receipts: [...rest, { ...first, result, detail: 'reads false' }] });
      expect(verification).toEqual({
        outcome: 'inconclusive',
        detail: 'not every change is in force: litellm:deployment/6d0c reads false',
      });
    },
  );

  test('a value that was there already counts as read back', () => {
    const receipts = breakerExecution.receipts.map((one) => ({ ...one, result: 'already_there' as const }));
    expect(judge({ receipts }).outcome).toBe('improved');
  });

  test('the detail shows each subject from what to what', () => {
    expect(judge({ after: [fact(97.255), gone] }).detail).toBe(
      'model_group.success_rate of `haiku` 60 → 97.26 %; model_group.success_rate of `sonnet` is unknown: no requests',
    );
  });

  test('the tempo of the sandbox shortens settling and deadline', () => {
    const tempo = { minuteMs: 6_000 };
    expect(judge({ tempo, elapsedMs: 5_999 }).outcome).toBe('pending');
    expect(judge({ tempo, elapsedMs: 6_000 }).outcome).toBe('improved');
    expect(judge({ tempo, elapsedMs: 12_000, after: [gone, gone] }).outcome).toBe('inconclusive');
  });
});

describe('laws of the outcome', () => {
  const percent = fc.double({ min: 0, max: 100, noNaN: true });
  test('mirrored signals give mirrored outcomes', () => {
    const opposite = { improved: 'worse', worse: 'improved', not_better: 'not_better' } as const;
    fc.assert(
      fc.property(percent, percent, (before, after) => {
        const input = { ...late, before: [before], after: [fact(after)] };
        const { outcome } = judge({ ...input, expectation: { ...success, subjects: ['a'] } });
        const mirrored = judge({ ...input, expectation: { ...success, subjects: ['a'], better: 'lower' } });
        expect(outcome in opposite ? opposite[outcome as keyof typeof opposite] : null).toBe(
          mirrored.outcome,
        );
      }),
    );
  });

  test('after the deadline nothing is pending, and no subject that collapsed is hidden by others', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(percent, percent), { minLength: 1, maxLength: 6 }), (pairs) => {
        const { outcome } = judge({
          ...late,
          expectation: { ...success, subjects: pairs.map((_, index) => `g${index}`) },
          before: pairs.map(([before]) => before),
          after: pairs.map(([, after]) => fact(after)),
        });
        expect(outcome).not.toBe('pending');
        if (pairs.some(([before, after]) => before - after >= 2)) expect(outcome).toBe('worse');
      }),
    );
  });
});

describe('signals', () => {
  test('are read one per subject; what is unknown is null', () => {
    const evidence = {
      'traffic.model_groups': {
        status: 'known',
        source: 'spend_logs',
        observedAt: '2026-11-20T09:00:00Z',
        value: [{ modelGroup: 'haiku', total: 10, failed: 4 }],
      },
    } as const;
    expect(readSignals(evidence, success)).toEqual([60, null]);
  });

  test('the worst is the lowest where higher is better', () => {
    expect(worstSignal([60, null, 95], 'higher')).toBe(60);
    expect(worstSignal([60, null, 95], 'lower')).toBe(95);
    expect(worstSignal([null], 'higher')).toBeNull();
    expect(worstSignal([], 'lower')).toBeNull();
  });
});

describe('rates of few requests', () => {
  const expectation: Expectation = {
    fact: 'model_group.success_rate',
    subjects: ['a', 'b'],
    better: 'higher',
    settleSeconds: 30,
    deadlineSeconds: 120,
  };
  const rate = (value: number, samples: number): Fact => ({
    status: 'known',
    value,
    unit: 'percent',
    source: 'spend_logs',
    observedAt: '2026-11-20T02:10:00.000Z',
    samples,
  });
  const judge = (before: readonly number[], after: readonly Fact[]) =>
    judgeOutcome({ expectation, before, after, receipts: [], elapsedMs: 60_000, tempo: realTempo }).outcome;

  test('one failure of seven is chance, of seven hundred it is harm', () => {
    expect(judge([100, 100], [rate(85.7, 7), rate(100, 7)])).toBe('pending');
    expect(judge([100, 100], [rate(85.7, 700), rate(100, 700)])).toBe('worse');
  });
  test('groups too quiet to show a gain alone show it together', () => {
    expect(judge([75, 75], [rate(100, 5), rate(100, 5)])).toBe('pending');
    expect(judge([75, 75], [rate(100, 11), rate(100, 11)])).toBe('improved');
  });
  test('a gain taken together does not hide harm to one', () => {
    expect(judge([50, 100], [rate(100, 1_000), rate(60, 100)])).toBe('worse');
  });
});
