import { z } from 'zod';
import { remediationStatuses, type Remediation } from '../../core/remediation.ts';
import { storedTime, StoreError, type Queryable } from './database.ts';
import { approvalSchema, documentSchema, executionSchema } from './remediation-document.ts';

/** The columns `remediationRow` reads. */
export const remediationColumns =
  'id, incident_number, revert_of, status, created_at, expires_at, digest, document, fence, approvals, execution, close_reason';

const storedRemediation = z.object({
  id: z.number().int(),
  incident_number: z.number().int().nullable(),
  revert_of: z.number().int().nullable(),
  status: z.enum(remediationStatuses),
  created_at: storedTime,
  expires_at: storedTime,
  digest: z.string(),
  document: documentSchema,
  fence: z.number().int(),
  approvals: z.array(approvalSchema),
  execution: executionSchema.nullable(),
  close_reason: z.string().nullable(),
});

/** A stored remediation as the core knows it: each status with exactly what it has. */
export const remediationRow = storedRemediation.transform(toRemediation);

/** The remediation with this id, or null. */
export async function readRemediation(tx: Queryable, id: number): Promise<Remediation | null> {
  const rows = await tx.query(
    `SELECT ${remediationColumns} FROM scutum_sre.remediations WHERE id = $1`,
    [id],
    remediationRow,
  );
  return rows[0] ?? null;
}

function toRemediation(row: z.infer<typeof storedRemediation>): Remediation {
  const { approvals, status } = row;
  const identity = {
    id: row.id,
    incidentNumber: row.incident_number,
    revertOf: row.revert_of,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    digest: row.digest,
    document: row.document,
    fence: row.fence,
  };
  switch (status) {
    case 'assist_only':
    case 'refused':
    case 'superseded':
      return { ...identity, status, approvals: [], execution: null };
    case 'pending_approval':
    case 'approved':
      return { ...identity, status, approvals, execution: null };
    case 'rejected':
    case 'expired':
      return { ...identity, status, approvals, execution: null, closeReason: row.close_reason ?? '' };
    case 'failed':
      return { ...identity, status, approvals, execution: row.execution };
    case 'executing':
    case 'applied':
    case 'verified':
    case 'reverting':
    case 'reverted':
    case 'needs_human':
      return { ...identity, status, approvals, execution: executionOf(row) };
    default:
      return status satisfies never;
  }
}

function executionOf(row: z.infer<typeof storedRemediation>) {
  if (row.execution === null)
    throw new StoreError('broken', `remediation ${row.id} is ${row.status} without an execution`);
  return row.execution;
}
