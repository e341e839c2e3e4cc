import { createHash } from 'node:crypto';
import { fingerprint, type IncidentKind, type IncidentScope, type Signal } from '../../core/incident.ts';
import type { JsonObject } from '../../core/json.ts';
import { visibleJson, visibleText } from '../../core/plain-text.ts';

/** What all signals of one fingerprint say together; what is stored of an incident besides its times. */
export interface Sighting {
  /** SHA-256 of kind and scope, hex. */
  readonly fingerprintHash: string;
  readonly kind: IncidentKind;
  readonly scope: IncidentScope;
  readonly summary: string;
  readonly confirmed: boolean;
  readonly payloads: PayloadBySource;
}

/** The newest payload of each source that saw it, so at most as many as there are sources. */
export type PayloadBySource = Readonly<Record<string, JsonObject>>;

/** Bounds of one kept payload in UTF-16 units; `visibleJson` marks what it cuts. */
const payloadBounds = { maxLength: 50_000, maxTotal: 100_000 };

/** Signals grouped by fingerprint, in a fixed order so that two folds lock rows in the same one. */
export function sightings(signals: readonly Signal[]): readonly Sighting[] {
  const groups = new Map<string, Sighting>();
  for (const signal of signals) {
    const next = sightingOf(signal);
    const earlier = groups.get(next.fingerprintHash);
    groups.set(next.fingerprintHash, earlier === undefined ? next : combine(earlier, next));
  }
  return [...groups.values()].sort((a, b) => (a.fingerprintHash < b.fingerprintHash ? -1 : 1));
}

/**
 * What is known before and what is seen now: confirmed once any signal was, sources united, the newer payload of each
 * source. The summary is the newer one, but an assertion of others never replaces what our own detector wrote.
 */
export function combine<Known extends Pick<Sighting, 'summary' | 'confirmed' | 'payloads'>>(
  known: Known,
  seen: Pick<Sighting, 'summary' | 'confirmed' | 'payloads'>,
): Known {
  return {
    ...known,
    summary: known.confirmed && !seen.confirmed ? known.summary : seen.summary,
    confirmed: known.confirmed || seen.confirmed,
    payloads: { ...known.payloads, ...seen.payloads },
  };
}

function sightingOf(signal: Signal): Sighting {
  return {
    fingerprintHash: createHash('sha256').update(fingerprint(signal)).digest('hex'),
    kind: signal.kind,
    scope: signal.scope,
    summary: visibleText(signal.summary),
    confirmed: signal.confirmed,
    payloads: { [signal.source]: boundedPayload(signal.payload) },
  };
}

function boundedPayload(payload: JsonObject): JsonObject {
  const shown = visibleJson(payload, payloadBounds);
  return isObject(shown) ? shown : { payload: shown };
}

function isObject(value: ReturnType<typeof visibleJson>): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
