import { z } from 'zod';
import type { IncidentStore } from '../../app/ports.ts';
import type { AuditDraft, AuditKind } from '../../core/audit/audit-record.ts';
import { incidentKinds, type Incident } from '../../core/incident.ts';
import type { JsonObject } from '../../core/json.ts';
import { takeLock } from './advisory-lock.ts';
import type { AppendAudit } from './audit-append.ts';
import { onlyRow, type Database, type Queryable } from './database.ts';
import { combine, sightings, type Sighting } from './incident-folding.ts';
import { foldableRow, incidentColumns, incidentRow } from './incident-row.ts';

/**
 * Incidents, with all times by the database clock. `occurrences` rises by one for each fold that saw the incident,
 * however many signals it held. `listIncidents` gives the newest first; without `open`, closed ones are listed too.
 */
export function createIncidentStore(
  database: Database,
  deps: { readonly append: AppendAudit; readonly deployment: string },
): IncidentStore {
  return {
    fold: (input) =>
      database.transaction(async (tx) => {
        await takeLock(tx, 'fold');
        const opened = await record(tx, sightings(input.signals));
        const closed = await closeUnseen(tx, input);
        const by = { actor: input.actor, deployment: deps.deployment };
        // Audit rows last: their lock is the last one taken (advisory-lock.ts).
        for (const incident of opened) await deps.append(tx, openedDraft(incident, by));
        for (const incident of closed) await deps.append(tx, closedDraft(incident, by));
      }),
    listIncidents: (filter) =>
      database.query(
        `SELECT ${incidentColumns} FROM scutum_sre.incidents
          WHERE closed_at IS NULL OR NOT $1 ORDER BY number DESC LIMIT $2`,
        [filter.open, filter.limit],
        incidentRow,
      ),
    getIncident: async (number) =>
      (
        await database.query(
          `SELECT ${incidentColumns} FROM scutum_sre.incidents WHERE number = $1`,
          [number],
          incidentRow,
        )
      )[0] ?? null,
    recordEscalation: (number, escalation, audit) =>
      database.transaction(async (tx) => {
        await tx.query('UPDATE scutum_sre.incidents SET escalation = $2::json WHERE number = $1', [
          number,
          JSON.stringify(escalation),
        ]);
        if (escalation.pagedAt !== null)
          await tx.query(
            'INSERT INTO scutum_sre.pages (incident_number, sent_at) VALUES ($1, clock_timestamp())',
            [number],
          );
        await deps.append(tx, audit);
      }),
    countPages: () => countPages(database),
  };
}

async function countPages(database: Queryable): Promise<number> {
  const rows = await database.query(
    "SELECT count(*) AS pages FROM scutum_sre.pages WHERE sent_at > clock_timestamp() - interval '1 hour'",
    [],
    z.object({ pages: z.number() }),
  );
  return onlyRow(rows).pages;
}

/** Adds what was seen to the open incidents, opens the others and returns those. The fold lock is held. */
async function record(tx: Queryable, seen: readonly Sighting[]): Promise<readonly Incident[]> {
  if (seen.length === 0) return [];
  const rows = await tx.query(
    `SELECT number, fingerprint_hash, summary, confirmed, payloads FROM scutum_sre.incidents
      WHERE closed_at IS NULL AND fingerprint_hash = ANY($1) ORDER BY fingerprint_hash FOR NO KEY UPDATE`,
    [seen.map((sighting) => sighting.fingerprintHash)],
    foldableRow,
  );
  const known = new Map(rows.map((row) => [row.fingerprint_hash, row]));
  const opened: Incident[] = [];
  for (const sighting of seen) {
    const row = known.get(sighting.fingerprintHash);
    if (row === undefined) opened.push(await open(tx, sighting));
    else await update(tx, combine(row, sighting));
  }
  return opened;
}

async function open(tx: Queryable, sighting: Sighting): Promise<Incident> {
  const rows = await tx.query(
    `INSERT INTO scutum_sre.incidents
       (fingerprint_hash, kind, scope, summary, confirmed, occurrences, payloads, opened_at, last_seen_at)
     SELECT $1, $2, $3::json, $4, $5, 1, $6::json, seen, seen FROM (SELECT clock_timestamp() AS seen) AS clock
     RETURNING ${incidentColumns}`,
    [
      sighting.fingerprintHash,
      sighting.kind,
      JSON.stringify(sighting.scope),
      sighting.summary,
      sighting.confirmed,
      JSON.stringify(sighting.payloads),
    ],
    incidentRow,
  );
  return onlyRow(rows);
}

async function update(tx: Queryable, row: z.infer<typeof foldableRow>): Promise<void> {
  await tx.query(
    `UPDATE scutum_sre.incidents SET summary = $2, confirmed = $3, payloads = $4::json,
       occurrences = occurrences + 1, last_seen_at = clock_timestamp() WHERE number = $1`,
    [row.number, row.summary, row.confirmed, JSON.stringify(row.payloads)],
  );
}

async function closeUnseen(
  tx: Queryable,
  input: { readonly judges: readonly string[]; readonly closeAfterMs: number },
): Promise<readonly Incident[]> {
  const judged = incidentKinds.filter((kind) => input.judges.includes(kind));
  if (judged.length === 0) return [];
  return tx.query(
    `UPDATE scutum_sre.incidents SET closed_at = clock_timestamp()
      WHERE closed_at IS NULL AND kind = ANY($1)
        AND last_seen_at <= clock_timestamp() - $2::float8 * interval '1 millisecond'
      RETURNING ${incidentColumns}`,
    [judged, input.closeAfterMs],
    incidentRow,
  );
}

interface By {
  readonly actor: string;
  readonly deployment: string;
}

function openedDraft(incident: Incident, by: By): AuditDraft {
  return draft('incident_opened', incident, incident.openedAt, by, {
    sources: incident.sources,
    confirmed: incident.confirmed,
    events: incident.payloads,
  });
}

function closedDraft(incident: Incident, by: By): AuditDraft {
  return draft('incident_closed', incident, incident.closedAt ?? incident.lastSeenAt, by, {
    openedAt: incident.openedAt,
    lastSeenAt: incident.lastSeenAt,
    occurrences: incident.occurrences,
  });
}

function draft(kind: AuditKind, incident: Incident, at: string, by: By, more: JsonObject): AuditDraft {
  const { number, kind: incidentKind, scope, summary } = incident;
  return {
    kind,
    at,
    incidentNumber: number,
    remediationId: null,
    executionId: null,
    actor: by.actor,
    body: { deployment: by.deployment, kind: incidentKind, scope, summary, ...more },
  };
}
