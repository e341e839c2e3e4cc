import { describe, expect, test } from 'vitest';
import { actionLibrary } from '../../actions/library.ts';
import { dryRun } from '../../src/core/dry-run.ts';
import type { DryRun } from '../../src/core/dry-run.ts';
import type { Evidence } from '../../src/core/evidence.ts';
import type { Incident } from '../../src/core/incident.ts';
import type { JsonObject } from '../../src/core/json.ts';
import {
  contextOf,
  sampleEvidence,
  sampleIncident,
  withReading,
  withUnknown,
} from '../support/sample-evidence.ts';

/** What each action plans on the sample gateway, whom it touches, what must improve, and how it is undone. */

function run(
  type: string,
  params: JsonObject,
  given: { readonly evidence?: Evidence; readonly incident?: Incident } = {},
): DryRun {
  const action = actionLibrary.find(type);
  if (action === null) throw new Error(`${type} is not in the library`);
  const context = contextOf(given.evidence ?? sampleEvidence, given.incident ?? null);
  return dryRun({ action, params, context, modelPreconditions: [] });
}

const shown = ({ changes }: DryRun) =>
  changes.map((one) => `${one.target} ${one.field} ${JSON.stringify(one.from)} → ${JSON.stringify(one.to)}`);

const reached = ({ reach }: DryRun) =>
  reach.status === 'known'
    ? reach.kinds.map((kind) => `${kind.kind} ${kind.affected}/${kind.active}`)
    : reach;

describe('route.circuit_break', () => {
  const broken = run('route.circuit_break', { provider: 'anthropic', minutes: 3 });

  test('blocks every open deployment of the provider, in order, and unblocks exactly those', () => {
    expect(shown(broken)).toEqual([
      'litellm:deployment/a1 blocked false → true',
      'litellm:deployment/a2 blocked false → true',
      'litellm:deployment/a3 blocked false → true',
    ]);
    const evidence = withReading('gateway.deployments', (rows) =>
      rows.map((row) => (row.id === 'a1' ? { ...row, blocked: true } : row)),
    );
    const partly = run('route.circuit_break', { provider: 'anthropic', minutes: 3 }, { evidence });
    expect(partly.inverse).toEqual([
      { target: 'litellm:deployment/a3', field: 'blocked', from: true, to: false },
      { target: 'litellm:deployment/a2', field: 'blocked', from: true, to: false },
    ]);
  });

  test('is undone by a timer and locks the provider and its deployments', () => {
    expect(broken.revert).toEqual({ kind: 'timer', afterMinutes: 3 });
    expect(broken.locks).toEqual([
      'litellm:deployment/a1',
      'litellm:deployment/a2',
      'litellm:deployment/a3',
      'provider/anthropic',
    ]);
  });

  test('touches who used the provider in 24 h', () => {
    expect(reached(broken)).toEqual(['teams 2/3', 'models 2/3', 'providers 1/3', 'requests 90/200']);
  });

  test('promises success to the groups behind it, those with enough requests where there are any', () => {
    expect(broken.expectation).toEqual({
      fact: 'model_group.success_rate',
      subjects: ['claude', 'haiku'],
      better: 'higher',
      settleSeconds: 120,
      deadlineSeconds: 240,
    });
    const quiet = withReading('traffic.model_groups', (rows) =>
      rows.map((row) => (row.modelGroup === 'haiku' ? { ...row, total: 4 } : row)),
    );
    const params = { provider: 'anthropic', minutes: 3 };
    expect(run('route.circuit_break', params, { evidence: quiet }).expectation?.subjects).toEqual(['claude']);
    const none = withUnknown('traffic.model_groups');
    expect(run('route.circuit_break', params, { evidence: none }).expectation?.subjects).toEqual([
      'claude',
      'haiku',
      'smart',
    ]);
  });
});

describe('route.fallback_swap', () => {
  test('sets the alias from what it is now', () => {
    const params = { model_group: 'claude', to: 'gpt' };
    expect(shown(run('route.fallback_swap', params))).toEqual([
      'litellm:model_group/claude alias null → "gpt"',
    ]);
    const evidence = withReading('gateway.aliases', () => ({ map: { claude: 'haiku' } }));
    expect(shown(run('route.fallback_swap', params, { evidence }))).toEqual([
      'litellm:model_group/claude alias "haiku" → "gpt"',
    ]);
  });

  test('promises success, and after a latency spike the ratio of the slow provider', () => {
    const params = { model_group: 'claude', to: 'gpt' };
    expect(run('route.fallback_swap', params).expectation).toMatchObject({
      fact: 'model_group.success_rate',
      subjects: ['claude'],
      better: 'higher',
    });
    const incident = sampleIncident({ kind: 'latency.spike' });
    expect(run('route.fallback_swap', params, { incident }).expectation).toMatchObject({
      fact: 'provider.latency_ratio',
      subjects: ['anthropic'],
      better: 'lower',
    });
  });
});

describe('limits and budgets', () => {
  test('limit.raise rounds down, and leaves a limit that is none', () => {
    const evidence = withReading('gateway.teams', (rows) =>
      rows.map((row) => ({ ...row, rpmLimit: 33, tpmLimit: null })),
    );
    const raised = run('limit.raise', { team: 'web', percent: 10 }, { evidence });
    expect(shown(raised)).toEqual(['litellm:team/web rpm_limit 33 → 36']);
    expect(shown(run('limit.raise', { team: 'web', percent: 50 }))).toEqual([
      'litellm:team/web rpm_limit 100 → 150',
      'litellm:team/web tpm_limit 1000 → 1500',
    ]);
  });

  test('limit.lower rounds up and never below 1', () => {
    const evidence = withReading('gateway.keys', (rows) => rows.map((row) => ({ ...row, rpmLimit: 4 })));
    const lowered = run('limit.lower', { key: 'k-batch', percent: 90 }, { evidence });
    expect(shown(lowered)).toEqual(['litellm:key/k-batch rpm_limit 4 → 1']);
    const byTeam = run('limit.lower', { team: 'batch', percent: 33 });
    expect(shown(byTeam)).toEqual([
      'litellm:team/batch rpm_limit 100 → 67',
      'litellm:team/batch tpm_limit 1000 → 670',
    ]);
    expect(reached(byTeam)).toEqual(['teams 1/3', 'requests 60/200']);
  });

  test('a stored value is the signal, unless it moves too little to tell', () => {
    expect(run('limit.raise', { team: 'web', percent: 10 }).expectation).toEqual({
      fact: 'team.rpm_limit',
      subjects: ['web'],
      better: 'higher',
      settleSeconds: 30,
      deadlineSeconds: 120,
    });
    expect(run('limit.raise', { team: 'web', percent: 9 }).expectation).toBeNull();
    expect(run('limit.lower', { key: 'k-batch', percent: 50 }).expectation).toMatchObject({
      fact: 'key.rpm_limit',
      better: 'lower',
    });
    expect(run('budget.raise_cap', { org: 'acme', percent: 20 }).expectation).toMatchObject({
      fact: 'org.max_budget',
      subjects: ['acme'],
    });
  });

  test('budget.raise_cap moves the row that holds the cap, to whole cents', () => {
    expect(shown(run('budget.raise_cap', { team: 'lab', percent: 20 }))).toEqual([
      'litellm:team/lab max_budget 100 → 120',
    ]);
    expect(shown(run('budget.raise_cap', { key: 'k-batch', percent: 1 }))).toEqual([
      'litellm:key/k-batch max_budget 60 → 60.6',
    ]);
    const org = run('budget.raise_cap', { org: 'acme', percent: 50 });
    expect(shown(org)).toEqual(['litellm:budget/bud-1 max_budget 500 → 750']);
    expect(org.locks).toEqual(['litellm:budget/bud-1', 'org/acme']);
  });

  test('an organisation reaches its teams, those who share its budget, and all when they cannot be named', () => {
    const params = { org: 'acme', percent: 50 };
    expect(reached(run('budget.raise_cap', params))).toEqual(['teams 2/3', 'requests 190/200']);
    const hidden = withReading('gateway.organizations', (rows) =>
      rows.map((row) => ({ ...row, budgetSharers: 3 })),
    );
    expect(run('budget.raise_cap', params, { evidence: hidden }).reach).toEqual({
      status: 'unknown',
      reason: 'budget row `bud-1` is used by 3, of which 1 can be named',
    });
    const sharing: Evidence = {
      ...withReading('gateway.organizations', (rows) => [
        ...rows.map((row) => ({ ...row, budgetSharers: 2 })),
        { ...rows[0]!, id: 'other', budgetSharers: 2 },
      ]),
      'traffic.day': withReading('traffic.day', (cells) =>
        cells.map((cell) => (cell.team === 'lab' ? { ...cell, org: 'other' } : cell)),
      )['traffic.day']!,
    };
    expect(reached(run('budget.raise_cap', params, { evidence: sharing }))).toContain('teams 3/3');
  });

  test('traffic without an organisation is counted through its team, or not at all', () => {
    const params = { org: 'acme', percent: 50 };
    const blank = withReading('traffic.day', (cells) => cells.map((cell) => ({ ...cell, org: '' })));
    expect(reached(run('budget.raise_cap', params, { evidence: blank }))).toContain('teams 2/3');
    const teams = withUnknown('gateway.teams')['gateway.teams']!;
    expect(run('budget.raise_cap', params, { evidence: { ...blank, 'gateway.teams': teams } }).reach).toEqual(
      {
        status: 'unknown',
        reason: 'gateway.teams is unknown and some traffic names no organisation',
      },
    );
  });
});

describe('key.block', () => {
  test('blocks one key and promises no signal', () => {
    const blocked = run('key.block', { key: 'k-batch' });
    expect(shown(blocked)).toEqual(['litellm:key/k-batch blocked false → true']);
    expect(blocked.expectation).toBeNull();
    expect(reached(blocked)).toEqual(['teams 1/3', 'requests 60/200']);
  });
});

describe('alert.page_oncall', () => {
  const params = { summary: 'look / now', severity: 'error' };

  test('is one alert per incident, touches no traffic and locks only that alert', () => {
    const paged = run('alert.page_oncall', params, { incident: sampleIncident() });
    expect(paged.changes).toEqual([
      {
        target: 'pagerduty:alert/scutum-sre/INC-7/page',
        field: 'page',
        from: null,
        to: { summary: 'look / now', severity: 'error' },
      },
    ]);
    expect(paged.locks).toEqual(['pagerduty:alert/scutum-sre/INC-7/page']);
    expect(paged.reach).toEqual({ status: 'none' });
    expect(paged.expectation).toBeNull();
  });

  test('without an incident is one alert per text', () => {
    expect(run('alert.page_oncall', params).changes[0]?.target).toBe(
      'pagerduty:alert/scutum-sre/manual/look%20%2F%20now',
    );
    const long = run('alert.page_oncall', { summary: 'ü'.repeat(1024), severity: 'info' });
    expect((long.changes[0]?.target ?? '').length).toBeLessThan(255);
  });
});

describe('guardrail.disable', () => {
  test('takes an id or a name and changes the id', () => {
    for (const guardrail of ['pii', 'g-1']) {
      const disabled = run('guardrail.disable', { guardrail });
      expect(shown(disabled)).toEqual(['litellm:guardrail/g-1 default_on true → false']);
      expect(disabled.expectation).toMatchObject({ fact: 'guardrail.strikes', subjects: ['pii'] });
      expect(reached(disabled)).toEqual(['teams 1/3', 'requests 100/200']);
    }
  });

  test('counts who only the guardrail counts know among the affected and the active', () => {
    const evidence = withReading('traffic.guardrails', (cells) => [
      ...cells,
      { guardrail: 'g-1', team: 'ghost', modelGroup: 'gpt', provider: '', requests: 7 },
      { guardrail: 'jailbreak', team: 'batch', modelGroup: 'claude', provider: 'anthropic', requests: 7 },
    ]);
    const disabled = run('guardrail.disable', { guardrail: 'pii' }, { evidence });
    expect(reached(disabled)).toEqual(['teams 2/4', 'requests 107/207']);
  });
});

describe('sla.disable', () => {
  const until = (now: string) => {
    const action = actionLibrary.find('sla.disable');
    return action?.plan({ sla: 'gold' }, { ...contextOf(sampleEvidence), now })[0]?.to;
  };

  test('suspends until the first full hour a day from now, the same for a whole hour', () => {
    expect(until('2026-11-20T02:10:00.000Z')).toBe('2026-11-21T03:00:00.000Z');
    expect(until('2026-11-20T02:00:00.001Z')).toBe('2026-11-21T03:00:00.000Z');
    expect(until('2026-11-20T03:00:00.000Z')).toBe('2026-11-21T03:00:00.000Z');
    expect(until('2026-12-31T23:30:00Z')).toBe('2027-01-02T00:00:00.000Z');
    expect(() => until('now')).toThrow('now is not an instant: `now`');
  });

  test('touches what the contract covers, and everything when it names what traffic does not count', () => {
    expect(reached(run('sla.disable', { sla: 'gold' }))).toEqual(['teams 1/3', 'requests 130/200']);
    const scoped = (scope: Readonly<Record<string, string>>) =>
      withReading('sla.contracts', (rows) => rows.map((row) => ({ ...row, scope })));
    const reachOf = (scope: Readonly<Record<string, string>>) =>
      reached(run('sla.disable', { sla: 'gold' }, { evidence: scoped(scope) }));
    expect(reachOf({})).toContain('requests 200/200');
    expect(reachOf({ org: 'acme', provider: 'openai' })).toContain('requests 100/200');
    expect(reachOf({ model_group: 'haiku', key: 'k-web' })).toContain('requests 30/200');
    expect(reachOf({ region: 'eu' })).toEqual({
      status: 'unknown',
      reason: 'traffic is not counted by `region`',
    });
  });
});
