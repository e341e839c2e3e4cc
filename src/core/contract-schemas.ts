import { z } from 'zod';
import { gateReasonCodes } from './gate.ts';
import { incidentKinds, signalSources } from './incident.ts';
import type { JsonValue } from './json.ts';
import { remediationStatuses } from './remediation.ts';
import { reversibilities } from './risk/reversibility.ts';

/** Ids of the documents that commands print with `--json`. */
export const triageSchemaId = 'scutum-sre/triage/v1';
export const remediationSchemaId = 'scutum-sre/remediation/v1';

const time = z.iso.datetime();
const hundredths = z.number();
const json: z.ZodType<JsonValue> = z.json();
const incidentId = z.string().regex(/^INC-[1-9][0-9]*$/u);

const proposer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('model'), model: z.string() }),
  z.object({ kind: z.literal('playbook') }),
  z.object({ kind: z.literal('person'), name: z.string() }),
  z.object({ kind: z.literal('runbook'), name: z.string() }),
]);

const change = z.object({ target: z.string(), field: z.string(), from: json, to: json });

const precondition = z.object({
  id: z.string(),
  source: z.enum(['required', 'model', 'auditor']),
  severity: z.enum(['must', 'should']),
  holds: z.enum(['holds', 'fails', 'unknown']),
  detail: z.string(),
});

/** `extra` is what one component shows beside value, weight and contribution. */
const component = <Extra extends z.ZodRawShape>(extra: Extra) =>
  z.object({
    value: hundredths.min(0).max(100),
    weight: z.number().min(0).max(100),
    contribution: hundredths,
    ...extra,
  });

const risk = z.object({
  score: hundredths.min(0).max(100),
  threshold: z.number().min(0).max(100),
  baseline: hundredths.min(0).max(100),
  baselineUplift: hundredths,
  components: z.object({
    blastRadius: component({
      kinds: z.array(
        z.object({
          kind: z.enum(['teams', 'models', 'providers', 'requests']),
          affected: z.int().min(0),
          active: z.int().min(0),
        }),
      ),
    }),
    reversibility: component({ bucket: z.enum(reversibilities) }),
    stateValidity: component({ failed: z.int().min(0), total: z.int().min(0) }),
    operationalPressure: component({
      reasons: z.array(
        z.object({
          code: z.enum(['after_hours', 'freeze', 'cascade', 'error_budget_low', 'failed_before']),
          points: z.number().min(0),
          detail: z.string(),
        }),
      ),
    }),
  }),
});

const gate = z.object({
  decision: z.enum(['auto_execute', 'require_approval', 'assist_only', 'refuse']),
  level: z.int().min(0).max(4),
  reasons: z.array(z.object({ code: z.enum(gateReasonCodes), detail: z.string() })),
  flips: z.array(z.string()),
});

const execution = z.object({
  startedAt: time,
  finishedAt: time.nullable(),
  changesApplied: z.int().min(0),
  revertAt: time.nullable(),
  verification: z.object({
    outcome: z.enum(['improved', 'not_better', 'worse', 'inconclusive', 'pending']),
    detail: z.string(),
  }),
});

const remediation = z.object({
  id: z.int().min(1),
  incidentId: incidentId.nullable(),
  revertOf: z.int().min(1).nullable(),
  status: z.enum(remediationStatuses),
  createdAt: time,
  expiresAt: time,
  proposedBy: proposer,
  confidence: z.number().min(0).max(1).nullable(),
  action: z.object({ type: z.string(), params: z.record(z.string(), json) }),
  changes: z.array(change),
  inverse: z.array(change),
  preconditions: z.array(precondition),
  risk,
  gate,
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/u),
  approvals: z.array(z.object({ by: z.string(), identity: z.enum(['asserted', 'signed']), at: time })),
  execution: execution.nullable(),
});

const incident = z.object({
  id: incidentId,
  kind: z.enum(incidentKinds),
  scope: z.record(z.string(), z.string()),
  summary: z.string(),
  source: z.array(z.enum(signalSources)),
  confirmed: z.boolean(),
  openedAt: time,
  lastSeenAt: time,
  occurrences: z.int().min(1),
  remediation: remediation.nullable(),
  escalation: z.object({ reason: z.string(), pagedAt: time.nullable() }).nullable(),
});

/** What `triage --json` prints. */
export const triageDocumentSchema = z.object({
  schema: z.literal(triageSchemaId),
  at: time,
  deployment: z.string(),
  sandbox: z.boolean(),
  suspended: z.boolean(),
  incidents: z.array(incident),
  warnings: z.array(z.object({ code: z.string(), detail: z.string() })),
});

/** What `approve`, `run`, `revert` and `show` print with `--json`. */
export const remediationDocumentSchema = z.object({
  schema: z.literal(remediationSchemaId),
  deployment: z.string(),
  remediation,
});

export type RemediationJson = z.infer<typeof remediation>;
export type IncidentJson = z.infer<typeof incident>;
export type TriageDocumentJson = z.infer<typeof triageDocumentSchema>;
export type RemediationDocumentJson = z.infer<typeof remediationDocumentSchema>;

/**
 * The JSON Schema (2020-12) of each document, by its `schema` id. They allow fields they do not name, because
 * contract.md lets documents grow within a version.
 */
export function jsonSchemas(): Readonly<Record<string, object>> {
  return {
    [triageSchemaId]: z.toJSONSchema(triageDocumentSchema, { io: 'input' }),
    [remediationSchemaId]: z.toJSONSchema(remediationDocumentSchema, { io: 'input' }),
  };
}
