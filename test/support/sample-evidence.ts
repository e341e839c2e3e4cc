import type { ActionContext } from '../../src/core/action.ts';
import type { Evidence, Reading, ReadingName, Readings } from '../../src/core/evidence.ts';
import type { Incident } from '../../src/core/incident.ts';
import { realTempo } from '../../src/core/tempo.ts';

/** A small gateway on which every action may run: anthropic fails, the team `batch` and its key `k-batch` run away. */

export const sampleNow = '2026-11-20T02:10:00.000Z';

const deployment = (id: string, modelGroup: string, provider: string) => ({
  id,
  modelGroup,
  provider,
  inDatabase: true,
  blocked: false,
  wildcard: false,
});

const team = (id: string, orgId: string | null) => ({
  id,
  alias: null,
  orgId,
  spend: 40,
  maxBudget: 100,
  softBudget: null,
  rpmLimit: 100,
  tpmLimit: 1000,
  blocked: false,
});

export const sampleReadings: Readings = {
  'gateway.capabilities': {
    version: '1.100.0',
    canBlockDeployments: true,
    storesModelsInDb: true,
    canPatchGuardrails: true,
  },
  'gateway.identity': { match: 'same', detail: '12 of 12 deployment ids' },
  'gateway.deployments': [
    deployment('a2', 'claude', 'anthropic'),
    deployment('a1', 'claude', 'anthropic'),
    deployment('b1', 'claude', 'bedrock'),
    deployment('a3', 'haiku', 'anthropic'),
    deployment('b2', 'haiku', 'bedrock'),
    deployment('o1', 'gpt', 'openai'),
  ],
  'gateway.aliases': { map: { smart: 'claude' } },
  'gateway.guardrails': [
    { id: 'g-1', name: 'pii', defaultOn: true, inDatabase: true },
    { id: 'g-2', name: 'jailbreak', defaultOn: true, inDatabase: false },
  ],
  'gateway.teams': [
    { ...team('batch', 'acme'), spend: 100 },
    team('web', 'acme'),
    { ...team('lab', null), spend: 100 },
  ],
  'gateway.organizations': [
    {
      id: 'acme',
      alias: null,
      spend: 500,
      budgetId: 'bud-1',
      maxBudget: 500,
      softBudget: 400,
      rpmLimit: 1000,
      tpmLimit: 10_000,
      budgetSharers: 1,
    },
  ],
  'gateway.keys': [
    {
      id: 'k-batch',
      alias: 'batch-nightly',
      teamId: 'batch',
      orgId: null,
      spend: 60,
      maxBudget: 60,
      rpmLimit: 60,
      tpmLimit: null,
      blocked: false,
    },
    {
      id: 'k-web',
      alias: null,
      teamId: 'web',
      orgId: 'acme',
      spend: 5,
      maxBudget: null,
      rpmLimit: null,
      tpmLimit: null,
      blocked: false,
    },
  ],
  'traffic.day': [
    { team: 'batch', org: 'acme', key: 'k-batch', provider: 'anthropic', modelGroup: 'claude', requests: 60 },
    { team: 'web', org: 'acme', key: 'k-web', provider: 'anthropic', modelGroup: 'haiku', requests: 30 },
    { team: 'web', org: 'acme', key: 'k-web', provider: 'openai', modelGroup: 'gpt', requests: 100 },
    { team: 'lab', org: '', key: 'k-lab', provider: 'bedrock', modelGroup: 'claude', requests: 10 },
  ],
  'traffic.guardrails': [
    { guardrail: 'pii', team: 'web', modelGroup: 'gpt', provider: 'openai', requests: 100 },
  ],
  'traffic.providers': [
    { ...providerRow('anthropic'), total: 68, failed: 28 },
    { ...providerRow('bedrock'), total: 20, failed: 0 },
    { ...providerRow('openai'), total: 50, failed: 1 },
  ],
  'traffic.model_groups': [
    { modelGroup: 'claude', total: 50, failed: 20 },
    { modelGroup: 'haiku', total: 18, failed: 8 },
    { modelGroup: 'gpt', total: 50, failed: 1 },
  ],
  'metrics.providers': [
    { provider: 'anthropic', total: 90, failed: 40, medianMs: 900, medianHourMs: 800 },
    { provider: 'bedrock', total: 20, failed: 0, medianMs: 900, medianHourMs: 800 },
  ],
  'spend.growth': [
    { kind: 'key', id: 'k-batch', teamId: 'batch', orgId: 'acme', lastHourUsd: 30, meanHourUsd: 2 },
    { kind: 'key', id: 'k-web', teamId: 'web', orgId: 'acme', lastHourUsd: 3, meanHourUsd: 2 },
    { kind: 'team', id: 'batch', teamId: 'batch', orgId: 'acme', lastHourUsd: 30, meanHourUsd: 2 },
    { kind: 'team', id: 'lab', teamId: 'lab', orgId: null, lastHourUsd: 2, meanHourUsd: 2 },
    { kind: 'team', id: 'web', teamId: 'web', orgId: 'acme', lastHourUsd: 3, meanHourUsd: 2 },
  ],
  'sla.contracts': [
    {
      id: 'gold',
      scope: { team: 'web' },
      metric: 'success_rate',
      target: 99,
      windowMinutes: 60,
      suspendedUntil: null,
    },
    {
      id: 'fast',
      scope: { provider: 'anthropic' },
      metric: 'p95_ms',
      target: 2000,
      windowMinutes: 5,
      suspendedUntil: null,
    },
  ],
  'sla.measurements': [
    { slaId: 'gold', value: 91, samples: 130 },
    { slaId: 'fast', value: 6000, samples: 68 },
  ],
  'guardrail.strikes': [{ guardrail: 'pii', strikes: 40, medianHour: 2 }],
  'own.original_values': {},
  'own.worker': { heartbeatAgeMs: 1000, gatewayWriteAgeMs: 1000 },
};

function providerRow(provider: string) {
  return { provider, rateLimitedTeams: 0, medianMs: 900, p95Ms: 2000, p99Ms: 3000, medianHourMs: 800 };
}

/** Each reading as known, observed now. */
export function evidenceOf(readings: Partial<Readings>): Evidence {
  return Object.fromEntries(
    Object.entries(readings).map(([name, value]) => [
      name,
      { status: 'known', value, source: 'test', observedAt: sampleNow },
    ]),
  );
}

export const sampleEvidence: Evidence = evidenceOf(sampleReadings);

/** The sample with one reading replaced. */
export function withReading<N extends ReadingName>(
  name: N,
  change: (value: Readings[N]) => Readings[N],
): Evidence {
  const next: Reading<Readings[N]> = {
    status: 'known',
    value: change(sampleReadings[name]),
    source: 'test',
    observedAt: sampleNow,
  };
  return { ...sampleEvidence, [name]: next };
}

/** The sample with one reading unknown. */
export function withUnknown(name: ReadingName): Evidence {
  return { ...sampleEvidence, [name]: { status: 'unknown', reason: 'not read within 2 s', source: 'test' } };
}

/** An open, confirmed incident seen now. */
export function sampleIncident(changes: Partial<Incident> = {}): Incident {
  return {
    number: 7,
    kind: 'provider.unhealthy',
    scope: { provider: 'anthropic' },
    summary: 'provider anthropic: 28 of 68 requests failed',
    sources: ['spend_logs'],
    confirmed: true,
    openedAt: sampleNow,
    lastSeenAt: sampleNow,
    closedAt: null,
    occurrences: 1,
    payloads: [],
    escalation: null,
    ...changes,
  };
}

/** A context over this evidence; no incident unless one is given. */
export function contextOf(evidence: Evidence, incident: Incident | null = null): ActionContext {
  return { evidence, incident, now: sampleNow, tempo: realTempo };
}
