import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRouterSettings, withAlias } from '../../../src/adapters/litellm/router-settings.ts';

describe('router settings', () => {
  test('aliases may be names or objects, fallbacks are one entry a group', () => {
    const settings = parseRouterSettings({
      model_group_alias: { a: 'b', c: { model: 'd', hidden: true } },
      fallbacks: [{ a: ['b', 'c'] }, { '*': ['d'] }],
    });
    expect(settings?.aliases).toEqual({ a: { model: 'b', hidden: false }, c: { model: 'd', hidden: true } });
    expect(settings?.fallbacks).toEqual(
      new Map([
        ['a', ['b', 'c']],
        ['*', ['d']],
      ]),
    );
    expect(parseRouterSettings({})).toMatchObject({ aliases: {} });
    expect(parseRouterSettings({ model_group_alias: null, fallbacks: null })).not.toBeNull();
  });

  test.each([
    [{ model_group_alias: ['a'] }],
    [{ model_group_alias: { a: 7 } }],
    [{ fallbacks: { a: ['b'] } }],
    [{ fallbacks: [{ a: 'b' }] }],
  ])('an unknown shape is not guessed at: %j', (all) => {
    expect(parseRouterSettings(all)).toBeNull();
  });

  test('the whole object is sent, without nulls and without names that old releases drop', () => {
    const base = {
      routing_strategy: 'simple-shuffle',
      num_retries: 2,
      timeout: null,
      made_up: 1,
      fallbacks: [{ a: ['b'] }],
      model_group_alias: { x: { model: 'y', hidden: true } },
    };
    expect(withAlias(base, 'gpt-4o', 'claude')).toEqual({
      routing_strategy: 'simple-shuffle',
      num_retries: 2,
      fallbacks: [{ a: ['b'] }],
      model_group_alias: { x: { model: 'y', hidden: true }, 'gpt-4o': 'claude' },
    });
  });

  test('removing the last alias sends an empty map, which clears it', () => {
    expect(withAlias({ model_group_alias: { a: 'b' } }, 'a', null)).toEqual({ model_group_alias: {} });
    expect(withAlias({}, 'a', null)).toEqual({ model_group_alias: {} });
  });

  test('setting and removing gives back the map, for any names', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.string()),
        fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString')),
        fc.string(),
        (map, group, to) => {
          fc.pre(!Object.hasOwn(map, group) && !Object.hasOwn(map, '__proto__'));
          const there = withAlias({ model_group_alias: map }, group, to);
          const map2 = new Map(Object.entries(there['model_group_alias'] ?? {}));
          expect(map2.get(group)).toBe(to);
          expect(withAlias({ model_group_alias: Object.fromEntries(map2) }, group, null)).toEqual({
            model_group_alias: Object.fromEntries(Object.entries(map)),
          });
        },
      ),
    );
  });
});
