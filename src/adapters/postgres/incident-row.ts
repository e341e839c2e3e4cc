import { z } from 'zod';
import { incidentKinds, scopeSchema, signalSources, type Incident } from '../../core/incident.ts';
import { storedTime } from './database.ts';

/** The columns `incidentRow` reads. */
export const incidentColumns =
  'number, kind, scope, summary, confirmed, occurrences, payloads, escalation, opened_at, last_seen_at, closed_at';

const payloadsSchema = z.partialRecord(z.enum(signalSources), z.record(z.string(), z.json()));

const escalationSchema = z.object({ reason: z.string(), pagedAt: z.string().nullable() });

/** A stored incident as the core knows it. */
export const incidentRow = z
  .object({
    number: z.number().int(),
    kind: z.enum(incidentKinds),
    scope: scopeSchema,
    summary: z.string(),
    confirmed: z.boolean(),
    occurrences: z.number().int(),
    payloads: payloadsSchema,
    escalation: escalationSchema.nullable(),
    opened_at: storedTime,
    last_seen_at: storedTime,
    closed_at: storedTime.nullable(),
  })
  .transform((row): Incident => ({
    number: row.number,
    kind: row.kind,
    scope: row.scope,
    summary: row.summary,
    sources: signalSources.filter((source) => row.payloads[source] !== undefined),
    confirmed: row.confirmed,
    openedAt: row.opened_at,
    lastSeenAt: row.last_seen_at,
    closedAt: row.closed_at,
    occurrences: row.occurrences,
    payloads: signalSources.map((source) => row.payloads[source]).filter((payload) => payload !== undefined),
    escalation: row.escalation,
  }));

/** The part of a row that a new sighting changes. */
export const foldableRow = z.object({
  number: z.number().int(),
  fingerprint_hash: z.string(),
  summary: z.string(),
  confirmed: z.boolean(),
  payloads: payloadsSchema,
});
