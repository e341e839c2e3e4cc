import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PreconditionResult, PreconditionSource, Verdict } from '../../../src/core/precondition.ts';
import { stateValidity } from '../../../src/core/risk/state-validity.ts';

const result = (source: PreconditionSource, holds: Verdict): PreconditionResult => ({
  id: 'any',
  source,
  severity: 'should',
  holds,
  detail: '',
});
const results = (source: PreconditionSource, ...verdicts: readonly Verdict[]) =>
  verdicts.map((verdict) => result(source, verdict));

describe('state validity', () => {
  test.each([
    ['all hold', results('required', 'holds', 'holds'), { value: 0, failed: 0, total: 2 }],
    ['half stale', results('required', 'holds', 'fails'), { value: 50, failed: 1, total: 2 }],
    ['unknown counts as failed', results('required', 'holds', 'unknown'), { value: 50, failed: 1, total: 2 }],
    ['all diverged', results('required', 'fails', 'unknown'), { value: 100, failed: 2, total: 2 }],
    ['none at all', [], { value: 100, failed: 0, total: 0 }],
    [
      'nothing required was evaluated',
      results('model', 'holds', 'holds'),
      { value: 100, failed: 0, total: 0 },
    ],
    [
      'padding with true statements does not dilute',
      [...results('required', 'holds', 'fails'), ...results('model', 'holds', 'holds', 'holds')],
      { value: 50, failed: 1, total: 2 },
    ],
    [
      'a false statement of the model or the auditor counts',
      [
        ...results('required', 'holds', 'holds'),
        ...results('model', 'fails'),
        ...results('auditor', 'unknown'),
      ],
      { value: 50, failed: 2, total: 4 },
    ],
  ] as const)('%s', (_, given, expected) => {
    expect(stateValidity(given)).toEqual(expected);
  });

  const verdict = fc.constantFrom<Verdict>('holds', 'fails', 'unknown');
  const required = fc.array(verdict, { minLength: 1, maxLength: 8 });
  const others = fc.array(fc.tuple(fc.constantFrom<PreconditionSource>('model', 'auditor'), verdict), {
    maxLength: 30,
  });

  test('nothing a model adds, repeats or leaves out brings it under what the required set says', () => {
    fc.assert(
      fc.property(required, others, (own, added) => {
        const alone = results('required', ...own);
        const union = [...alone, ...added.map(([source, holds]) => result(source, holds))];
        expect(stateValidity(union).value).toBeGreaterThanOrEqual(stateValidity(alone).value);
      }),
    );
  });

  test('stays in 0..100, is the quotient of its counts, and never falls when one more fails', () => {
    fc.assert(
      fc.property(required, others, (own, added) => {
        const all = [
          ...results('required', ...own),
          ...added.map(([source, holds]) => result(source, holds)),
        ];
        const { value, failed, total } = stateValidity(all);
        expect(value).toBe((100 * failed) / total);
        expect(value).toBeLessThanOrEqual(100);
        const index = all.findIndex(({ holds }) => holds === 'holds');
        const worse = all.map((one, at) => (at === index ? { ...one, holds: 'unknown' as const } : one));
        expect(stateValidity(worse).value).toBeGreaterThanOrEqual(value);
      }),
    );
  });
});
