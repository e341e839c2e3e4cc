import { createHash } from 'node:crypto';
import { z } from 'zod';
import { incidentId } from '../incident.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { visibleText } from '../plain-text.ts';
import { redactSecrets } from '../redaction.ts';
import type { AuditDraft, AuditRow } from './audit-record.ts';
import { auditSource } from './audit-record.ts';
import { canonicalJson } from './canonical-json.ts';
import type { SealedBody } from './sealed-body.ts';
import { sealBody } from './sealed-body.ts';

/** The columns that repeat what the entry says, for people and queries. */
export type DescriptiveColumns = Pick<
  AuditRow,
  'at' | 'source' | 'kind' | 'incidentId' | 'remediationId' | 'executionId' | 'actor'
>;

/** A row before it has a place in the chain. */
export type EntryRow = DescriptiveColumns & { readonly entry: string };

/** Spreadsheets cut a cell at 32 767 characters; texts and entries stay below. */
export const longestText = 32_000;

/**
 * Rows for one draft, in the order to append them: its attachments, then the row itself. Foreign text is made visible
 * and redacted; `raw_sha256` holds, by JSON pointer into `body`, the SHA-256 of the UTF-8 of each text that was made
 * visible (never of one that held a secret: such a hash could be guessed back). Text over 32 000 characters, or a body
 * that would not fit a cell, goes to rows of kind `attachment` and is referenced by its SHA-256; nothing is cut.
 * `salt` is 16 fresh random bytes in hex; it keeps the leaf of an erased entry from being guessed.
 */
export function auditEntry(draft: AuditDraft, salt: string): { readonly rows: readonly EntryRow[] } {
  if (!/^[0-9a-f]{32}$/.test(salt)) throw new Error('an audit salt is 32 lower-case hex digits');
  const columns = describeDraft(draft);
  const attachments = new Map<string, readonly string[]>();
  const attach = (text: string): JsonObject => {
    const sha256 = sha256Hex(text);
    const parts = attachments.get(sha256) ?? splitText(text);
    attachments.set(sha256, parts);
    return { attachment_sha256: sha256, characters: text.length, parts: parts.length };
  };
  const sealed = sealBody(draft.body, { hash: sha256Hex, longestText, attach });
  const main = fitEntry(columns, sealed, salt, attach);
  const rows = [...attachments].flatMap(([sha256, parts]) =>
    parts.map((text, index) => ({ sha256, part: index + 1, parts: parts.length, text })),
  );
  const attached = rows.map((body, index) =>
    toRow({ ...columns, kind: 'attachment' }, { body, rawSha256: {} }, partSalt(salt, index)),
  );
  return { rows: [...attached, main] };
}

const entrySchema = z.object({
  at: z.string(),
  source: z.string(),
  kind: z.string(),
  incident_id: z.string(),
  remediation_id: z.string(),
  execution_id: z.string(),
  actor: z.string(),
});

/** The descriptive columns as the entry itself gives them; null when it is not the canonical JSON of an entry. */
export function describeEntry(entry: string): DescriptiveColumns | null {
  const parsed = entrySchema.safeParse(parseCanonical(entry));
  if (!parsed.success) return null;
  const { at, source, kind, actor } = parsed.data;
  return {
    at,
    source,
    kind,
    incidentId: parsed.data.incident_id,
    remediationId: parsed.data.remediation_id,
    executionId: parsed.data.execution_id,
    actor,
  };
}

// Reading back gives the same text and sorted keys: canonical. Number-like keys move when parsed, hence the slow way.
function parseCanonical(text: string): JsonValue {
  if (!text.isWellFormed()) return null;
  try {
    const json = JSON.parse(text) as JsonValue;
    const quickly = JSON.stringify(json) === text && hasSortedKeys(json);
    return quickly || canonicalJson(json) === text ? json : null;
  } catch {
    // Not JSON, a lone surrogate in an escape, or nested deeper than the stack: nothing we would have written.
    return null;
  }
}

function hasSortedKeys(value: JsonValue): boolean {
  if (value === null || typeof value !== 'object') return true;
  const keys = Object.keys(value);
  if (!Array.isArray(value) && keys.some((key, i) => i > 0 && (keys[i - 1] ?? '') >= key)) return false;
  return Object.values(value).every(hasSortedKeys);
}

function describeDraft(draft: AuditDraft): DescriptiveColumns {
  const shown = (text: string) => redactSecrets(visibleText(text, { maxLength: 512 }));
  return {
    at: shown(draft.at),
    source: auditSource,
    kind: draft.kind,
    incidentId: draft.incidentNumber === null ? '' : incidentId(draft.incidentNumber),
    remediationId: draft.remediationId === null ? '' : String(draft.remediationId),
    executionId: draft.executionId === null ? '' : shown(draft.executionId),
    actor: shown(draft.actor),
  };
}

function fitEntry(
  columns: DescriptiveColumns,
  sealed: SealedBody,
  salt: string,
  attach: (text: string) => JsonObject,
): EntryRow {
  const row = toRow(columns, sealed, salt);
  if (row.entry.length <= longestText) return row;
  const whole = canonicalJson({ body: sealed.body, raw_sha256: sealed.rawSha256 });
  return toRow(columns, { body: attach(whole), rawSha256: {} }, salt);
}

function toRow(columns: DescriptiveColumns, sealed: SealedBody, salt: string): EntryRow {
  const raw = Object.keys(sealed.rawSha256).length > 0 ? { raw_sha256: sealed.rawSha256 } : {};
  const entry = canonicalJson({
    salt,
    at: columns.at,
    source: columns.source,
    kind: columns.kind,
    incident_id: columns.incidentId,
    remediation_id: columns.remediationId,
    execution_id: columns.executionId,
    actor: columns.actor,
    body: sealed.body,
    ...raw,
  });
  return { ...columns, entry };
}

// Visible text has no controls, so JSON at most doubles it: half the usual length always fits a cell.
function splitText(text: string): readonly string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length;) {
    const long = wellFormedSlice(text, from, 29_000);
    const part = JSON.stringify(long).length > 30_500 ? wellFormedSlice(text, from, 15_000) : long;
    parts.push(part);
    from += part.length;
  }
  return parts;
}

function wellFormedSlice(text: string, from: number, length: number): string {
  const slice = text.slice(from, from + length);
  return slice.isWellFormed() ? slice : slice.slice(0, -1);
}

// Each row needs a salt of its own; deriving it keeps the entry a pure function of draft and salt.
function partSalt(salt: string, index: number): string {
  return sha256Hex(`scutum-sre-attachment-salt\0${salt}\0${index}`).slice(0, 32);
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
