import type { ProbeResult, WriteResult } from '../../app/ports.ts';
import type { Change } from '../../core/change.ts';
import type { JsonObject } from '../../core/json.ts';
import type { LitellmClient } from './client.ts';

/** Reads and writes one kind of field of the gateway; `id` is the part of the target after its prefix. */
export interface FieldAccess {
  readonly probe: (id: string, change: Change, signal: AbortSignal) => Promise<ProbeResult>;
  readonly write: (
    id: string,
    change: Change,
    by: { readonly operator: string },
    signal: AbortSignal,
  ) => Promise<WriteResult>;
}

export interface AccessDeps {
  readonly client: LitellmClient;
  /** Runs one read-change-write of the router settings at a time: the gateway has no conditional write. */
  readonly oneAtATime: <T>(work: () => Promise<T>) => Promise<T>;
  /** The settings row as stored in the gateway's database; null when there is none or it cannot be told. */
  readonly storedRouterSettings: (signal: AbortSignal) => Promise<JsonObject | null>;
}

/** A value that the field cannot take: a broken change, refused before anything is sent. */
export function wrongValue(change: Change, allowed: string): WriteResult {
  return {
    status: 'refused',
    reason: `\`${change.field}\` was given ${JSON.stringify(change.to)}; allowed: ${allowed}`,
  };
}
