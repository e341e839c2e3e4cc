import type { Change } from '../../src/core/change.ts';
import { invertChanges } from '../../src/core/change.ts';
import { decideGate } from '../../src/core/gate.ts';
import { defaultPolicy, policyHash } from '../../src/core/policy/default-policy.ts';
import { proposalDigest } from '../../src/core/proposal-digest.ts';
import type { Execution, Remediation, RemediationDocument } from '../../src/core/remediation.ts';
import { runsByItself } from './gate-case.ts';

const changes: readonly Change[] = [
  { target: 'litellm:deployment/6d0c', field: 'blocked', from: false, to: true },
  { target: 'litellm:deployment/9b41', field: 'blocked', from: false, to: true },
];

/** A breaker as it is stored, judged by the real score and gate. */
export const breakerDocument: RemediationDocument = {
  action: { type: 'route.circuit_break', version: 1, params: { provider: 'anthropic', minutes: 5 } },
  proposedBy: { kind: 'model', model: 'claude-sonnet-4-6' },
  confidence: 0.91,
  diagnosis: 'anthropic is overloaded',
  changes,
  inverse: invertChanges(changes),
  revert: { kind: 'timer', afterMinutes: 5 },
  expectation: {
    fact: 'model_group.success_rate',
    subjects: ['claude-haiku', 'claude-sonnet'],
    better: 'higher',
    settleSeconds: 60,
    deadlineSeconds: 120,
  },
  preconditions: runsByItself.dryRun.preconditions,
  risk: runsByItself.risk,
  gate: decideGate({ ...runsByItself, autoApprove: false }),
  predicates: [],
  citedFacts: [{ fact: 'provider.error_rate', subject: 'anthropic' }],
  patternKey: 'provider.unhealthy|provider|529|route.circuit_break',
  policyHash: policyHash(defaultPolicy),
  locks: ['provider:anthropic'],
  nonce: '00112233445566778899aabbccddeeff',
};

const expiresAt = '2026-11-20T09:10:00.000Z';

export const pendingBreaker: Extract<Remediation, { readonly status: 'pending_approval' }> = {
  id: 42,
  incidentNumber: 7,
  revertOf: null,
  createdAt: '2026-11-20T09:00:00.000Z',
  expiresAt,
  digest: proposalDigest({ deployment: 'prod', id: 42, expiresAt, document: breakerDocument }),
  document: breakerDocument,
  fence: 0,
  status: 'pending_approval',
  approvals: [],
  execution: null,
};

export const breakerExecution: Execution = {
  id: 'e1',
  startedAt: '2026-11-20T09:02:00.000Z',
  finishedAt: null,
  receipts: changes.map((change) => ({ change, result: 'applied', detail: 'written and read back' })),
  revertAt: '2026-11-20T09:07:00.000Z',
  revertedAt: null,
  verification: { outcome: 'pending', detail: 'settles for 60 s' },
  signalBefore: 61.2,
};
