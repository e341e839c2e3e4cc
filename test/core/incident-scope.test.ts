import { describe, expect, test } from 'vitest';
import { actionLibrary } from '../../actions/library.ts';
import type { ActionSubject } from '../../src/core/action.ts';
import type { Change } from '../../src/core/change.ts';
import type { Evidence } from '../../src/core/evidence.ts';
import { incidentKinds } from '../../src/core/incident.ts';
import type { Incident, IncidentKind, IncidentScope } from '../../src/core/incident.ts';
import { incidentScope, insideIncident } from '../../src/core/incident-scope.ts';
import type { JsonObject } from '../../src/core/json.ts';
import {
  contextOf,
  sampleEvidence,
  sampleIncident,
  withReading,
  withUnknown,
} from '../support/sample-evidence.ts';

/** The verdict on an action as it would be planned, changes included. */
function judge(
  type: string,
  params: JsonObject,
  kind: IncidentKind,
  scope: IncidentScope,
  evidence: Evidence = sampleEvidence,
): boolean | null {
  const action = find(type);
  const incident = sampleIncident({ kind, scope });
  const changes = action.plan(params, contextOf(evidence, incident));
  return insideIncident({ incident, action, subject: action.subject(params), changes, evidence }).inside;
}

function find(type: string) {
  const action = actionLibrary.find(type);
  if (action === null) throw new Error(`${type} is not in the library`);
  return action;
}

const provider = { provider: 'anthropic' };
const five = { percent: 5 };

describe('kinds', () => {
  test('an alert of another kind is never remediated', () => {
    for (const action of actionLibrary.list) expect(action.kinds).not.toContain('alert');
  });

  test('each type answers only its kinds', () => {
    const answers = Object.fromEntries(
      actionLibrary.list.map((action) => [
        action.type,
        incidentKinds.filter((kind) => action.kinds.includes(kind)),
      ]),
    );
    const routing = ['provider.unhealthy', 'sla.violation', 'latency.spike'];
    expect(answers).toEqual({
      'route.circuit_break': routing,
      'route.fallback_swap': routing,
      'limit.raise': ['sla.violation'],
      'limit.lower': ['budget.exceeded'],
      'key.block': ['budget.exceeded', 'guardrail.strikes'],
      'alert.page_oncall': incidentKinds.filter((kind) => kind !== 'alert'),
      'guardrail.disable': ['guardrail.strikes'],
      'budget.raise_cap': ['budget.exceeded'],
      'sla.disable': ['sla.violation'],
    });
    expect(judge('route.circuit_break', { ...provider, minutes: 5 }, 'budget.exceeded', provider)).toBe(
      false,
    );
  });
});

describe('subjects', () => {
  test.each([
    [
      'its provider',
      'route.circuit_break',
      { ...provider, minutes: 5 },
      'provider.unhealthy',
      provider,
      true,
    ],
    [
      'another provider',
      'route.circuit_break',
      { provider: 'openai', minutes: 5 },
      'provider.unhealthy',
      provider,
      false,
    ],
    [
      'a provider, of a group',
      'route.circuit_break',
      { ...provider, minutes: 5 },
      'sla.violation',
      { model_group: 'claude' },
      false,
    ],
    [
      'a group with a deployment of it',
      'route.fallback_swap',
      { model_group: 'claude', to: 'gpt' },
      'provider.unhealthy',
      provider,
      true,
    ],
    [
      'an alias of such a group',
      'route.fallback_swap',
      { model_group: 'smart', to: 'gpt' },
      'provider.unhealthy',
      provider,
      true,
    ],
    [
      'a group without',
      'route.fallback_swap',
      { model_group: 'gpt', to: 'claude' },
      'provider.unhealthy',
      provider,
      false,
    ],
    [
      'the group it names',
      'route.fallback_swap',
      { model_group: 'claude', to: 'gpt' },
      'sla.violation',
      { model_group: 'claude' },
      true,
    ],
    [
      'another group than it names',
      'route.fallback_swap',
      { model_group: 'haiku', to: 'gpt' },
      'sla.violation',
      { ...provider, model_group: 'claude' },
      false,
    ],
    [
      'a group, of a team',
      'route.fallback_swap',
      { model_group: 'claude', to: 'gpt' },
      'sla.violation',
      { team: 'web' },
      false,
    ],
    ['its team', 'limit.lower', { team: 'batch', ...five }, 'budget.exceeded', { team: 'batch' }, true],
    ['another team', 'limit.lower', { team: 'web', ...five }, 'budget.exceeded', { team: 'batch' }, false],
    [
      'a team of the organisation',
      'limit.lower',
      { team: 'web', ...five },
      'budget.exceeded',
      { org: 'acme' },
      true,
    ],
    ['a team of none', 'limit.lower', { team: 'lab', ...five }, 'budget.exceeded', { org: 'acme' }, false],
    [
      'a team that is not there',
      'limit.lower',
      { team: 'nope', ...five },
      'budget.exceeded',
      { org: 'acme' },
      null,
    ],
    ['a key of the team', 'key.block', { key: 'k-batch' }, 'budget.exceeded', { team: 'batch' }, true],
    ['a key of another team', 'key.block', { key: 'k-web' }, 'budget.exceeded', { team: 'batch' }, false],
    [
      'a key of the organisation, by its team',
      'key.block',
      { key: 'k-batch' },
      'budget.exceeded',
      { org: 'acme' },
      true,
    ],
    [
      'a key of the organisation, by itself',
      'key.block',
      { key: 'k-web' },
      'budget.exceeded',
      { org: 'acme' },
      true,
    ],
    ['the key it names', 'key.block', { key: 'k-web' }, 'budget.exceeded', { key: 'k-web' }, true],
    [
      'another key than it names',
      'key.block',
      { key: 'k-batch' },
      'budget.exceeded',
      { team: 'batch', key: 'k-web' },
      false,
    ],
    ['a key that is not there', 'key.block', { key: 'nope' }, 'budget.exceeded', { team: 'batch' }, null],
    [
      'a key, of a guardrail',
      'key.block',
      { key: 'k-web' },
      'guardrail.strikes',
      { guardrail: 'pii' },
      false,
    ],
    [
      'its organisation',
      'budget.raise_cap',
      { org: 'acme', ...five },
      'budget.exceeded',
      { org: 'acme' },
      true,
    ],
    [
      'the organisation of its team',
      'budget.raise_cap',
      { org: 'acme', ...five },
      'budget.exceeded',
      { team: 'web' },
      false,
    ],
    [
      'its guardrail',
      'guardrail.disable',
      { guardrail: 'pii' },
      'guardrail.strikes',
      { guardrail: 'pii' },
      true,
    ],
    [
      'its guardrail by the other name',
      'guardrail.disable',
      { guardrail: 'g-1' },
      'guardrail.strikes',
      { guardrail: 'pii' },
      true,
    ],
    [
      'another guardrail',
      'guardrail.disable',
      { guardrail: 'jailbreak' },
      'guardrail.strikes',
      { guardrail: 'pii' },
      false,
    ],
    ['its SLA', 'sla.disable', { sla: 'gold' }, 'sla.violation', { sla: 'gold' }, true],
    ['another SLA', 'sla.disable', { sla: 'fast' }, 'sla.violation', { sla: 'gold' }, false],
    [
      'the team its SLA covers',
      'limit.raise',
      { team: 'web', ...five },
      'sla.violation',
      { sla: 'gold' },
      true,
    ],
    [
      'a team its SLA does not cover',
      'limit.raise',
      { team: 'batch', ...five },
      'sla.violation',
      { sla: 'gold' },
      false,
    ],
    [
      'the provider its SLA covers',
      'route.circuit_break',
      { ...provider, minutes: 5 },
      'sla.violation',
      { sla: 'fast' },
      true,
    ],
    [
      'a page',
      'alert.page_oncall',
      { summary: 's', severity: 'info' },
      'budget.exceeded',
      { team: 'web' },
      true,
    ],
  ] as const)('%s', (_name, type, params, kind, scope, inside) => {
    expect(judge(type, params, kind, scope)).toBe(inside);
  });

  test('what was not read cannot be evaluated', () => {
    const swap = { model_group: 'claude', to: 'gpt' };
    for (const name of ['gateway.deployments', 'gateway.aliases'] as const)
      expect(
        judge('route.fallback_swap', swap, 'provider.unhealthy', provider, withUnknown(name)),
      ).toBeNull();
    expect(
      judge(
        'limit.lower',
        { team: 'web', ...five },
        'budget.exceeded',
        { org: 'acme' },
        withUnknown('gateway.teams'),
      ),
    ).toBeNull();
    expect(
      judge('key.block', { key: 'k-web' }, 'budget.exceeded', { team: 'web' }, withUnknown('gateway.keys')),
    ).toBeNull();
    expect(
      judge(
        'guardrail.disable',
        { guardrail: 'g-1' },
        'guardrail.strikes',
        { guardrail: 'pii' },
        withUnknown('gateway.guardrails'),
      ),
    ).toBeNull();
    expect(
      judge(
        'limit.raise',
        { team: 'web', ...five },
        'sla.violation',
        { sla: 'gold' },
        withUnknown('sla.contracts'),
      ),
    ).toBe(false);
  });

  test('what a runbook touches cannot be compared', () => {
    const action = find('key.block');
    const subject: ActionSubject = { kind: 'runbook', id: 'drain' };
    const incident = sampleIncident({ kind: 'budget.exceeded', scope: { team: 'web' } });
    expect(
      insideIncident({ incident, action, subject, changes: [], evidence: sampleEvidence }).inside,
    ).toBeNull();
  });
});

describe('changes', () => {
  const incidentOf = (kind: IncidentKind, scope: IncidentScope): Incident => sampleIncident({ kind, scope });
  const withChange = (type: string, subject: ActionSubject, incident: Incident, change: Change) =>
    insideIncident({ incident, action: find(type), subject, changes: [change], evidence: sampleEvidence });

  test.each([
    [
      'route.circuit_break',
      { kind: 'provider', id: 'anthropic' },
      'provider.unhealthy',
      provider,
      { target: 'litellm:deployment/o1', field: 'blocked', from: false, to: true },
    ],
    [
      'route.circuit_break',
      { kind: 'provider', id: 'anthropic' },
      'provider.unhealthy',
      provider,
      { target: 'litellm:deployment/nope', field: 'blocked', from: false, to: true },
    ],
    [
      'route.circuit_break',
      { kind: 'provider', id: 'anthropic' },
      'provider.unhealthy',
      provider,
      { target: 'litellm:team/web', field: 'rpm_limit', from: 1, to: 2 },
    ],
    [
      'route.fallback_swap',
      { kind: 'model_group', id: 'claude' },
      'provider.unhealthy',
      provider,
      { target: 'litellm:model_group/haiku', field: 'alias', from: null, to: 'gpt' },
    ],
    [
      'limit.lower',
      { kind: 'team', id: 'batch' },
      'budget.exceeded',
      { team: 'batch' },
      { target: 'litellm:team/web', field: 'rpm_limit', from: 2, to: 1 },
    ],
    [
      'key.block',
      { kind: 'key', id: 'k-batch' },
      'budget.exceeded',
      { team: 'batch' },
      { target: 'litellm:key/k-web', field: 'blocked', from: false, to: true },
    ],
    [
      'guardrail.disable',
      { kind: 'guardrail', id: 'pii' },
      'guardrail.strikes',
      { guardrail: 'pii' },
      { target: 'litellm:guardrail/g-2', field: 'default_on', from: true, to: false },
    ],
    [
      'sla.disable',
      { kind: 'sla', id: 'gold' },
      'sla.violation',
      { sla: 'gold' },
      { target: 'scutum:sla/fast', field: 'suspended_until', from: null, to: 'x' },
    ],
    [
      'alert.page_oncall',
      { kind: 'oncall', id: 'pagerduty' },
      'budget.exceeded',
      { team: 'batch' },
      {
        target: 'pagerduty:alert/scutum-sre/INC-8/page',
        field: 'page',
        from: null,
        to: { summary: 's', severity: 'info' },
      },
    ],
    [
      'budget.raise_cap',
      { kind: 'org', id: 'acme' },
      'budget.exceeded',
      { org: 'acme' },
      { target: 'litellm:budget/bud-2', field: 'max_budget', from: 1, to: 2 },
    ],
    [
      'budget.raise_cap',
      { kind: 'team', id: 'web' },
      'budget.exceeded',
      { team: 'web' },
      { target: 'litellm:budget/bud-1', field: 'max_budget', from: 1, to: 2 },
    ],
    [
      'key.block',
      { kind: 'key', id: 'k-batch' },
      'budget.exceeded',
      { team: 'batch' },
      { target: 'runbook:drain/x', field: 'state', from: 1, to: 2 },
    ],
  ] satisfies readonly (readonly [string, ActionSubject, IncidentKind, IncidentScope, Change])[])(
    '%s of %j must not touch what is not its own',
    (type, subject, kind, scope, change) => {
      const verdict = withChange(type, subject, incidentOf(kind, scope), change);
      expect(verdict.inside).toBe(false);
      expect(verdict.detail).toContain(change.target.split('/').at(-1) === 'page' ? 'INC-8' : '`');
    },
  );

  test('a budget row that others share reaches beyond the incident', () => {
    const shared = withReading('gateway.organizations', (rows) =>
      rows.map((row) => ({ ...row, budgetSharers: 2 })),
    );
    expect(
      judge('budget.raise_cap', { org: 'acme', ...five }, 'budget.exceeded', { org: 'acme' }, shared),
    ).toBe(false);
  });
});

test('a violated SLA covers what its contract says, and the incident has the last word', () => {
  expect(incidentScope({ scope: { sla: 'fast' } }, sampleEvidence)).toEqual({
    sla: 'fast',
    provider: 'anthropic',
  });
  expect(incidentScope({ scope: { sla: 'fast', provider: 'bedrock' } }, sampleEvidence)).toEqual({
    sla: 'fast',
    provider: 'bedrock',
  });
  expect(incidentScope({ scope: { sla: 'nope' } }, sampleEvidence)).toEqual({ sla: 'nope' });
});
