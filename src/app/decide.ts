import type { Evidence } from '../core/evidence.ts';
import type { Incident } from '../core/incident.ts';
import type { Approval, Remediation } from '../core/remediation.ts';
import { readSignals, worstSignal } from '../core/verification.ts';
import { canonicalJson } from '../core/audit/canonical-json.ts';
import { approvalLifetimeMs, digestOf } from './assess.ts';
import { collectEvidence } from './collect-evidence.ts';
import { asJson, draftFor } from './engine.ts';
import { executeRemediation, type ExecutionOutcome, type SignalsBefore } from './execute.ts';
import type { AssessDeps, Ground } from './judge.ts';
import type { FactReader, IncidentStore } from './ports.ts';
import { readingsOfAction } from './readings-needed.ts';
import { refreshRemediation, type RefreshResult } from './refresh.ts';

export interface DecideDeps extends AssessDeps {
  readonly incidents: IncidentStore;
  /** Fresh readers: each look reads the live state again. */
  readonly freshReaders: () => readonly FactReader[];
}

/** A fresh dry run of a pending proposal against the live state (reliability.md §3.5). */
export async function freshDryRun(
  remediation: Remediation,
  deps: DecideDeps,
): Promise<{ readonly result: RefreshResult; readonly ground: Ground }> {
  const ground = await groundOf(remediation, deps);
  return { result: await refreshRemediation(remediation, ground, deps), ground };
}

/** Reads anew what this remediation was decided on. */
export async function groundOf(remediation: Remediation, deps: DecideDeps): Promise<Ground> {
  const incident =
    remediation.incidentNumber === null ? null : await deps.incidents.getIncident(remediation.incidentNumber);
  return groundFor({ actionType: remediation.document.action.type, incident }, deps);
}

/** Reads what a decision about this action and incident needs. */
export async function groundFor(
  subject: { readonly actionType: string; readonly incident: Incident | null },
  deps: DecideDeps,
): Promise<Ground> {
  const action = deps.library.find(subject.actionType);
  const names = action === null ? [] : readingsOfAction(action, subject.incident?.kind ?? null);
  const evidence = await collectEvidence({ names, readers: deps.freshReaders() });
  return {
    incident: subject.incident,
    evidence,
    open: await deps.incidents.listIncidents({ open: true, limit: 200 }),
  };
}

export type GrantOutcome =
  | { readonly kind: 'granted'; readonly remediation: Remediation & { readonly status: 'approved' } }
  /** State or digest changed, or somebody else decided or ran it. */
  | { readonly kind: 'stale'; readonly remediation: Remediation | null }
  /** The digest is not of this document in this deployment: it was made elsewhere, or the record was altered. */
  | { readonly kind: 'foreign_digest'; readonly remediation: Remediation }
  | { readonly kind: 'expired' }
  | { readonly kind: 'suspended'; readonly reason: string };

/**
 * Consumes a pending proposal for exactly the digest that was on screen, computed again from what would run: row locked,
 * status pending, digest equal, not expired by the database clock. The grant itself holds ten minutes.
 */
export async function grantApproval(
  remediation: Remediation,
  approval: { readonly by: string; readonly digest: string; readonly basis: 'typed_code' | 'gate' },
  deps: DecideDeps,
): Promise<GrantOutcome> {
  if (digestOf(remediation.document, remediation, deps) !== approval.digest)
    return { kind: 'foreign_digest', remediation };
  const given: Approval = {
    by: approval.by,
    identity: 'asserted',
    at: deps.clock.now(),
    digest: approval.digest,
  };
  const step = await deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: ['pending_approval'],
    to: 'approved',
    digest: approval.digest,
    unlessExpired: true,
    // A revert is allowed while suspended (design.md §2.8).
    unlessSuspended: remediation.revertOf === null,
    expiresInMs: approvalLifetimeMs,
    approval: given,
    audit: draftFor(
      remediation,
      'approved',
      { by: approval.by, identity: given.identity, basis: approval.basis, digest: approval.digest },
      deps,
    ),
  });
  if (step.kind === 'fenced_out') return { kind: 'stale', remediation: step.remediation };
  if (step.kind !== 'done') return step;
  const granted = step.remediation;
  if (granted.status !== 'approved') return { kind: 'stale', remediation: granted };
  return isSameDocument(granted, remediation)
    ? { kind: 'granted', remediation: granted }
    : discard(granted, deps);
}

function isSameDocument(one: Remediation, other: Remediation): boolean {
  return canonicalJson(asJson(one.document)) === canonicalJson(asJson(other.document));
}

/** What is stored under the digest is not what the digest was computed from: it does not run. */
async function discard(
  granted: Remediation & { readonly status: 'approved' },
  deps: DecideDeps,
): Promise<GrantOutcome> {
  const reason = 'the stored document is not the one that was approved';
  const step = await deps.remediations.transition({
    id: granted.id,
    fence: granted.fence,
    from: ['approved'],
    to: 'superseded',
    audit: draftFor(granted, 'superseded', { reason }, deps),
  });
  return { kind: 'foreign_digest', remediation: step.kind === 'done' ? step.remediation : granted };
}

/** Runs what was granted; the signal to be judged later is read first. */
export async function runGranted(
  granted: Remediation & { readonly status: 'approved' },
  ground: Ground,
  deps: DecideDeps,
): Promise<ExecutionOutcome> {
  return executeRemediation(granted, { ...deps, ...signalsOf(granted, ground.evidence) });
}

function signalsOf(remediation: Remediation, evidence: Evidence): SignalsBefore {
  const { expectation } = remediation.document;
  if (expectation === null) return { signalBefore: null, signalsBefore: [] };
  const signals = readSignals(evidence, expectation);
  return { signalBefore: worstSignal(signals, expectation.better), signalsBefore: signals };
}
