import type { RemediationDraft, Transition } from '../../../src/app/ports.ts';
import type { AuditDraft, AuditKind } from '../../../src/core/audit/audit-record.ts';
import type { Change } from '../../../src/core/change.ts';
import { invertChanges } from '../../../src/core/change.ts';
import type { Signal } from '../../../src/core/incident.ts';
import type { Approval, Execution, Remediation, RemediationDocument } from '../../../src/core/remediation.ts';
import { defaultRiskSettings } from '../../../src/core/risk/risk-score.ts';

let counter = 0;
/** A name that no other test of this run uses. */
export const fresh = (prefix: string) => `${prefix}-${process.pid}-${counter++}`;

/** Everything an async iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function signalOf(provider: string, more: Partial<Signal> = {}): Signal {
  return {
    kind: 'provider.unhealthy',
    scope: { provider },
    summary: `${provider} fails`,
    source: 'spend_logs',
    confirmed: true,
    observedAt: '2026-11-20T02:10:00.000Z',
    payload: { failed: 41 },
    ...more,
  };
}

export function auditOf(kind: AuditKind, more: Partial<AuditDraft> = {}): AuditDraft {
  return {
    kind,
    at: '2026-11-20T02:10:00.000Z',
    incidentNumber: null,
    remediationId: null,
    executionId: null,
    actor: 'tester',
    body: { note: 'a test' },
    ...more,
  };
}

export function blockChange(deployment: string): Change {
  return { target: `litellm:deployment/${deployment}`, field: 'blocked', from: false, to: true };
}

export function documentOf(more: Partial<RemediationDocument> = {}): RemediationDocument {
  const changes = more.changes ?? [blockChange(fresh('deployment'))];
  return {
    action: { type: 'route.circuit_break', params: { provider: 'anthropic', minutes: 5 }, version: 1 },
    proposedBy: { kind: 'model', model: 'claude-sonnet-4-6' },
    confidence: 0.91,
    diagnosis: 'the provider fails',
    changes,
    inverse: invertChanges(changes),
    revert: { kind: 'timer', afterMinutes: 5 },
    expectation: {
      fact: 'model_group.success_rate',
      subjects: ['claude'],
      better: 'higher',
      settleSeconds: 30,
      deadlineSeconds: 120,
    },
    preconditions: [
      { id: 'provider.exists', source: 'required', severity: 'must', holds: 'holds', detail: 'it is there' },
    ],
    risk: {
      score: 17.55,
      threshold: 40,
      baseline: 15,
      baselineUplift: 14.55,
      components: {
        blastRadius: { value: 10, weight: 30, contribution: 3, kinds: [] },
        reversibility: { value: 0, weight: 15, contribution: 0, bucket: 'auto_reverting' },
        stateValidity: { value: 0, weight: 30, contribution: 0, failed: 0, total: 1 },
        operationalPressure: { value: 0, weight: 25, contribution: 0, reasons: [] },
      },
      settings: defaultRiskSettings,
    },
    gate: {
      decision: 'require_approval',
      level: 2,
      reasons: [{ code: 'auto_approve_off', detail: 'SRE_AUTO_APPROVE is off' }],
      flips: [],
      refusal: null,
    },
    predicates: [],
    citedFacts: [],
    patternKey: fresh('pattern'),
    policyHash: 'sha256:0',
    locks: changes.map((change) => change.target),
    nonce: 'nonce',
    ...more,
  };
}

export function draftOf(more: Partial<RemediationDraft> = {}): RemediationDraft {
  return {
    incidentNumber: null,
    revertOf: null,
    status: 'pending_approval',
    document: documentOf(),
    expiresInMs: 600_000,
    digest: ({ id, expiresAt }) => `sha256:${id}/${expiresAt}`,
    ...more,
  };
}

export const proposedAudit = (id: number) => auditOf('proposed', { remediationId: id });

export function executionOf(more: Partial<Execution> = {}): Execution {
  return {
    id: fresh('execution'),
    startedAt: '2026-11-20T02:11:00.000Z',
    finishedAt: null,
    receipts: [],
    revertAt: null,
    revertedAt: null,
    verification: { outcome: 'pending', detail: 'not yet judged' },
    signalBefore: 58.8,
    ...more,
  };
}

export function approvalOf(remediation: Remediation): Approval {
  return { by: 'operator', identity: 'asserted', at: '2026-11-20T02:10:30.000Z', digest: remediation.digest };
}

/** A step from where the remediation is. */
export function stepOf(
  remediation: Remediation,
  to: Transition['to'],
  more: Partial<Transition> = {},
): Transition {
  return {
    id: remediation.id,
    fence: remediation.fence,
    from: [remediation.status],
    to,
    audit: auditOf('effect', { remediationId: remediation.id }),
    ...more,
  };
}
