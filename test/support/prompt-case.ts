import type { Deployment, Evidence, Reading, TrafficCell } from '../../src/core/evidence.ts';
import type { Incident } from '../../src/core/incident.ts';

export const caseNow = '2026-11-20T09:00:00.000Z';
export const keyHash = '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b';

/** Anthropic fails; OpenAI serves the same group. */
export const providerIncident: Incident = {
  number: 7,
  kind: 'provider.unhealthy',
  scope: { provider: 'anthropic' },
  summary: 'anthropic: 41.2 % of 68 requests failed in 5 min',
  sources: ['spend_logs'],
  confirmed: true,
  openedAt: '2026-11-20T08:57:00.000Z',
  lastSeenAt: '2026-11-20T09:00:00.000Z',
  closedAt: null,
  occurrences: 3,
  payloads: [{ message: 'overloaded_error' }],
  escalation: null,
};

/** One key of team-research spends far above its usual. */
export const budgetIncident: Incident = {
  ...providerIncident,
  number: 8,
  kind: 'budget.exceeded',
  scope: { team: 'team-research' },
  summary: 'team-research spent 120 of 100 USD',
};

const read = <T>(value: T): Reading<T> => ({
  status: 'known',
  value,
  source: 'test',
  observedAt: '2026-11-20T08:59:58.000Z',
});
const deployment = (id: string, provider: string): Deployment => ({
  id,
  modelGroup: 'chat-large',
  provider,
  inDatabase: true,
  blocked: false,
  wildcard: false,
});
const cell = (team: string, provider: string, requests: number): TrafficCell => ({
  team,
  org: 'org-one',
  key: keyHash,
  provider,
  modelGroup: 'chat-large',
  requests,
});

/** Everything both incidents need, so that the playbook finds an admissible action for either. */
export const caseEvidence: Evidence = {
  'gateway.capabilities': read({
    version: '1.81.0',
    canBlockDeployments: true,
    storesModelsInDb: true,
    canPatchGuardrails: true,
  }),
  'gateway.identity': read({ match: 'same' as const, detail: '2 of 2 deployment ids found' }),
  'gateway.deployments': read([deployment('dep-a', 'anthropic'), deployment('dep-o', 'openai')]),
  'gateway.aliases': read({ map: {} }),
  'gateway.teams': read([
    {
      id: 'team-research',
      alias: 'Ada Lovelace Research',
      orgId: 'org-one',
      spend: 120,
      maxBudget: 100,
      softBudget: null,
      rpmLimit: 600,
      tpmLimit: 60_000,
      blocked: false,
    },
  ]),
  'gateway.organizations': read([]),
  'gateway.keys': read([
    {
      id: keyHash,
      alias: 'nightly-batch',
      teamId: 'team-research',
      orgId: 'org-one',
      spend: 100,
      maxBudget: null,
      rpmLimit: 100,
      tpmLimit: 10_000,
      blocked: false,
    },
  ]),
  'traffic.day': read([cell('team-research', 'anthropic', 100), cell('team-other', 'openai', 900)]),
  'traffic.providers': read([
    provider('anthropic', { total: 68, failed: 28 }),
    provider('openai', { total: 600, failed: 1 }),
  ]),
  'traffic.model_groups': read([{ modelGroup: 'chat-large', total: 668, failed: 29 }]),
  'spend.growth': read([
    {
      kind: 'key' as const,
      id: keyHash,
      teamId: 'team-research',
      orgId: 'org-one',
      lastHourUsd: 40,
      meanHourUsd: 1,
    },
  ]),
  'own.original_values': read({}),
  'own.worker': read({ heartbeatAgeMs: 1_000, gatewayWriteAgeMs: 1_000 }),
};

function provider(name: string, counts: { readonly total: number; readonly failed: number }) {
  return {
    provider: name,
    ...counts,
    rateLimitedTeams: 0,
    medianMs: 900,
    p95Ms: 2_000,
    p99Ms: 4_000,
    medianHourMs: 850,
  };
}
