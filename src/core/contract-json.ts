import { remediationSchemaId, triageSchemaId } from './contract-schemas.ts';
import type {
  IncidentJson,
  RemediationDocumentJson,
  RemediationJson,
  TriageDocumentJson,
} from './contract-schemas.ts';
import type { Change } from './change.ts';
import type { Incident } from './incident.ts';
import { incidentId } from './incident.ts';
import type { Execution, Remediation } from './remediation.ts';
import type { RiskComponent, RiskScore } from './risk/risk-score.ts';

/** The document of `triage --json` (contract.md, "JSON"); fields in the order of the contract. */
export function triageJson(input: {
  /** ISO 8601 UTC. */
  readonly at: string;
  readonly deployment: string;
  readonly sandbox: boolean;
  readonly suspended: boolean;
  readonly incidents: readonly { readonly incident: Incident; readonly remediation: Remediation | null }[];
  readonly warnings: readonly { readonly code: string; readonly detail: string }[];
}): TriageDocumentJson {
  return {
    schema: triageSchemaId,
    at: input.at,
    deployment: input.deployment,
    sandbox: input.sandbox,
    suspended: input.suspended,
    incidents: input.incidents.map(({ incident, remediation }) => incidentJson(incident, remediation)),
    warnings: input.warnings.map(({ code, detail }) => ({ code, detail })),
  };
}

/** The document of `approve`, `run`, `revert` and `show` with `--json`. */
export function remediationDocumentJson(input: {
  readonly deployment: string;
  readonly remediation: Remediation;
}): RemediationDocumentJson {
  return {
    schema: remediationSchemaId,
    deployment: input.deployment,
    remediation: remediationJson(input.remediation),
  };
}

/** One incident with the remediation proposed for it, or null. */
export function incidentJson(incident: Incident, remediation: Remediation | null): IncidentJson {
  const { escalation } = incident;
  return {
    id: incidentId(incident.number),
    kind: incident.kind,
    scope: { ...incident.scope },
    summary: incident.summary,
    source: [...incident.sources],
    confirmed: incident.confirmed,
    openedAt: incident.openedAt,
    lastSeenAt: incident.lastSeenAt,
    occurrences: incident.occurrences,
    remediation: remediation === null ? null : remediationJson(remediation),
    escalation: escalation === null ? null : { reason: escalation.reason, pagedAt: escalation.pagedAt },
  };
}

/** REMEDIATION of contract.md. Prose, locks, nonce and the other inner fields stay inside. */
export function remediationJson(remediation: Remediation): RemediationJson {
  const { document, incidentNumber, execution } = remediation;
  return {
    id: remediation.id,
    incidentId: incidentNumber === null ? null : incidentId(incidentNumber),
    revertOf: remediation.revertOf,
    status: remediation.status,
    createdAt: remediation.createdAt,
    expiresAt: remediation.expiresAt,
    proposedBy: document.proposedBy,
    confidence: document.confidence,
    action: { type: document.action.type, params: { ...document.action.params } },
    changes: document.changes.map(changeJson),
    inverse: document.inverse.map(changeJson),
    preconditions: document.preconditions.map(({ id, source, severity, holds, detail }) => ({
      id,
      source,
      severity,
      holds,
      detail,
    })),
    risk: riskJson(document.risk),
    gate: {
      decision: document.gate.decision,
      level: document.gate.level,
      reasons: document.gate.reasons.map(({ code, detail }) => ({ code, detail })),
      flips: [...document.gate.flips],
    },
    digest: remediation.digest,
    approvals: remediation.approvals.map(({ by, identity, at }) => ({ by, identity, at })),
    execution: execution === null ? null : executionJson(execution),
  };
}

function changeJson({ target, field, from, to }: Change): RemediationJson['changes'][number] {
  return { target, field, from, to };
}

function riskJson(risk: RiskScore): RemediationJson['risk'] {
  const { blastRadius, reversibility, stateValidity, operationalPressure } = risk.components;
  const shown = ({ value, weight, contribution }: RiskComponent) => ({
    value,
    weight,
    contribution,
  });
  return {
    score: risk.score,
    threshold: risk.threshold,
    baseline: risk.baseline,
    baselineUplift: risk.baselineUplift,
    components: {
      blastRadius: {
        ...shown(blastRadius),
        kinds: blastRadius.kinds.map(({ kind, affected, active }) => ({ kind, affected, active })),
      },
      reversibility: { ...shown(reversibility), bucket: reversibility.bucket },
      stateValidity: { ...shown(stateValidity), failed: stateValidity.failed, total: stateValidity.total },
      operationalPressure: {
        ...shown(operationalPressure),
        reasons: operationalPressure.reasons.map(({ code, points, detail }) => ({ code, points, detail })),
      },
    },
  };
}

/** `changesApplied` counts the changes that are in force after the attempt. */
function executionJson(execution: Execution): NonNullable<RemediationJson['execution']> {
  const { startedAt, finishedAt, receipts, revertAt, verification } = execution;
  const inForce = receipts.filter(({ result }) => result === 'applied' || result === 'already_there');
  return {
    startedAt,
    finishedAt,
    changesApplied: inForce.length,
    revertAt,
    verification: { outcome: verification.outcome, detail: verification.detail },
  };
}
