import { describe, expect, test } from 'vitest';
import { actionLibrary } from '../../actions/library.ts';
import type { BuiltInActionType } from '../../src/core/action.ts';
import { builtInActionTypes } from '../../src/core/action.ts';
import { dryRun } from '../../src/core/dry-run.ts';
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

/** Every required precondition has at least one case here that fails it; a reading that is missing never lets it hold. */
interface Case {
  readonly id: string;
  readonly why: string;
  readonly params?: JsonObject;
  readonly evidence?: Evidence;
  readonly incident?: Incident;
  readonly holds?: 'fails' | 'unknown' | 'holds';
  readonly detail?: string;
}

const differentGateway: Case = {
  id: 'gateway.identity_same',
  why: 'two gateways',
  evidence: withReading('gateway.identity', () => ({ match: 'different', detail: '0 of 12 ids' })),
  detail: 'database and admin API are different gateways: 0 of 12 ids',
};
const identityCases: readonly Case[] = [
  differentGateway,
  {
    ...differentGateway,
    why: 'not read',
    evidence: withUnknown('gateway.identity'),
    holds: 'unknown',
    detail: 'not read',
  },
  {
    ...differentGateway,
    why: 'ids not logged',
    evidence: withReading('gateway.identity', () => ({ match: 'not_logged', detail: '' })),
    holds: 'holds',
    detail: 'cannot be told apart: no deployment id is logged',
  },
];

const anthropic = (change: { readonly [field: string]: unknown }): Evidence =>
  withReading('gateway.deployments', (rows) =>
    rows.map((row) => (row.id === 'a1' ? { ...row, ...change } : row)),
  );
const team = (id: string, change: { readonly [field: string]: unknown }): Evidence =>
  withReading('gateway.teams', (rows) => rows.map((row) => (row.id === id ? { ...row, ...change } : row)));
const key = (id: string, change: { readonly [field: string]: unknown }): Evidence =>
  withReading('gateway.keys', (rows) => rows.map((row) => (row.id === id ? { ...row, ...change } : row)));
const organization = (change: { readonly [field: string]: unknown }): Evidence =>
  withReading('gateway.organizations', (rows) => rows.map((row) => ({ ...row, ...change })));
const original = (changes: { readonly [changeKey: string]: number | null }): Evidence =>
  withReading('own.original_values', () => changes);

const cases: {
  readonly [T in BuiltInActionType]: { readonly params: JsonObject; readonly cases: readonly Case[] };
} = {
  'route.circuit_break': {
    params: { provider: 'anthropic', minutes: 5 },
    cases: [
      {
        id: 'provider.deployments_known',
        why: 'no such provider',
        params: { provider: 'nobody', minutes: 5 },
      },
      {
        id: 'provider.deployments_open',
        why: 'all blocked',
        evidence: withReading('gateway.deployments', (rows) =>
          rows.map((row) => ({ ...row, blocked: true })),
        ),
        detail: '0 of 3 are open',
      },
      {
        id: 'provider.deployments_open',
        why: 'the flag is not reported',
        evidence: anthropic({ blocked: null }),
      },
      {
        id: 'provider.deployments_open',
        why: 'too many to undo in time',
        evidence: withReading('gateway.deployments', ([first]) =>
          Array.from({ length: 101 }, (_, index) => ({ ...first!, id: `d${index}` })),
        ),
        detail: '101 deployments would have to be blocked; at most 100',
      },
      {
        id: 'provider.deployments_in_database',
        why: 'config.yaml',
        evidence: anthropic({ inDatabase: false }),
        detail: 'defined in config.yaml',
      },
      {
        id: 'provider.no_wildcard',
        why: 'a wildcard',
        evidence: anthropic({ wildcard: true }),
        detail: 'wildcard',
      },
      {
        id: 'gateway.can_block',
        why: 'an old gateway',
        evidence: withReading('gateway.capabilities', (can) => ({ ...can, canBlockDeployments: false })),
        detail: 'gateway 1.100.0 cannot block a deployment',
      },
      {
        id: 'gateway.can_block',
        why: 'models are not stored',
        evidence: withReading('gateway.capabilities', (can) => ({ ...can, storesModelsInDb: false })),
        detail: 'STORE_MODEL_IN_DB is off',
      },
      {
        id: 'gateway.can_block',
        why: 'it cannot be told whether models are stored',
        evidence: withReading('gateway.capabilities', (can) => ({ ...can, storesModelsInDb: null })),
        holds: 'holds',
      },
      ...identityCases,
      {
        id: 'provider.groups_keep_deployment',
        why: 'a group has nothing else',
        evidence: withReading('gateway.deployments', (rows) => rows.filter((row) => row.id !== 'b2')),
        detail: '`haiku` has no open deployment of another provider',
      },
      {
        id: 'provider.groups_keep_deployment',
        why: 'what else it has is blocked',
        evidence: withReading('gateway.deployments', (rows) =>
          rows.map((row) => (row.id === 'b2' ? { ...row, blocked: true } : row)),
        ),
        detail: '`haiku` has no open deployment of another provider',
      },
      {
        id: 'provider.groups_keep_deployment',
        why: 'what else it has fails as well',
        evidence: withReading('traffic.providers', (rows) =>
          rows.map((row) => (row.provider === 'bedrock' ? { ...row, failed: 15 } : row)),
        ),
        detail: '`claude` keeps bedrock',
      },
      {
        id: 'provider.groups_keep_deployment',
        why: 'its alias leads to another provider',
        evidence: {
          ...withReading('gateway.aliases', () => ({ map: { haiku: 'gpt' } })),
          ...pick(withReading('gateway.deployments', (rows) => rows.filter((row) => row.id !== 'b2'))),
        },
        holds: 'holds',
      },
      {
        id: 'provider.groups_keep_deployment',
        why: 'an alias leads into the broken provider',
        evidence: {
          ...withReading('gateway.aliases', () => ({ map: { fallback: 'solo' } })),
          ...pick(
            withReading('gateway.deployments', (rows) => [
              ...rows,
              { ...rows[0]!, id: 's1', modelGroup: 'solo' },
            ]),
          ),
        },
        detail: '`fallback` has no open deployment of another provider',
      },
      {
        id: 'provider.groups_keep_deployment',
        why: 'aliases not read',
        evidence: withUnknown('gateway.aliases'),
        holds: 'unknown',
      },
      {
        id: 'provider.error_rate_above',
        why: 'healthy again in every view',
        evidence: {
          ...withReading('traffic.providers', (rows) =>
            rows.map((row) => ({ ...row, total: 100, failed: 25 })),
          ),
          'metrics.providers': { status: 'unknown', reason: 'late', source: 'prometheus' },
        },
        detail: 'anthropic: 25 % errors of 100',
      },
      {
        id: 'provider.error_rate_above',
        why: 'rescued by fallbacks, seen by the metric alone',
        evidence: withReading('traffic.providers', (rows) => rows.map((row) => ({ ...row, failed: 0 }))),
        holds: 'holds',
      },
      {
        id: 'provider.requests_enough',
        why: 'four requests',
        evidence: {
          ...withReading('traffic.providers', (rows) => rows.map((row) => ({ ...row, total: 4, failed: 4 }))),
          'metrics.providers': { status: 'unknown', reason: 'late', source: 'prometheus' },
        },
      },
      {
        id: 'provider.alternatives_healthy',
        why: 'no traffic on the alternative',
        evidence: {
          ...withReading('traffic.providers', (rows) => rows.filter((row) => row.provider === 'anthropic')),
          ...pick(withReading('metrics.providers', () => [])),
        },
        holds: 'unknown',
      },
      {
        id: 'provider.alternatives_healthy',
        why: 'four failures of four say too little about it',
        evidence: {
          ...withReading('traffic.providers', (rows) =>
            rows.map((row) => (row.provider === 'bedrock' ? { ...row, total: 4, failed: 4 } : row)),
          ),
          ...pick(withReading('metrics.providers', () => [])),
        },
        holds: 'unknown',
      },
      {
        id: 'provider.alternatives_healthy',
        why: 'the alternative is slow',
        evidence: withReading('traffic.providers', (rows) => rows.map((row) => ({ ...row, medianMs: 5000 }))),
      },
    ],
  },
  'route.fallback_swap': {
    params: { model_group: 'claude', to: 'gpt' },
    cases: [
      { id: 'model_group.known', why: 'no such group', params: { model_group: 'nope', to: 'gpt' } },
      { id: 'model_group.known', why: 'an inherited name', params: { model_group: 'toString', to: 'gpt' } },
      {
        id: 'model_group.known',
        why: 'an alias is a name too',
        params: { model_group: 'smart', to: 'gpt' },
        holds: 'holds',
      },
      {
        id: 'model_group.alias_differs',
        why: 'it points there already',
        evidence: withReading('gateway.aliases', () => ({ map: { claude: 'gpt' } })),
        detail: 'redirected to `gpt` now',
      },
      { id: 'model_group.target_exists', why: 'itself', params: { model_group: 'claude', to: 'claude' } },
      {
        id: 'model_group.target_exists',
        why: 'no such target',
        params: { model_group: 'claude', to: 'nope' },
      },
      {
        id: 'model_group.target_exists',
        why: 'a wildcard',
        evidence: withReading('gateway.deployments', (rows) =>
          rows.map((row) => ({ ...row, wildcard: true })),
        ),
      },
      {
        id: 'model_group.target_not_aliased',
        why: 'a chain',
        evidence: withReading('gateway.aliases', () => ({ map: { gpt: 'haiku' } })),
        detail: 'chained aliases are not followed',
      },
      {
        id: 'model_group.target_open_elsewhere',
        why: 'only the providers it has already',
        params: { model_group: 'claude', to: 'haiku' },
      },
      {
        id: 'model_group.target_open_elsewhere',
        why: 'another one than the incident is about',
        params: { model_group: 'claude', to: 'haiku' },
        incident: sampleIncident(),
        holds: 'holds',
      },
      {
        id: 'model_group.target_open_elsewhere',
        why: 'blocked',
        evidence: withReading('gateway.deployments', (rows) =>
          rows.map((row) => (row.id === 'o1' ? { ...row, blocked: true } : row)),
        ),
      },
      {
        id: 'model_group.target_open_elsewhere',
        why: 'its provider fails',
        evidence: withReading('traffic.providers', (rows) =>
          rows.map((row) => ({ ...row, failed: row.total })),
        ),
      },
      {
        id: 'gateway.can_set_aliases',
        why: 'settings are not stored',
        evidence: withReading('gateway.capabilities', (can) => ({ ...can, storesModelsInDb: false })),
      },
      ...identityCases,
      {
        id: 'model_group.in_trouble',
        why: 'all is well',
        evidence: {
          ...withReading('traffic.providers', (rows) => rows.map((row) => ({ ...row, failed: 0 }))),
          ...pick(withReading('metrics.providers', () => [])),
          ...pick(withReading('traffic.model_groups', (rows) => rows.map((row) => ({ ...row, failed: 0 })))),
        },
      },
      {
        id: 'model_group.in_trouble',
        why: 'nothing was seen',
        evidence: {
          ...withReading('traffic.providers', () => []),
          ...pick(withReading('metrics.providers', () => [])),
          ...pick(withReading('traffic.model_groups', () => [])),
        },
        holds: 'unknown',
      },
      {
        id: 'model_group.requests_enough',
        why: 'four requests',
        evidence: withReading('traffic.model_groups', (rows) => rows.map((row) => ({ ...row, total: 4 }))),
      },
      {
        id: 'model_group.target_provider_healthy',
        why: 'no traffic on it',
        evidence: withReading('traffic.providers', (rows) => rows.filter((row) => row.provider !== 'openai')),
        holds: 'unknown',
      },
      {
        id: 'model_group.target_provider_healthy',
        why: 'it is slow',
        evidence: withReading('traffic.providers', (rows) => rows.map((row) => ({ ...row, medianMs: 5000 }))),
      },
    ],
  },
  'limit.raise': {
    params: { team: 'web', percent: 50 },
    cases: [
      { id: 'team.known', why: 'no such team', params: { team: 'nope', percent: 5 } },
      { id: 'team.known', why: 'teams not read', evidence: withUnknown('gateway.teams'), holds: 'unknown' },
      { id: 'team.limits_set', why: 'no limits', evidence: team('web', { rpmLimit: null, tpmLimit: null }) },
      {
        id: 'team.limits_within_percent',
        why: 'raised before',
        evidence: original({ 'litellm:team/web#rpm_limit': 80 }),
        detail: 'rpm_limit to 150, 50 % bound of 80 is passed',
      },
      {
        id: 'team.limits_within_percent',
        why: 'lowered before',
        evidence: original({ 'litellm:team/web#rpm_limit': 400 }),
        holds: 'holds',
      },
      {
        id: 'team.limits_within_percent',
        why: 'one of one is still one',
        evidence: team('web', { rpmLimit: 1, tpmLimit: 0 }),
        detail: 'nothing would change',
      },
      {
        id: 'team.limits_within_percent',
        why: 'unlimited before',
        evidence: original({ 'litellm:team/web#rpm_limit': null }),
      },
      {
        id: 'team.limits_within_percent',
        why: 'history not read',
        evidence: withUnknown('own.original_values'),
        holds: 'unknown',
      },
      {
        id: 'team.within_org_limits',
        why: 'over the organisation',
        evidence: organization({ tpmLimit: 1499 }),
        detail: "tpm_limit 1500 is over the organisation's 1499",
      },
      {
        id: 'team.within_org_limits',
        why: 'exactly its limit',
        evidence: organization({ tpmLimit: 1500 }),
        holds: 'holds',
      },
      {
        id: 'team.within_org_limits',
        why: 'organisations not read',
        evidence: withUnknown('gateway.organizations'),
        holds: 'unknown',
      },
      ...identityCases,
      { id: 'team.not_blocked', why: 'blocked', evidence: team('web', { blocked: true }) },
      { id: 'team.active', why: 'no traffic', evidence: withReading('traffic.day', () => []) },
      { id: 'team.budget_left', why: 'over budget', evidence: team('web', { spend: 100 }) },
    ],
  },
  'limit.lower': {
    params: { key: 'k-batch', percent: 90 },
    cases: [
      { id: 'limit.target_known', why: 'no such key', params: { key: 'nope', percent: 5 } },
      { id: 'limit.target_known', why: 'no such team', params: { team: 'k-batch', percent: 5 } },
      {
        id: 'limit.limits_set',
        why: 'unlimited',
        params: { key: 'k-web', percent: 5 },
        detail: 'rpm_limit none',
      },
      {
        id: 'limit.within_percent',
        why: 'lowered before',
        evidence: original({ 'litellm:key/k-batch#rpm_limit': 600 }),
        detail: 'rpm_limit to 6, 90 % bound of 600 is passed',
      },
      {
        id: 'limit.within_percent',
        why: 'one of one is still one',
        evidence: key('k-batch', { rpmLimit: 1 }),
      },
      ...identityCases,
      { id: 'limit.target_not_blocked', why: 'blocked', evidence: key('k-batch', { blocked: true }) },
      { id: 'limit.target_active', why: 'no traffic', evidence: withReading('traffic.day', () => []) },
      {
        id: 'limit.spend_above_usual',
        why: 'as usual',
        evidence: withReading('spend.growth', (rows) => rows.map((row) => ({ ...row, lastHourUsd: 5.99 }))),
        detail: '5.99 USD in the last hour, 2 USD in its mean hour',
      },
      {
        id: 'limit.spend_above_usual',
        why: 'not counted',
        evidence: withReading('spend.growth', () => []),
        holds: 'unknown',
      },
    ],
  },
  'key.block': {
    params: { key: 'k-batch' },
    cases: [
      { id: 'key.known', why: 'no such key', params: { key: 'nope' } },
      {
        id: 'key.not_blocked',
        why: 'blocked',
        evidence: key('k-batch', { blocked: true }),
        detail: 'blocked already',
      },
      ...identityCases,
      { id: 'key.active', why: 'no traffic', evidence: withReading('traffic.day', () => []) },
      {
        id: 'key.spend_above_usual',
        why: 'nothing spent',
        evidence: withReading('spend.growth', (rows) =>
          rows.map((row) => ({ ...row, lastHourUsd: 0, meanHourUsd: 0 })),
        ),
      },
    ],
  },
  'alert.page_oncall': {
    params: { summary: 'look', severity: 'critical' },
    cases: [
      {
        id: 'incident.open',
        why: 'closed',
        incident: sampleIncident({ closedAt: '2026-11-20T02:00:00.000Z' }),
        detail: 'INC-7 is closed',
      },
      {
        id: 'incident.not_paged',
        why: 'paged',
        incident: sampleIncident({ escalation: { reason: 'expired', pagedAt: '2026-11-20T02:00:00.000Z' } }),
      },
      {
        id: 'incident.not_paged',
        why: 'escalated, but no pager was there',
        incident: sampleIncident({ escalation: { reason: 'expired', pagedAt: null } }),
        holds: 'holds',
      },
      { id: 'incident.confirmed', why: 'only asserted', incident: sampleIncident({ confirmed: false }) },
      {
        id: 'incident.current',
        why: 'old',
        incident: sampleIncident({ lastSeenAt: '2026-11-20T01:54:59.999Z' }),
      },
      {
        id: 'incident.current',
        why: 'no instant',
        incident: sampleIncident({ lastSeenAt: 'soon' }),
        holds: 'unknown',
      },
      { id: 'incident.open', why: 'no incident', holds: 'holds', detail: 'belongs to no incident' },
    ],
  },
  'guardrail.disable': {
    params: { guardrail: 'pii' },
    cases: [
      { id: 'guardrail.known', why: 'no such guardrail', params: { guardrail: 'nope' } },
      {
        id: 'guardrail.known',
        why: 'the name of one is the id of another',
        evidence: withReading('gateway.guardrails', (rows) => [
          ...rows,
          { ...rows[0]!, id: 'pii', name: 'other' },
        ]),
        detail: 'ambiguous: 2 match',
      },
      {
        id: 'guardrail.on_by_default',
        why: 'off',
        evidence: withReading('gateway.guardrails', (rows) =>
          rows.map((row) => ({ ...row, defaultOn: false })),
        ),
      },
      { id: 'guardrail.in_database', why: 'config.yaml', params: { guardrail: 'jailbreak' } },
      {
        id: 'gateway.can_patch_guardrails',
        why: 'an old gateway',
        evidence: withReading('gateway.capabilities', (can) => ({ ...can, canPatchGuardrails: false })),
      },
      ...identityCases,
      {
        id: 'guardrail.strikes_above',
        why: 'nine',
        evidence: withReading('guardrail.strikes', () => [{ guardrail: 'g-1', strikes: 9, medianHour: 0 }]),
      },
      {
        id: 'guardrail.strikes_above',
        why: 'three times its median exactly',
        evidence: withReading('guardrail.strikes', () => [{ guardrail: 'pii', strikes: 30, medianHour: 10 }]),
      },
      {
        id: 'guardrail.strikes_above',
        why: 'not counted',
        evidence: withReading('guardrail.strikes', () => []),
        holds: 'unknown',
      },
      { id: 'guardrail.in_use', why: 'no traffic', evidence: withReading('traffic.guardrails', () => []) },
    ],
  },
  'budget.raise_cap': {
    params: { team: 'lab', percent: 20 },
    cases: [
      { id: 'budget.holder_known', why: 'no such organisation', params: { org: 'lab', percent: 5 } },
      {
        id: 'budget.cap_set',
        why: 'unlimited',
        params: { key: 'k-web', percent: 5 },
        detail: 'none: unlimited',
      },
      { id: 'budget.cap_set', why: 'zero', evidence: team('lab', { maxBudget: 0 }) },
      {
        id: 'budget.within_percent',
        why: 'raised before',
        evidence: original({ 'litellm:team/lab#max_budget': 70 }),
        detail: 'max_budget to 120, 50 % bound of 70 is passed',
      },
      {
        id: 'budget.within_percent',
        why: "an organisation's row raised before",
        params: { org: 'acme', percent: 50 },
        evidence: original({ 'litellm:budget/bud-1#max_budget': 400 }),
      },
      {
        id: 'budget.within_percent',
        why: 'less than a cent',
        evidence: team('lab', { maxBudget: 0.01 }),
        detail: 'nothing would change',
      },
      {
        id: 'budget.within_org_cap',
        why: 'over the organisation',
        params: { team: 'batch', percent: 50 },
        evidence: organization({ maxBudget: 149 }),
        detail: '150 under organisation `acme`: 149 USD',
      },
      {
        id: 'budget.within_org_cap',
        why: 'organisations not read',
        params: { team: 'batch', percent: 50 },
        evidence: withUnknown('gateway.organizations'),
        holds: 'unknown',
      },
      ...identityCases,
      {
        id: 'budget.reached',
        why: 'half spent',
        evidence: team('lab', { spend: 50 }),
        detail: '50 of 100 USD spent',
      },
      {
        id: 'budget.reached',
        why: 'the soft budget is reached',
        evidence: team('lab', { spend: 50, softBudget: 50 }),
        holds: 'holds',
      },
      { id: 'budget.no_runaway', why: 'it runs away', params: { team: 'batch', percent: 5 } },
      { id: 'budget.no_runaway', why: 'a team of it runs away', params: { org: 'acme', percent: 5 } },
      {
        id: 'budget.no_runaway',
        why: 'not counted',
        evidence: withReading('spend.growth', () => []),
        holds: 'unknown',
      },
      {
        id: 'budget.not_shared',
        why: 'shared',
        params: { org: 'acme', percent: 5 },
        evidence: organization({ budgetSharers: 2 }),
        detail: 'used by 2',
      },
    ],
  },
  'sla.disable': {
    params: { sla: 'gold' },
    cases: [
      { id: 'sla.known', why: 'no such SLA', params: { sla: 'nope' } },
      {
        id: 'sla.not_suspended',
        why: 'suspended',
        evidence: withReading('sla.contracts', (rows) =>
          rows.map((row) => ({ ...row, suspendedUntil: '2026-11-20T02:10:00.001Z' })),
        ),
      },
      {
        id: 'sla.not_suspended',
        why: 'a suspension that ended',
        evidence: withReading('sla.contracts', (rows) =>
          rows.map((row) => ({ ...row, suspendedUntil: '2026-11-20T02:10:00.000Z' })),
        ),
        holds: 'holds',
      },
      {
        id: 'sla.not_suspended',
        why: 'no instant',
        evidence: withReading('sla.contracts', (rows) =>
          rows.map((row) => ({ ...row, suspendedUntil: 'soon' })),
        ),
        holds: 'unknown',
      },
      {
        id: 'sla.violated',
        why: 'on target',
        evidence: withReading('sla.measurements', () => [{ slaId: 'gold', value: 99, samples: 130 }]),
      },
      {
        id: 'sla.violated',
        why: 'latency on target',
        params: { sla: 'fast' },
        evidence: withReading('sla.measurements', () => [{ slaId: 'fast', value: 2000, samples: 130 }]),
      },
      {
        id: 'sla.violated',
        why: 'not measured',
        evidence: withReading('sla.measurements', () => [{ slaId: 'gold', value: null, samples: 0 }]),
        holds: 'unknown',
      },
      {
        id: 'sla.samples_enough',
        why: 'four samples',
        evidence: withReading('sla.measurements', () => [{ slaId: 'gold', value: 91, samples: 4 }]),
      },
    ],
  },
};

/** Only the reading that `withReading` replaced, to combine two replacements. */
function pick(evidence: Evidence): Evidence {
  return Object.fromEntries(
    Object.entries(evidence).filter(([name, value]) =>
      Object.entries(sampleEvidence).every(([other, same]) => other !== name || same !== value),
    ),
  );
}

describe.each(builtInActionTypes.map((type) => [type] as const))('%s', (type) => {
  const action = actionLibrary.find(type);
  const table = cases[type];

  test('every required precondition has a case that fails it, and no case is for another', () => {
    const failing = table.cases.filter((one) => one.holds !== 'holds').map((one) => one.id);
    expect([...new Set(failing)].sort()).toEqual(action?.preconditions.map((one) => one.id).sort());
  });

  test.each(table.cases.map((one) => [`${one.id}: ${one.why}`, one] as const))('%s', (_name, one) => {
    if (action === null) throw new Error('not in the library');
    const context = contextOf(one.evidence ?? sampleEvidence, one.incident ?? null);
    const params = one.params ?? table.params;
    const run = dryRun({ action, params, context, modelPreconditions: [] });
    const result = run.preconditions.find((candidate) => candidate.id === one.id);
    expect(result).toMatchObject({ holds: one.holds ?? 'fails', source: 'required' });
    expect(result?.detail).toContain(one.detail ?? '');
  });
});
