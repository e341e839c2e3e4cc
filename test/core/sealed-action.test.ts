import { expect, test } from 'vitest';
import { keyBlock } from '../../actions/key.block.ts';
import type { Change } from '../../src/core/change.ts';
import { dryRun } from '../../src/core/dry-run.ts';
import { sealAction } from '../../src/core/sealed-action.ts';
import { contextOf, sampleEvidence, sampleIncident } from '../support/sample-evidence.ts';

const context = contextOf(sampleEvidence, sampleIncident());
const planning = (...changes: readonly Change[]) => sealAction({ ...keyBlock, plan: () => changes });
const params = { key: 'k-batch' };

test('every entry point refuses params that do not fit', () => {
  const sealed = sealAction(keyBlock);
  const wrong = { key: 'k-batch', force: true };
  expect(() => sealed.subject(wrong)).toThrow();
  expect(() => sealed.plan(wrong, context)).toThrow();
  expect(() => sealed.reach(wrong, context)).toThrow();
  expect(() => sealed.revert(wrong)).toThrow();
  expect(() => sealed.expectation(wrong, context)).toThrow();
  for (const { check } of sealed.preconditions) expect(() => check(wrong, context)).toThrow();
  expect(sealed.plan(params, context)).toHaveLength(1);
  expect(Object.isFrozen(sealed)).toBe(true);
});

test.each([
  ['gateway.keys', { target: 'litellm:key/k-batch', field: 'blocked', from: true, to: false }],
  ['gateway.keys', { target: 'litellm:key/k-batch', field: 'rpm_limit', from: 61, to: 30 }],
  ['gateway.aliases', { target: 'litellm:model_group/gpt', field: 'alias', from: 'haiku', to: 'claude' }],
  ['gateway.organizations', { target: 'litellm:budget/bud-1', field: 'max_budget', from: null, to: 5 }],
] satisfies readonly (readonly [string, Change])[])(
  'a plan that invents what is in %s is refused',
  (name, change) => {
    const message = `the plan does not start from what was read in ${name}`;
    expect(() => planning(change).plan(params, context)).toThrow(message);
    const run = dryRun({ action: planning(change), params, context, modelPreconditions: [] });
    expect(run.changes).toEqual([]);
    expect(run.preconditions.at(-1)).toMatchObject({ severity: 'must', holds: 'unknown' });
  },
);
