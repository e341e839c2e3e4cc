import { describe, expect, test } from 'vitest';
import { actionLibrary } from '../../actions/library.ts';
import type { ActionDefinition } from '../../src/core/action.ts';
import type { Change } from '../../src/core/change.ts';
import { dryRun } from '../../src/core/dry-run.ts';
import { holds } from '../../src/core/precondition.ts';
import { contextOf, sampleEvidence } from '../support/sample-evidence.ts';

const block = (() => {
  const action = actionLibrary.find('key.block');
  if (action === null) throw new Error('no key.block');
  return action;
})();
const context = contextOf(sampleEvidence);
const params = { key: 'k-batch' };

const run = (changes: Partial<ActionDefinition>) =>
  dryRun({ action: { ...block, ...changes }, params, context, modelPreconditions: [] });
const change: Change = { target: 'litellm:key/k-batch', field: 'blocked', from: false, to: true };

describe('the required set comes first, then what the proposer claims', () => {
  test('both are evaluated against the same evidence', () => {
    const whole = dryRun({
      action: block,
      params,
      context,
      modelPreconditions: [
        { fact: 'key.spend_last_hour', subject: 'k-batch', operator: 'gt', value: 20 },
        { fact: 'key.blocked', subject: 'k-batch', operator: 'eq', value: true },
      ],
    });
    expect(whole.preconditions.map((one) => `${one.source} ${one.severity} ${one.id} ${one.holds}`)).toEqual([
      'required must key.known holds',
      'required must key.not_blocked holds',
      'required must gateway.identity_same holds',
      'required should key.active holds',
      'required should key.spend_above_usual holds',
      'model should key.spend_last_hour[k-batch] gt 20 holds',
      'model should key.blocked[k-batch] eq true fails',
    ]);
  });

  test('the proposer cannot take one away', () => {
    const claims = Array.from({ length: 40 }, (_, index) => ({
      fact: 'key.spend' as const,
      subject: 'k-batch',
      operator: 'gte' as const,
      value: index / 100 + 0.01,
    }));
    const whole = dryRun({ action: block, params, context, modelPreconditions: claims });
    expect(whole.preconditions.filter((one) => one.source === 'required')).toEqual(run({}).preconditions);
    expect(whole.preconditions.filter((one) => one.source === 'model')).toHaveLength(21);
  });
});

describe('what goes wrong inside an action never lets it run', () => {
  const boom = () => {
    throw new Error('boom\u202e');
  };

  test('a precondition that throws is unknown', () => {
    const broken = run({
      preconditions: [{ id: 'x.broken', severity: 'must', check: boom }, ...block.preconditions],
    });
    expect(broken.preconditions[0]).toEqual({
      id: 'x.broken',
      source: 'required',
      severity: 'must',
      holds: 'unknown',
      detail: 'could not be evaluated: boom\\u{202E}',
    });
    expect(broken.preconditions).toHaveLength(block.preconditions.length + 1);
  });

  test.each([
    ['plan', { plan: boom }, 'the plan could not be evaluated: boom\\u{202E}'],
    ['reach', { reach: boom }, 'the reach could not be evaluated: boom\\u{202E}'],
    ['expectation', { expectation: boom }, 'the expectation could not be evaluated: boom\\u{202E}'],
    [
      'a change twice',
      { plan: () => [change, change] },
      '`litellm:key/k-batch#blocked` would be changed twice',
    ],
    [
      'no change',
      { plan: () => [{ ...change, to: false }] },
      '`litellm:key/k-batch#blocked` would not change',
    ],
    [
      'outside the union',
      { plan: () => [{ ...change, target: 'litellm:key/a\nb' as const }] },
      'is not a change that can be applied',
    ],
    [
      'no number',
      { plan: () => [{ target: 'litellm:team/web', field: 'rpm_limit', from: 1, to: Number.NaN }] },
      'is not a change that can be applied',
    ],
  ] satisfies readonly (readonly [string, Partial<ActionDefinition>, string])[])(
    '%s is a must that is unknown',
    (_name, changes, detail) => {
      const broken = run(changes);
      const fault = broken.preconditions.find((one) => one.id === 'action.evaluated');
      expect(fault).toMatchObject({ source: 'required', severity: 'must', holds: 'unknown' });
      expect(fault?.detail).toContain(detail);
      if ('plan' in changes) expect(broken.changes).toEqual([]);
      if ('reach' in changes) expect(broken.reach.status).toBe('unknown');
    },
  );

  test('several faults are all told', () => {
    const broken = run({ plan: boom, reach: boom, expectation: boom });
    expect(broken.preconditions.map((one) => one.id).slice(-3)).toEqual([
      'action.evaluated',
      'action.evaluated_2',
      'action.evaluated_3',
    ]);
  });

  test('params that do not fit are refused before anything is looked at', () => {
    expect(() => dryRun({ action: block, params: { key: 'sk-1' }, context, modelPreconditions: [] })).toThrow(
      'never the key itself',
    );
  });
});

test('text of the gateway is made visible and cut', () => {
  const shown = run({
    preconditions: [{ id: 'x.long', severity: 'must', check: () => holds(`\u001b[2J${'x'.repeat(9000)}`) }],
    reach: () => ({
      status: 'known',
      kinds: [{ kind: 'teams', affected: 1, active: 1, names: ['web\u200b'] }],
    }),
  });
  expect(shown.preconditions[0]?.detail).toMatch(/^\\u\{1B\}\[2Jx+…\[\d+ characters cut\]$/u);
  expect(shown.preconditions[0]?.detail.length).toBeLessThanOrEqual(500);
  expect(shown.reach).toMatchObject({ kinds: [{ names: ['web\\u{200B}'] }] });
});

test('the inverse runs backwards and the locks name subject and targets once', () => {
  const two = run({
    plan: () => [
      { target: 'litellm:team/web', field: 'rpm_limit', from: 1, to: 2 },
      { target: 'litellm:team/web', field: 'tpm_limit', from: 10, to: 20 },
    ],
  });
  expect(two.inverse).toEqual([
    { target: 'litellm:team/web', field: 'tpm_limit', from: 20, to: 10 },
    { target: 'litellm:team/web', field: 'rpm_limit', from: 2, to: 1 },
  ]);
  expect(two.locks).toEqual(['key/k-batch', 'litellm:team/web']);
});
