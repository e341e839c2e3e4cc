import { expect, test } from 'vitest';
import { withChanges } from '../../src/core/apply-changes.ts';
import type { Change } from '../../src/core/change.ts';
import { known } from '../../src/core/evidence.ts';
import { readFact } from '../../src/core/fact.ts';
import { sampleEvidence, withReading, withUnknown } from '../support/sample-evidence.ts';

test('each kind of change shows in its reading and nowhere else', () => {
  const changes: readonly Change[] = [
    { target: 'litellm:deployment/a1', field: 'blocked', from: false, to: true },
    { target: 'litellm:model_group/claude', field: 'alias', from: null, to: 'gpt' },
    { target: 'litellm:team/web', field: 'rpm_limit', from: 100, to: 150 },
    { target: 'litellm:team/web', field: 'tpm_limit', from: 1000, to: null },
    { target: 'litellm:key/k-batch', field: 'max_budget', from: 60, to: 90 },
    { target: 'litellm:key/k-batch', field: 'blocked', from: false, to: true },
    { target: 'litellm:budget/bud-1', field: 'max_budget', from: 500, to: 750 },
    { target: 'litellm:guardrail/g-1', field: 'default_on', from: true, to: false },
    { target: 'scutum:sla/gold', field: 'suspended_until', from: null, to: '2026-11-21T03:00:00.000Z' },
  ];
  const after = withChanges(sampleEvidence, changes);
  const values = [
    readFact(after, 'model_group.open_deployments', 'claude'),
    readFact(after, 'model_group.alias', 'claude'),
    readFact(after, 'team.rpm_limit', 'web'),
    readFact(after, 'team.tpm_limit', 'web'),
    readFact(after, 'key.max_budget', 'k-batch'),
    readFact(after, 'key.blocked', 'k-batch'),
    readFact(after, 'org.max_budget', 'acme'),
    readFact(after, 'guardrail.enabled', 'pii'),
  ].map((fact) => (fact.status === 'known' ? fact.value : fact.reason));
  expect(values).toEqual([2, 'gpt', 150, null, 90, true, 750, false]);
  expect(known(after, 'sla.contracts')?.[0]?.suspendedUntil).toBe('2026-11-21T03:00:00.000Z');
  for (const name of ['traffic.day', 'traffic.providers', 'spend.growth', 'own.original_values'] as const)
    expect(after[name]).toBe(sampleEvidence[name]);
  expect(readFact(after, 'team.rpm_limit', 'batch')).toMatchObject({ value: 100 });
  expect(readFact(sampleEvidence, 'team.rpm_limit', 'web')).toMatchObject({ value: 100 });
});

test('a shared budget row moves for all who share it', () => {
  const shared = withReading('gateway.organizations', (rows) => [...rows, { ...rows[0]!, id: 'other' }]);
  const after = withChanges(shared, [
    { target: 'litellm:budget/bud-1', field: 'max_budget', from: 500, to: 750 },
  ]);
  expect(readFact(after, 'org.max_budget', 'other')).toMatchObject({ value: 750 });
});

test('a group may be called __proto__', () => {
  const set: Change = { target: 'litellm:model_group/__proto__', field: 'alias', from: null, to: 'gpt' };
  const after = withChanges(sampleEvidence, [set]);
  const map = known(after, 'gateway.aliases')?.map ?? {};
  expect(Object.keys(map)).toEqual(['smart', '__proto__']);
  expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
  expect(withChanges(after, [{ ...set, from: 'gpt', to: null }])).toEqual(sampleEvidence);
});

test('what is unknown stays unknown, and what no reading holds changes nothing', () => {
  const unread = withUnknown('gateway.teams');
  expect(withChanges(unread, [{ target: 'litellm:team/web', field: 'rpm_limit', from: 1, to: 2 }])).toEqual(
    unread,
  );
  const elsewhere: readonly Change[] = [
    { target: 'litellm:model_group/claude', field: 'fallbacks', from: null, to: ['gpt'] },
    { target: 'pagerduty:alert/x', field: 'page', from: null, to: { summary: 's', severity: 'info' } },
    { target: 'runbook:drain/cache', field: 'state', from: 'on', to: 'off' },
    { target: 'litellm:team/nobody', field: 'rpm_limit', from: 1, to: 2 },
  ];
  expect(withChanges(sampleEvidence, elsewhere)).toEqual(sampleEvidence);
});
