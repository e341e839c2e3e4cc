import { z } from 'zod';
import {
  jsonSchemas,
  remediationDocumentSchema,
  triageDocumentSchema,
  type RemediationDocumentJson,
  type TriageDocumentJson,
} from '../core/contract-schemas.ts';
import { slaMetrics } from '../core/evidence.ts';
import { incidentKinds } from '../core/incident.ts';
import type { JsonValue } from '../core/json.ts';
import { reversibilities } from '../core/risk/reversibility.ts';
import { exitCode } from './exit-code.ts';

/**
 * The JSON documents that commands print beside those of `core/contract-schemas.ts`. Writers import the types only, so
 * that no command loads zod for what it prints; the build turns the schemas into `dist/schemas`.
 */

const time = z.iso.datetime();
const json: z.ZodType<JsonValue> = z.json();
const deployment = z.string();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/u);
const incident = triageDocumentSchema.shape.incidents.element.extend({ closedAt: time.nullable() });
const { remediation } = remediationDocumentSchema.shape;

const error = z.object({
  schema: z.literal('scutum-sre/error/v1'),
  error: z.object({ exitCode: z.literal(Object.values(exitCode)), message: z.string() }),
});

const incidents = z.object({
  schema: z.literal('scutum-sre/incidents/v1'),
  deployment,
  cut: z.boolean().describe('true when there are more than are listed'),
  incidents: z.array(incident),
});

const remediations = z.object({
  schema: z.literal('scutum-sre/remediations/v1'),
  deployment,
  cut: z.boolean().describe('true when there are more than are listed'),
  remediations: z.array(remediation),
});

const oneIncident = z.object({
  schema: z.literal('scutum-sre/incident/v1'),
  deployment,
  incident,
  remediationIds: z.array(z.int().min(1)).describe('newest first, at most 50'),
});

const suspension = z.object({
  schema: z.literal('scutum-sre/suspension/v1'),
  deployment,
  suspended: z.boolean(),
  reason: z.string().nullable(),
  at: time.nullable(),
});

const slas = z.object({
  schema: z.literal('scutum-sre/slas/v1'),
  deployment,
  slas: z.array(
    z.object({
      id: z.string(),
      scope: z.record(z.string(), z.string()),
      metric: z.enum(slaMetrics),
      target: z.number().min(0).describe('milliseconds, or per cent for success_rate'),
      windowMinutes: z.int().min(1),
      suspendedUntil: time.nullable(),
    }),
  ),
});

const libraryAction = z.object({
  type: z.string(),
  version: z.int().min(1),
  baseline: z.number().min(0).max(100),
  reversibility: z.enum(reversibilities),
  summary: z.string(),
  kinds: z.array(z.enum(incidentKinds)),
  preconditions: z.array(z.object({ id: z.string(), severity: z.enum(['must', 'should']) })),
  params: z.record(z.string(), json).describe('the parameters as JSON Schema'),
});

const actions = z.object({ schema: z.literal('scutum-sre/actions/v1'), actions: z.array(libraryAction) });
const action = z.object({ schema: z.literal('scutum-sre/action/v1'), action: libraryAction });

const pins = z.object({
  schema: z.literal('scutum-sre/pins/v1'),
  pinned: z.array(z.string()),
  problems: z.array(z.string()).describe('runbooks that were not pinned, each with its reason'),
});

const init = z.object({
  schema: z.literal('scutum-sre/init/v1'),
  deployment,
  migrated: z.literal(true),
  runtimeRole: z.string().nullable(),
});

const auditHead = z.object({ size: z.int().min(0), rowHash: sha256 });

const auditExport = z.object({
  schema: z.literal('scutum-sre/export/v1'),
  deployment,
  rows: z.int().min(0),
  head: auditHead.describe('keep it elsewhere: it is what shows a cut tail'),
  file: z.string(),
});

const verification = { schema: z.literal('scutum-sre/audit-verification/v1'), of: z.string() };
const auditVerification = z.discriminatedUnion('status', [
  z.object({ ...verification, status: z.literal('intact'), head: auditHead, stubs: z.int().min(0) }),
  z.object({
    ...verification,
    status: z.literal('broken'),
    position: z.int().min(0).describe('where the first bad record stands, from 0'),
    problem: z.enum([
      'seq',
      'prev_hash',
      'entry',
      'leaf_hash',
      'column',
      'stub',
      'row_hash',
      'truncated',
      'head',
    ]),
    detail: z.string(),
    expected: z.string(),
    found: z.string(),
  }),
  z.object({
    ...verification,
    status: z.literal('malformed'),
    line: z.int().min(1),
    problem: z.string(),
  }),
]);

const watchEvent = z.object({
  schema: z.literal('scutum-sre/watch-event/v1'),
  at: time,
  kind: z.enum(['started', 'stopped', 'warning', 'incidents', 'due_work', 'outcome']),
  detail: z.string(),
});

/** Every document but those of `core/contract-schemas.ts`, by the name in its `schema`. */
export const documentSchemas = {
  error,
  incidents,
  remediations,
  incident: oneIncident,
  suspension,
  slas,
  actions,
  action,
  pins,
  init,
  export: auditExport,
  'audit-verification': auditVerification,
  'watch-event': watchEvent,
} as const;

type ReadonlyDeep<T> = JsonValue extends T
  ? T
  : T extends object
    ? { readonly [Key in keyof T]: ReadonlyDeep<T[Key]> }
    : T;

export type ErrorDocument = ReadonlyDeep<z.infer<typeof error>>;
export type LibraryActionJson = ReadonlyDeep<z.infer<typeof libraryAction>>;

/** Whatever a command may print with `--json`. */
export type PrintedDocument = ReadonlyDeep<
  | TriageDocumentJson
  | RemediationDocumentJson
  | z.infer<(typeof documentSchemas)[keyof typeof documentSchemas]>
>;

/**
 * The JSON Schema (2020-12) of every printed document, by its `schema` id. They allow fields they do not name, because
 * contract.md lets documents grow within a version.
 */
export function documentJsonSchemas(): Readonly<Record<string, object>> {
  const own = Object.entries(documentSchemas).map(([name, schema]) => [
    `scutum-sre/${name}/v1`,
    z.toJSONSchema(schema, { io: 'input' }),
  ]);
  return { ...jsonSchemas(), ...Object.fromEntries(own) };
}
