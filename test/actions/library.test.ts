import { deepStrictEqual } from 'node:assert';
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { actionLibrary, libraryWith } from '../../actions/library.ts';
import { builtInActionTypes, defineAction } from '../../src/core/action.ts';
import type { ActionDefinition, BuiltInActionType } from '../../src/core/action.ts';
import { withChanges } from '../../src/core/apply-changes.ts';
import { changeKey, changeSchema, invertChanges } from '../../src/core/change.ts';
import type { Change } from '../../src/core/change.ts';
import { dryRun } from '../../src/core/dry-run.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { paramsJsonSchema } from '../../src/core/proposal-json-schema.ts';
import { blastRadiusValue } from '../../src/core/risk/blast-radius.ts';
import { arbitraryEvidence, arbitraryParams } from '../support/arbitrary-state.ts';
import { contextOf, sampleEvidence, sampleIncident } from '../support/sample-evidence.ts';

/** States per action for the inverse law (design.md §2.3). */
const states = 1000;
/** Generated params per action for the bounds. */
const guesses = 2000;

const find = (type: string): ActionDefinition => {
  const action = actionLibrary.find(type);
  if (action === null) throw new Error(`${type} is not in the library`);
  return action;
};

describe('the library', () => {
  test('lists the nine types in order and finds exactly them', () => {
    expect(actionLibrary.list.map((action) => action.type)).toEqual(builtInActionTypes);
    for (const type of ['', 'toString', '__proto__', 'Key.Block', 'key.block ', 'runbook.x'])
      expect(actionLibrary.find(type)).toBeNull();
  });

  test('every file beside library.ts is listed', () => {
    const files = readdirSync(new URL('../../actions/', import.meta.url)).filter((file) =>
      file.endsWith('.ts'),
    );
    expect(files.sort()).toEqual([...builtInActionTypes.map((type) => `${type}.ts`), 'library.ts'].sort());
  });

  test('baselines and buckets are those of the design', () => {
    const shown = actionLibrary.list.map((one) => [one.type, one.baseline, one.reversibility].join(' '));
    expect(shown).toEqual([
      'route.circuit_break 15 auto_reverting',
      'route.fallback_swap 25 trivially_reversible',
      'limit.raise 30 trivially_reversible',
      'limit.lower 30 trivially_reversible',
      'key.block 35 trivially_reversible',
      'alert.page_oncall 35 irreversible',
      'guardrail.disable 60 trivially_reversible',
      'budget.raise_cap 75 audit_trail_only',
      'sla.disable 85 audit_trail_only',
    ]);
    const stay = actionLibrary.list.filter((one) => !one.revertsWhenWorse).map((one) => one.type);
    expect(stay).toEqual(['limit.lower', 'key.block', 'alert.page_oncall', 'sla.disable']);
  });

  test('a runbook adds and never replaces', () => {
    const runbook: ActionDefinition = { ...find('key.block'), type: 'runbook.drain' };
    const library = libraryWith([runbook]);
    expect(library.list).toHaveLength(10);
    expect(library.find('runbook.drain')).toBe(runbook);
    expect(actionLibrary.find('runbook.drain')).toBeNull();
    expect(() => libraryWith([runbook, runbook])).toThrow('`runbook.drain` is there twice');
    expect(() => libraryWith([find('key.block')])).toThrow('`key.block` is not a runbook action');
  });

  test('an action without enough preconditions cannot be registered', () => {
    const action = find('key.block');
    const [first] = action.preconditions;
    if (first === undefined) throw new Error('no precondition');
    expect(() => defineAction({ ...action, preconditions: action.preconditions.slice(0, 2) })).toThrow(
      'at least three',
    );
    expect(() => defineAction({ ...action, preconditions: [first, first, first] })).toThrow('repeats');
    const soft = action.preconditions.map((one) => ({ ...one, severity: 'should' as const }));
    expect(() => defineAction({ ...action, preconditions: soft })).toThrow('must precondition');
  });
});

const good: { readonly [T in BuiltInActionType]: JsonObject } = {
  'route.circuit_break': { provider: 'anthropic', minutes: 5 },
  'route.fallback_swap': { model_group: 'claude', to: 'gpt' },
  'limit.raise': { team: 'web', percent: 50 },
  'limit.lower': { key: 'k-batch', percent: 50 },
  'key.block': { key: 'k-batch' },
  'alert.page_oncall': { summary: 'look at INC-7', severity: 'critical' },
  'guardrail.disable': { guardrail: 'pii' },
  'budget.raise_cap': { team: 'lab', percent: 20 },
  'sla.disable': { sla: 'gold' },
};

const bad: { readonly [T in BuiltInActionType]: readonly JsonObject[] } = {
  'route.circuit_break': [
    { provider: 'a', minutes: 0 },
    { provider: 'a', minutes: 6 },
    { provider: 'a', minutes: 2.5 },
    { provider: 'a', minutes: '' },
    { provider: 'a', minutes: '0x5' },
    { provider: 'a', minutes: '1e0' },
    { provider: 'a', minutes: ' 5' },
    { provider: 'a', minutes: '05' },
    { provider: 'a', minutes: '+5' },
    { provider: 'a', minutes: '5.0' },
    { provider: 'a', minutes: 'NaN' },
    { provider: 'a', minutes: null },
    { provider: 'a', minutes: [5] },
    { provider: 'a', minutes: true },
    { provider: 'a' },
    { minutes: 5 },
    { provider: '', minutes: 5 },
    { provider: 'a\n', minutes: 5 },
    { provider: 'a\u202e', minutes: 5 },
    { provider: 'a\u200b', minutes: 5 },
    { provider: '\ud800', minutes: 5 },
    { provider: 'a'.repeat(513), minutes: 5 },
    { provider: 5, minutes: 5 },
  ],
  'route.fallback_swap': [{ model_group: 'a' }, { to: 'a' }, { model_group: 'a', to: ['b'] }],
  'limit.raise': [
    { team: 'a', percent: 51 },
    { team: 'a', percent: 0 },
    { team: 'a', percent: '51' },
    { team: 'a', percent: -5 },
  ],
  'limit.lower': [
    { percent: 5 },
    { team: 'a', key: 'b', percent: 5 },
    { team: 'a', percent: 91 },
    { key: 'sk-123456', percent: 5 },
  ],
  'key.block': [{ key: 'sk-secret' }, { key: 'SK-secret' }, {}],
  'alert.page_oncall': [
    { summary: 'x', severity: 'fatal' },
    { summary: '', severity: 'info' },
    { summary: 'x'.repeat(1025), severity: 'info' },
    { summary: 'two\nlines', severity: 'info' },
  ],
  'guardrail.disable': [{}, { guardrail: null }],
  'budget.raise_cap': [
    { percent: 5 },
    { team: 'a', org: 'b', percent: 5 },
    { org: 'a', key: 'b', percent: 5 },
    { org: 'a', percent: 51 },
    { key: 'sk-1', percent: 5 },
  ],
  'sla.disable': [{}, { sla: '' }],
};

describe.each(builtInActionTypes.map((type) => [type] as const))('%s', (type) => {
  const action = find(type);

  test('the schema takes what it should and refuses extras and what is out of bounds', () => {
    expect(action.params.parse(good[type])).toEqual(good[type]);
    expect(action.params.safeParse({ ...good[type], force: true }).success).toBe(false);
    for (const params of bad[type])
      expect([params, action.params.safeParse(params).success]).toEqual([params, false]);
    for (const params of [null, [], 'x', 5]) expect(action.params.safeParse(params).success).toBe(false);
  });

  test('digits of the command line are read as the numbers they are', () => {
    const typed = Object.fromEntries(
      Object.entries(good[type]).map(([key, value]) => [
        key,
        typeof value === 'number' ? String(value) : value,
      ]),
    );
    expect(action.params.parse(typed)).toEqual(good[type]);
  });

  test('the schema for the model is closed and names every param', () => {
    const schema = paramsJsonSchema(action);
    const keys = Object.keys(schema['properties'] ?? {});
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false, required: keys });
    for (const key of Object.keys(good[type])) expect(keys).toContain(key);
    expect(JSON.stringify(schema)).not.toMatch(/"\$schema"|allOf|"not"|\{\}/u);
  });

  test('has at least three required preconditions, one of them a must, and every one holds on a good state', () => {
    expect(action.preconditions.length).toBeGreaterThanOrEqual(3);
    expect(action.preconditions.some((one) => one.severity === 'must')).toBe(true);
    const context = contextOf(sampleEvidence, type === 'alert.page_oncall' ? sampleIncident() : null);
    const run = dryRun({ action, params: good[type], context, modelPreconditions: [] });
    expect(run.preconditions.filter((one) => one.holds !== 'holds')).toEqual([]);
    expect(run.changes.length).toBeGreaterThan(0);
  });

  test('reads only what it says it needs', () => {
    const context = contextOf(sampleEvidence);
    const only = Object.fromEntries(
      Object.entries(sampleEvidence).filter(([name]) => action.readings.some((one) => one === name)),
    );
    const whole = dryRun({ action, params: good[type], context, modelPreconditions: [] });
    const declared = dryRun({ action, params: good[type], context: contextOf(only), modelPreconditions: [] });
    expect(declared).toEqual(whole);
  });

  test('with nothing read, no must that looks at the gateway holds and nothing is planned', () => {
    const run = dryRun({ action, params: good[type], context: contextOf({}), modelPreconditions: [] });
    if (type === 'alert.page_oncall') return expect(run.changes).toHaveLength(1);
    expect(run.changes).toEqual([]);
    expect(run.preconditions.filter((one) => one.holds === 'holds')).toEqual([]);
    expect(run.reach.status).toBe('unknown');
  });

  test(`plan then inverse gives back the state (${states} states)`, () => {
    let planned = 0;
    fc.assert(
      fc.property(arbitraryEvidence, arbitraryParams[type], (evidence, raw) => {
        const params = action.params.parse(raw);
        const changes = action.plan(params, contextOf(evidence));
        if (changes.length > 0) planned += 1;
        for (const change of changes) {
          expect(changeSchema.safeParse(change).success).toBe(true);
          expect(change.to).not.toEqual(change.from);
        }
        const after = withChanges(evidence, changes);
        deepStrictEqual(withChanges(after, changes), after);
        deepStrictEqual(withChanges(after, invertChanges(changes)), evidence);
        if (changes.some((change) => !change.target.startsWith('pagerduty:')))
          expect(JSON.stringify(after)).not.toBe(JSON.stringify(evidence));
        const before = storeOf(changes);
        deepStrictEqual(applyTo(applyTo(before, changes), invertChanges(changes)), before);
      }),
      { numRuns: states },
    );
    // A law over empty plans would say nothing.
    expect(planned).toBeGreaterThan(states / 10);
  });

  test('a dry run of any state is whole: bounded reach, verdicts with a detail, locks of what changes', () => {
    fc.assert(
      fc.property(arbitraryEvidence, arbitraryParams[type], (evidence, params) => {
        const run = dryRun({ action, params, context: contextOf(evidence), modelPreconditions: [] });
        for (const shape of ['linear', 'log'] as const) {
          const value = blastRadiusValue(run.reach, shape);
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(100);
        }
        expect(run.preconditions.slice(0, action.preconditions.length).map((one) => one.id)).toEqual(
          action.preconditions.map((one) => one.id),
        );
        expect(run.preconditions.filter((one) => one.detail === '')).toEqual([]);
        for (const change of run.changes) expect(run.locks).toContain(change.target);
        expect(run.inverse).toEqual(invertChanges(run.changes));
      }),
      { numRuns: 200 },
    );
  });

  test(`no generated params reach a plan outside the bounds (${guesses} guesses)`, () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyParams(good[type]), (params) => {
        const parsed = action.params.safeParse(params);
        if (!parsed.success) {
          const context = contextOf(sampleEvidence);
          // The sealed action refuses on its own, whoever forgot to parse.
          expect(() => action.plan(params, context)).toThrow();
          expect(() => action.subject(params)).toThrow();
          return;
        }
        accepted += 1;
        const run = dryRun({
          action,
          params: parsed.data,
          context: contextOf(sampleEvidence),
          modelPreconditions: [],
        });
        for (const change of run.changes) expect([change, isWithinBounds(change)]).toEqual([change, true]);
        if (run.revert.kind === 'timer') expect([1, 2, 3, 4, 5]).toContain(run.revert.afterMinutes);
        expect(Object.keys(parsed.data).every((key) => /^[a-z_]{2,11}$/u.test(key))).toBe(true);
      }),
      { numRuns: guesses },
    );
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(guesses);
  });
});

/** Bounds of the whole library by field, whatever planned the change. */
function isWithinBounds(change: Change): boolean {
  const { from, to } = change;
  if (typeof from === 'number' && typeof to === 'number')
    return Number.isFinite(to) && to >= from * 0.1 && to <= from * 1.5 && to >= 1;
  if (change.field === 'blocked') return from === false && to === true;
  if (change.field === 'default_on') return from === true && to === false;
  return ['alias', 'suspended_until', 'page'].includes(change.field);
}

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map(asJson),
  fc.integer({ min: -10, max: 120 }),
  fc.integer({ min: -10, max: 120 }).map(String),
  fc.constantFrom(
    '1e1',
    '0x5',
    '',
    ' 5',
    '5 ',
    'NaN',
    'Infinity',
    -0,
    1e21,
    0.5,
    null,
    'sk-x',
    'anthropic',
    'web',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

function asJson(value: unknown): JsonObject[string] {
  return JSON.parse(JSON.stringify(value));
}

/** Anything JSON can say, most of it near what fits: a value replaced, left out or added. */
function anyParams(fitting: JsonObject): fc.Arbitrary<JsonObject> {
  const keys = [...Object.keys(fitting), 'team', 'key', 'org', 'force', '__proto__'];
  const near = fc
    .tuple(fc.constantFrom(...keys), odd, fc.boolean(), fc.boolean())
    .map(([key, value, drop, keep]): JsonObject => {
      if (keep) return fitting;
      const rest = Object.entries(fitting).filter(([name]) => name !== key);
      return Object.fromEntries(drop ? rest : [...rest, [key, value]]);
    });
  const far = fc.dictionary(fc.constantFrom(...keys), odd, { maxKeys: 3 });
  return fc.oneof({ weight: 4, arbitrary: near }, { weight: 1, arbitrary: far });
}

type Store = ReadonlyMap<string, unknown>;

function storeOf(changes: readonly Change[]): Store {
  return new Map(changes.map((change) => [changeKey(change), change.from]));
}

/** Compare and set, as the engine does. */
function applyTo(store: Store, changes: readonly Change[]): Store {
  const next = new Map(store);
  for (const change of changes) {
    deepStrictEqual(next.get(changeKey(change)), change.from);
    next.set(changeKey(change), change.to);
  }
  return next;
}
