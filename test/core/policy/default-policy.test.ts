import { describe, expect, test } from 'vitest';
import { defaultPolicy, policyHash } from '../../../src/core/policy/default-policy.ts';

describe('the built-in policy', () => {
  test('holds the bounds of the table', () => {
    expect(defaultPolicy).toEqual({
      name: 'built-in',
      revision: 1,
      confidence: { autonomous: 0.85, supervised: 0.6 },
      patternSeen: { autonomous: 10, conditional: 3, goodSharePercent: 80 },
      blastRadiusMax: 20,
      errorBudgetPercent: { autonomous: 75, supervised: 25 },
      qualificationDaysMax: 90,
      attemptsPerHourMax: 2,
    });
  });

  test('cannot be changed at run time, not even inside', () => {
    expect(Object.isFrozen(defaultPolicy)).toBe(true);
    expect(Object.values(defaultPolicy).every((part) => Object.isFrozen(part))).toBe(true);
  });

  test('its hash moves with every bound and not with the order of fields', () => {
    const hash = policyHash(defaultPolicy);
    expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/u);
    expect(policyHash({ ...defaultPolicy, blastRadiusMax: 21 })).not.toBe(hash);
    expect(policyHash({ ...defaultPolicy, revision: 2 })).not.toBe(hash);
    const { name, ...rest } = defaultPolicy;
    expect(policyHash({ ...rest, name })).toBe(hash);
  });

  test('a bound that is no number cannot be hashed', () => {
    expect(() => policyHash({ ...defaultPolicy, blastRadiusMax: Number.NaN })).toThrow();
  });
});
