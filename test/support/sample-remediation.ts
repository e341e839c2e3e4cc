import type { Change } from '../../src/core/change.ts';
import { invertChanges } from '../../src/core/change.ts';
import type { Incident } from '../../src/core/incident.ts';
import type { Approval, Execution, Remediation, RemediationDocument } from '../../src/core/remediation.ts';
import { defaultRiskSettings } from '../../src/core/risk/risk-score.ts';
import type { RiskScore } from '../../src/core/risk/risk-score.ts';

/** 02:10 at night, UTC; every sample is seen at this moment. */
export const sampleNow = '2026-11-20T02:10:00.000Z';

/** A provider outage: the incident of contract.md's example. */
export const anthropicOutage: Incident = {
  number: 7,
  kind: 'provider.unhealthy',
  scope: { provider: 'anthropic' },
  summary: 'anthropic answers 41.2 % of requests with errors (28 of 68 in 5 min)',
  sources: ['spend_logs', 'prometheus'],
  confirmed: true,
  openedAt: '2026-11-20T02:01:12.000Z',
  lastSeenAt: '2026-11-20T02:09:40.000Z',
  closedAt: null,
  occurrences: 3,
  payloads: [
    {
      provider: 'anthropic',
      total: 68,
      failed: 28,
      codes: { '529': 24, '500': 4 },
      sample: 'overloaded_error: the service is at capacity',
    },
  ],
  escalation: null,
};

export const teamOverBudget: Incident = {
  ...anthropicOutage,
  number: 8,
  kind: 'budget.exceeded',
  scope: { team: 'growth-experiments' },
  summary: 'team growth-experiments spent 1204.11 of 1000.00 USD',
  sources: ['gateway_tables'],
  openedAt: '2026-11-20T01:40:00.000Z',
  occurrences: 12,
  payloads: [],
};

export const slowAzure: Incident = {
  ...anthropicOutage,
  number: 9,
  kind: 'latency.spike',
  scope: { provider: 'azure' },
  summary: 'azure: median 4.1 s, three times its hour',
  sources: ['prometheus'],
  confirmed: false,
  openedAt: '2026-11-20T02:05:00.000Z',
  occurrences: 1,
  payloads: [],
  escalation: {
    reason: 'no admissible action: every deployment comes from config.yaml',
    pagedAt: '2026-11-20T02:06:30.000Z',
  },
};

const blockedDeployments: readonly Change[] = ['6d0c1e', '9b41f7'].map((id): Change => ({
  target: `litellm:deployment/${id}`,
  field: 'blocked',
  from: false,
  to: true,
}));

/** B 40, Inv 0, V 0, P 70 over a baseline of 15: 42.70, over τ 40. */
export const nightRisk: RiskScore = {
  score: 42.7,
  threshold: 40,
  baseline: 15,
  baselineUplift: 13.2,
  components: {
    blastRadius: {
      value: 40,
      weight: 30,
      contribution: 12,
      kinds: [
        { kind: 'teams', affected: 2, active: 5, names: ['checkout', 'search'] },
        { kind: 'models', affected: 2, active: 6, names: ['claude-haiku', 'claude-sonnet'] },
        { kind: 'providers', affected: 1, active: 3, names: ['anthropic'] },
        { kind: 'requests', affected: 2613, active: 10_050, names: [] },
      ],
    },
    reversibility: { value: 0, weight: 15, contribution: 0, bucket: 'auto_reverting' },
    stateValidity: { value: 0, weight: 30, contribution: 0, failed: 0, total: 4 },
    operationalPressure: {
      value: 70,
      weight: 25,
      contribution: 17.5,
      reasons: [{ code: 'after_hours', points: 70, detail: 'Friday 03:10 in Europe/Berlin' }],
    },
  },
  settings: defaultRiskSettings,
};

const document: RemediationDocument = {
  action: { type: 'route.circuit_break', version: 1, params: { provider: 'anthropic', minutes: 5 } },
  proposedBy: { kind: 'model', model: 'claude-sonnet-4-6' },
  confidence: 0.91,
  diagnosis:
    'anthropic returns 529 overloaded_error for four of ten requests since 02:01. Both groups that use it have a healthy deployment on bedrock, so blocking it for five minutes moves their traffic there.',
  changes: blockedDeployments,
  inverse: invertChanges(blockedDeployments),
  revert: { kind: 'timer', afterMinutes: 5 },
  expectation: {
    fact: 'model_group.success_rate',
    subjects: ['claude-haiku', 'claude-sonnet'],
    better: 'higher',
    settleSeconds: 60,
    deadlineSeconds: 120,
  },
  preconditions: [
    {
      id: 'provider.exists',
      source: 'required',
      severity: 'must',
      holds: 'holds',
      detail: '2 deployments read at 02:09:58',
    },
    {
      id: 'groups.keep_a_healthy_deployment',
      source: 'required',
      severity: 'must',
      holds: 'holds',
      detail: 'claude-haiku and claude-sonnet each keep one on bedrock',
    },
    {
      id: 'provider.error_rate_above',
      source: 'required',
      severity: 'should',
      holds: 'holds',
      detail: '41.2 % of 68 in 5 min',
    },
    {
      id: 'provider.requests gte 5',
      source: 'model',
      severity: 'should',
      holds: 'holds',
      detail: '68 in 5 min',
    },
  ],
  risk: nightRisk,
  gate: {
    decision: 'require_approval',
    level: 2,
    reasons: [
      { code: 'auto_approve_off', detail: 'SRE_AUTO_APPROVE is not true' },
      { code: 'score_above_threshold', detail: '42.70 is above τ 40' },
      { code: 'blast_wide', detail: 'blast radius 40 is above 20' },
      { code: 'novel', detail: 'second occurrence of this pattern' },
    ],
    flips: ['after-hours adds 17.50; under τ again at 08:00 Europe/Berlin'],
    refusal: null,
  },
  predicates: [{ fact: 'provider.requests', subject: 'anthropic', operator: 'gte', value: 5 }],
  citedFacts: [
    { fact: 'provider.error_rate', subject: 'anthropic' },
    { fact: 'model_group.success_rate', subject: 'claude-sonnet' },
  ],
  patternKey: 'provider.unhealthy|provider|5xx|route.circuit_break',
  policyHash: `sha256:${'5e'.repeat(32)}`,
  locks: ['provider:anthropic', 'litellm:deployment/6d0c1e', 'litellm:deployment/9b41f7'],
  nonce: '00'.repeat(16),
};

const identity = {
  id: 42,
  incidentNumber: 7,
  revertOf: null,
  createdAt: '2026-11-20T02:09:12.000Z',
  expiresAt: '2026-11-20T02:19:12.000Z',
  digest: `sha256:ab12${'c3'.repeat(30)}`,
  document,
  fence: 0,
} as const;

/** Waits for the typed code `ab12`. */
export const pendingBreak: Remediation = {
  ...identity,
  status: 'pending_approval',
  approvals: [],
  execution: null,
};

const approval: Approval = {
  by: 'sre_runtime as jana',
  identity: 'asserted',
  at: '2026-11-20T02:09:30.000Z',
  digest: identity.digest,
};

const execution: Execution = {
  id: 'f3'.repeat(16),
  startedAt: '2026-11-20T02:09:31.000Z',
  finishedAt: '2026-11-20T02:09:33.000Z',
  receipts: blockedDeployments.map((change) => ({ change, result: 'applied', detail: 'read back' })),
  revertAt: '2026-11-20T02:14:33.000Z',
  revertedAt: null,
  verification: { outcome: 'pending', detail: 'client success 97.1 % so far, was 58.8 %' },
  signalBefore: 58.8,
};

/** Applied, its undo due in 4:33. */
export const appliedBreak: Remediation = {
  ...identity,
  fence: 1,
  status: 'applied',
  approvals: [approval],
  execution,
};

/** The effect is known, its outcome is not. */
export const unclearBreak: Remediation = {
  ...identity,
  fence: 1,
  status: 'needs_human',
  approvals: [approval],
  execution,
};

const lowerLimit: readonly Change[] = [
  { target: 'litellm:team/growth-experiments', field: 'rpm_limit', from: 600, to: 300 },
  { target: 'litellm:team/growth-experiments', field: 'tpm_limit', from: null, to: 200_000 },
];

/** A playbook proposal with a failed and an unknown check, outside the gate: advice only. */
export const adviceOnly: Remediation = {
  ...identity,
  id: 43,
  incidentNumber: 8,
  digest: `sha256:0f9e${'d4'.repeat(30)}`,
  status: 'assist_only',
  approvals: [],
  execution: null,
  document: {
    ...document,
    action: {
      type: 'limit.lower',
      version: 1,
      params: { team: 'growth-experiments', percent: 50 },
    },
    proposedBy: { kind: 'playbook' },
    confidence: null,
    diagnosis: '',
    changes: lowerLimit,
    inverse: invertChanges(lowerLimit),
    revert: { kind: 'on_request' },
    preconditions: [
      { id: 'team.exists', source: 'required', severity: 'must', holds: 'holds', detail: 'read at 02:09:58' },
      {
        id: 'team.is_one_outlier',
        source: 'required',
        severity: 'should',
        holds: 'fails',
        detail: 'two teams grew: growth-experiments 4.1 ×, research 3.8 ×',
      },
      {
        id: 'team.limit_read',
        source: 'required',
        severity: 'should',
        holds: 'unknown',
        detail: 'tpm_limit was not answered in 2 s',
      },
    ],
    risk: {
      ...nightRisk,
      score: 76.75,
      baseline: 30,
      baselineUplift: 26.85,
      components: {
        blastRadius: {
          value: 20,
          weight: 30,
          contribution: 6,
          kinds: [{ kind: 'teams', affected: 1, active: 5, names: ['growth-experiments'] }],
        },
        reversibility: { value: 30, weight: 15, contribution: 4.5, bucket: 'trivially_reversible' },
        stateValidity: { value: 66.67, weight: 30, contribution: 20, failed: 2, total: 3 },
        operationalPressure: {
          value: 77.6,
          weight: 25,
          contribution: 19.4,
          reasons: [
            { code: 'after_hours', points: 70, detail: 'Friday 03:10 in Europe/Berlin' },
            { code: 'error_budget_low', points: 7.6, detail: '71 % left' },
          ],
        },
      },
    },
    gate: {
      decision: 'assist_only',
      level: 1,
      reasons: [
        { code: 'precondition_failed', detail: 'team.is_one_outlier fails' },
        { code: 'precondition_unknown', detail: 'team.limit_read is unknown' },
        { code: 'error_budget_low', detail: '71 % is below 75 %' },
      ],
      flips: [],
      refusal: null,
    },
    predicates: [],
    citedFacts: [],
  },
};
