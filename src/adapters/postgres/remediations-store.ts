import { z } from 'zod';
import type { RemediationStore } from '../../app/ports.ts';
import { remediationStatuses, type Remediation } from '../../core/remediation.ts';
import type { AppendAudit } from './audit-append.ts';
import type { Database, SqlValue } from './database.ts';
import { readHistory } from './remediation-history.ts';
import { proposeRemediation } from './remediation-propose.ts';
import { readRemediation, remediationColumns, remediationRow } from './remediation-row.ts';
import { transitionRemediation } from './remediation-transition.ts';

/** Remediations and their life cycle; every time comparison is the database clock's. Lists are newest first. */
export function createRemediationStore(database: Database, append: AppendAudit): RemediationStore {
  const list = (condition: string, params: readonly SqlValue[]): Promise<readonly Remediation[]> =>
    database.query(
      `SELECT ${remediationColumns} FROM scutum_sre.remediations AS own WHERE ${condition}`,
      params,
      remediationRow,
    );
  return {
    propose: (draft, audit) => proposeRemediation(database, append, { draft, audit }),
    transition: (step) => transitionRemediation(database, append, step),
    getRemediation: (id) => readRemediation(database, id),
    openRemediationOf: async (incidentNumber) =>
      (await list('incident_number = $1 AND holds AND revert_of IS NULL', [incidentNumber]))[0] ?? null,
    listRemediations: (filter) =>
      list('($1::int IS NULL OR incident_number = $1) AND status = ANY($2) ORDER BY id DESC LIMIT $3', [
        filter.incidentNumber ?? null,
        filter.statuses ?? remediationStatuses,
        filter.limit,
      ]),
    dueReverts: (limit) => list(dueRevert, [limit]),
    dueExpiries: (limit) => list(dueExpiry, [limit]),
    abandoned: (limit) => list(leaseRanOut, [limit]),
    renewLease: async (id, fence, leaseMs) => {
      const rows = await database.query(
        `UPDATE scutum_sre.remediations SET lease_until = clock_timestamp() + $3::float8 * interval '1 millisecond'
          WHERE id = $1 AND fence = $2 AND status IN ('executing', 'applied', 'reverting') RETURNING id`,
        [id, fence, leaseMs],
        z.object({ id: z.number() }),
      );
      return rows.length > 0;
    },
    history: (query) => readHistory(database, query),
  };
}

// The lease of an `applied` row belongs to its verification, which writes nothing: a due timer goes ahead of it and its
// claim fences the verifier out. Only an undo of its own that is running right now is waited for.
const dueRevert = `status IN ('applied', 'verified', 'needs_human') AND revert_due_at <= clock_timestamp()
  AND NOT EXISTS (SELECT 1 FROM scutum_sre.remediations AS undo
                   WHERE undo.revert_of = own.id AND undo.status = 'executing'
                     AND undo.lease_until > clock_timestamp())
  ORDER BY revert_due_at, id LIMIT $1`;

const dueExpiry = `status IN ('pending_approval', 'approved') AND expires_at <= clock_timestamp() ORDER BY expires_at, id LIMIT $1`;

const leaseRanOut = `status IN ('executing', 'applied', 'reverting')
  AND (lease_until IS NULL OR lease_until <= clock_timestamp())
  ORDER BY lease_until NULLS FIRST, id LIMIT $1`;
