import type { ActionDefinition } from '../core/action.ts';
import { reading, type Evidence, type ReadingName } from '../core/evidence.ts';
import type { Incident } from '../core/incident.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import { asJson } from './engine.ts';
import { readingsOfAction } from './readings-needed.ts';

/** Lists up to this long are recorded whole. */
const wholeRowsMax = 50;
/** Rows recorded of a longer list. */
const keptRowsMax = 500;

/**
 * The readings a decision was made on, for the audit. Of a long list only the rows that name the incident's scope or one
 * of the action's params are kept, at most 500; `rows` then says how long it was. A busy gateway's day of traffic
 * would otherwise be written again with every proposal, and the score record holds what was counted of it.
 */
export function factsOnRecord(
  evidence: Evidence,
  about: {
    readonly action: ActionDefinition;
    readonly params: JsonObject;
    readonly incident: Incident | null;
  },
): JsonObject {
  const { action, params, incident } = about;
  const values: readonly JsonValue[] = [...Object.values(params), ...Object.values(incident?.scope ?? {})];
  const names = new Set(values.filter((value) => typeof value === 'string'));
  const entries = readingsOfAction(action, incident?.kind ?? null).map(
    (name) => [name, onRecord(evidence, name, names)] as const,
  );
  return Object.fromEntries(entries);
}

function onRecord(evidence: Evidence, name: ReadingName, names: ReadonlySet<unknown>): JsonValue {
  const found = reading(evidence, name);
  if (found.status === 'unknown' || !Array.isArray(found.value) || found.value.length <= wholeRowsMax)
    return asJson(found);
  const rows: readonly object[] = found.value;
  const named = rows.filter((row) => Object.values(row).some((value) => names.has(value)));
  return asJson({ ...found, rows: rows.length, value: named.slice(0, keptRowsMax) });
}
