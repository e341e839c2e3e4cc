import type { JsonObject } from '../json.ts';

export const auditKinds = [
  'incident_opened',
  'incident_closed',
  'model_call',
  'proposed',
  'refreshed',
  'approved',
  'declined',
  'rejected',
  'expired',
  'superseded',
  'intent',
  'effect',
  'applied',
  'failed',
  'verified',
  'revert_intent',
  'reverted',
  'needs_human',
  'resolved',
  'escalated',
  'suspended',
  'resumed',
  'sla_changed',
  'actions_pinned',
  'attachment',
] as const;
export type AuditKind = (typeof auditKinds)[number];

/** What a use-case hands to the log; salt, seq and hashes are added when it is appended. */
export interface AuditDraft {
  readonly kind: AuditKind;
  readonly at: string;
  readonly incidentNumber: number | null;
  readonly remediationId: number | null;
  readonly executionId: string | null;
  readonly actor: string;
  readonly body: JsonObject;
}

/** One row of the trail, exactly as stored and exported. Hashes are lower-case hex. */
export interface AuditRow {
  readonly seq: number;
  readonly at: string;
  readonly source: string;
  readonly kind: string;
  readonly incidentId: string;
  readonly remediationId: string;
  readonly executionId: string;
  readonly actor: string;
  /** Canonical JSON (RFC 8785) that was hashed; null in the stub of an omitted row. */
  readonly entry: string | null;
  readonly leafHash: string;
  readonly prevHash: string;
  readonly rowHash: string;
}

export interface AuditHead {
  /** Number of rows. */
  readonly size: number;
  /** `row_hash` of the last row; 64 zeros when empty. */
  readonly rowHash: string;
}

export const auditSource = 'sre-agent';
export const zeroHash = '0'.repeat(64);
