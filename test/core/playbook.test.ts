import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { actionLibrary, libraryWith } from '../../actions/library.ts';
import type { ActionLibrary } from '../../src/core/action.ts';
import { dryRun } from '../../src/core/dry-run.ts';
import type { Evidence } from '../../src/core/evidence.ts';
import { incidentKinds } from '../../src/core/incident.ts';
import type { Incident } from '../../src/core/incident.ts';
import { playbook } from '../../src/core/playbook.ts';
import type { Proposal } from '../../src/core/proposal.ts';
import { realTempo } from '../../src/core/tempo.ts';
import { arbitraryEvidence } from '../support/arbitrary-state.ts';
import {
  contextOf,
  sampleEvidence,
  sampleIncident,
  sampleNow,
  withReading,
  withUnknown,
} from '../support/sample-evidence.ts';

const propose = (
  incident: Incident,
  evidence: Evidence = sampleEvidence,
  library: ActionLibrary = actionLibrary,
): Proposal => playbook({ incident, evidence, now: sampleNow, tempo: realTempo, library });

/** `type params` or `page: reason`. */
const shown = (proposal: Proposal): string =>
  proposal.kind === 'remediate'
    ? `${proposal.action.type} ${JSON.stringify(proposal.action.params)}`
    : `page: ${proposal.reason}`;

const unhealthy = sampleIncident();
const slow = sampleIncident({ kind: 'latency.spike' });
const overBudget = (scope: Incident['scope']) => sampleIncident({ kind: 'budget.exceeded', scope });
const violated = (sla: string) => sampleIncident({ kind: 'sla.violation', scope: { sla } });
const withoutBedrock = withReading('gateway.deployments', (rows) => rows.filter((row) => row.id !== 'b2'));

describe('the table', () => {
  test.each([
    [
      'an unhealthy provider is broken',
      unhealthy,
      sampleEvidence,
      'route.circuit_break {"provider":"anthropic","minutes":5}',
    ],
    [
      'where a group would be left with nothing, the worst group is moved',
      unhealthy,
      withoutBedrock,
      'route.fallback_swap {"model_group":"claude","to":"gpt"}',
    ],
    [
      'the worst group is the one with the most failures',
      unhealthy,
      {
        ...withoutBedrock,
        'traffic.model_groups': withReading('traffic.model_groups', (rows) =>
          rows.map((row) => (row.modelGroup === 'haiku' ? { ...row, total: 90, failed: 60 } : row)),
        )['traffic.model_groups']!,
      },
      'route.fallback_swap {"model_group":"haiku","to":"gpt"}',
    ],
    [
      'on a gateway that cannot block, the worst group is moved',
      unhealthy,
      withReading('gateway.capabilities', (can) => ({ ...can, canBlockDeployments: false })),
      'route.fallback_swap {"model_group":"claude","to":"gpt"}',
    ],
    [
      'the busiest group that may take over does',
      unhealthy,
      {
        ...withReading('gateway.deployments', (rows) =>
          rows.flatMap((row) => {
            if (row.id === 'b2') return [];
            return row.id === 'o1' ? [{ ...row, id: 'o0', modelGroup: 'alpha' }, row] : [row];
          }),
        ),
      },
      'route.fallback_swap {"model_group":"claude","to":"gpt"}',
    ],
    [
      'a target that is redirected itself does not',
      unhealthy,
      {
        ...withoutBedrock,
        'gateway.aliases': withReading('gateway.aliases', () => ({ map: { gpt: 'haiku' } }))[
          'gateway.aliases'
        ]!,
      },
      'page: nothing can be done about provider `anthropic`',
    ],
    [
      'a slow provider loses its busiest group',
      slow,
      sampleEvidence,
      'route.fallback_swap {"model_group":"claude","to":"gpt"}',
    ],
    [
      'a slow provider with nothing else to go to is for a person',
      slow,
      withReading('gateway.deployments', (rows) => rows.filter((row) => row.provider === 'anthropic')),
      'page: no model group can be moved away from provider `anthropic`',
    ],
    [
      'the one key that runs away is throttled',
      overBudget({ team: 'batch' }),
      sampleEvidence,
      'limit.lower {"key":"k-batch","percent":50}',
    ],
    [
      'also for an organisation',
      overBudget({ org: 'acme' }),
      sampleEvidence,
      'limit.lower {"key":"k-batch","percent":50}',
    ],
    [
      'a key without limits leaves its team',
      overBudget({ org: 'acme' }),
      withReading('gateway.keys', (rows) => rows.map((row) => ({ ...row, rpmLimit: null }))),
      'limit.lower {"team":"batch","percent":50}',
    ],
    [
      'a team that grows as usual is for a person',
      overBudget({ team: 'web' }),
      sampleEvidence,
      'page: no single team or key explains the spend',
    ],
    [
      'two that run away are for a person',
      overBudget({ org: 'acme' }),
      withReading('spend.growth', (rows) => rows.map((row) => ({ ...row, lastHourUsd: 30 }))),
      'page: no single team or key explains the spend',
    ],
    [
      'a budget of nobody is for a person',
      overBudget({}),
      sampleEvidence,
      'page: no single team or key explains the spend',
    ],
    [
      'a violated SLA of a provider is that provider',
      violated('fast'),
      sampleEvidence,
      'route.circuit_break {"provider":"anthropic","minutes":5}',
    ],
    [
      'a violated SLA of a team is for a person',
      violated('gold'),
      sampleEvidence,
      'page: the incident names no provider',
    ],
    [
      'strikes are for a person',
      sampleIncident({ kind: 'guardrail.strikes', scope: { guardrail: 'pii' } }),
      sampleEvidence,
      'page: whether strikes are an attack or a false alarm is for a person to tell',
    ],
    [
      'any other alert is shown',
      sampleIncident({ kind: 'alert', scope: { alertname: 'DiskFull' } }),
      sampleEvidence,
      'page: an alert of another kind is shown, never remediated',
    ],
    [
      'an incident without a provider is for a person',
      sampleIncident({ scope: {} }),
      sampleEvidence,
      'page: the incident names no provider',
    ],
  ] as const)('%s', (_name, incident, evidence, expected) => {
    // What else was tried stands after the reason.
    expect(shown(propose(incident, evidence)).split('; ')[0]).toBe(expected);
  });

  test('nothing is proposed on what was not read, and the reason is told', () => {
    const text = shown(propose(unhealthy, withUnknown('gateway.deployments')));
    expect(text).toContain('page: nothing can be done about provider `anthropic`');
    expect(text).toContain('provider.deployments_known unknown (gateway.deployments: not read within 2 s)');
    expect(shown(propose(overBudget({ team: 'batch' }), {}))).toBe(
      'page: no single team or key explains the spend',
    );
  });

  test('one library, one table: a type that is not there is passed over', () => {
    const library = libraryWith([]);
    const without: ActionLibrary = {
      list: library.list.filter((action) => action.type !== 'route.circuit_break'),
      find: (type) => (type === 'route.circuit_break' ? null : library.find(type)),
    };
    expect(shown(propose(unhealthy, sampleEvidence, without))).toBe(
      'route.fallback_swap {"model_group":"claude","to":"gpt"}',
    );
  });

  test('a line that would change nothing is passed over', () => {
    const idle: ActionLibrary = {
      list: actionLibrary.list,
      find: (type) => {
        const action = actionLibrary.find(type);
        return action !== null && type === 'route.circuit_break' ? { ...action, plan: () => [] } : action;
      },
    };
    expect(shown(propose(unhealthy, sampleEvidence, idle))).toBe(
      'route.fallback_swap {"model_group":"claude","to":"gpt"}',
    );
  });

  test('says who proposed it, on what, without a confidence', () => {
    expect(propose(unhealthy)).toEqual({
      kind: 'remediate',
      proposedBy: { kind: 'playbook' },
      action: { type: 'route.circuit_break', params: { provider: 'anthropic', minutes: 5 } },
      confidence: null,
      preconditions: [],
      citedFacts: [{ fact: 'provider.error_rate', subject: 'anthropic' }],
      diagnosis: 'Provider `anthropic` is blocked for 5 minutes; its model groups are served by others.',
      rejected: [],
    });
  });

  test('foreign names are shown, never acted on, when they hide something', () => {
    const provider = 'anthropic\u202e';
    const text = shown(propose(sampleIncident({ scope: { provider } })));
    expect(text).toContain('page: nothing can be done about provider `anthropic\\u{202E}`');
    expect(text).toContain('must not hold control or invisible characters');
    expect(text.length).toBeLessThanOrEqual(1006);
  });
});

test('whatever the state, the playbook is deterministic and proposes only what may run', () => {
  const scopes = fc.constantFrom<Incident['scope']>(
    { provider: 'anthropic' },
    { provider: 'openai' },
    { provider: 'a', model_group: '__proto__' },
    { team: 'batch' },
    { team: 'constructor' },
    { org: 'acme' },
    { key: 'k-batch' },
    { sla: 'fast' },
    {},
  );
  // The good gateway with some readings out of order: nothing at all could be done about most random ones.
  const states = fc
    .tuple(arbitraryEvidence, fc.subarray(Object.keys(sampleEvidence), { maxLength: 3 }))
    .map(([other, names]): Evidence => {
      const replaced = Object.entries(other).filter(([name]) => names.includes(name));
      return { ...sampleEvidence, ...Object.fromEntries(replaced) };
    });
  let remediated = 0;
  fc.assert(
    fc.property(states, fc.constantFrom(...incidentKinds), scopes, (evidence, kind, scope) => {
      const incident = sampleIncident({ kind, scope });
      const proposal = propose(incident, evidence);
      expect(propose(incident, evidence)).toEqual(proposal);
      if (proposal.kind === 'escalate') {
        expect(proposal.reason).not.toBe('');
        return;
      }
      remediated += 1;
      const action = actionLibrary.find(proposal.action.type);
      if (action === null) throw new Error('not in the library');
      const run = dryRun({
        action,
        params: proposal.action.params,
        context: contextOf(evidence, incident),
        modelPreconditions: [],
      });
      expect(action.kinds).toContain(kind);
      expect(run.changes.length).toBeGreaterThan(0);
      expect(run.preconditions.filter((one) => one.severity === 'must' && one.holds !== 'holds')).toEqual([]);
    }),
    { numRuns: 2000 },
  );
  expect(remediated).toBeGreaterThan(50);
});
