import { describe, expect, test } from 'vitest';
import { familiarity, patternKey } from '../../src/core/novelty.ts';
import { defaultPolicy } from '../../src/core/policy/default-policy.ts';

const outage = { kind: 'provider.unhealthy', scope: { provider: 'anthropic' } } as const;
const breaker = {
  incident: outage,
  errorClasses: { '529': 24, '500': 4 },
  actionType: 'route.circuit_break',
} as const;

describe('pattern key', () => {
  test('names kind, scope type, dominant error class and action, never an id', () => {
    expect(patternKey(breaker)).toBe('provider.unhealthy|provider|529|route.circuit_break');
    const other = { ...outage, scope: { provider: 'openai' } };
    expect(patternKey({ ...breaker, incident: other })).toBe(patternKey(breaker));
  });

  test('each part makes another pattern', () => {
    const keys = [
      patternKey(breaker),
      patternKey({ ...breaker, incident: { ...outage, kind: 'latency.spike' } }),
      patternKey({ ...breaker, incident: { ...outage, scope: { model_group: 'gpt' } } }),
      patternKey({ ...breaker, errorClasses: { '500': 5 } }),
      patternKey({ ...breaker, actionType: 'route.fallback_swap' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('scope keys in any order are one type; ties go to the first class by name', () => {
    const scope = { team: 'a', provider: 'b' };
    expect(patternKey({ ...breaker, incident: { ...outage, scope }, errorClasses: { b: 2, a: 2 } })).toBe(
      'provider.unhealthy|provider+team|a|route.circuit_break',
    );
  });

  test('says none where there is no incident, scope or class', () => {
    expect(patternKey({ incident: null, errorClasses: {}, actionType: 'key.block' })).toBe(
      'none|none|none|key.block',
    );
    expect(patternKey({ ...breaker, errorClasses: { '529': 0, '': 9, x: Number.NaN } })).toContain('|none|');
  });

  test('foreign text cannot imitate another part', () => {
    const key = patternKey({ ...breaker, errorClasses: { '529|route.key_block\u202e': 1 } });
    expect(key).toBe('provider.unhealthy|provider|529_route.key_block_|route.circuit_break');
    expect(patternKey({ ...breaker, errorClasses: { ['e'.repeat(500)]: 1 } }).length).toBeLessThan(120);
  });
});

describe('familiarity', () => {
  test.each([
    [0, 0, 'first'],
    [2, 2, 'first'],
    [3, 3, 'known'],
    [5, 4, 'known'],
    [5, 3, 'mixed'],
    [9, 9, 'known'],
    [10, 8, 'characterised'],
    [10, 7, 'mixed'],
    [Number.NaN, 10, 'first'],
    [10, Number.NaN, 'mixed'],
  ])('%d seen, %d good: %s', (patternSeen, patternGood, expected) => {
    expect(familiarity({ patternSeen, patternGood }, defaultPolicy)).toBe(expected);
  });

  test('without a history everything is new', () => {
    expect(familiarity(null, defaultPolicy)).toBe('first');
  });
});
