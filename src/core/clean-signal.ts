import type { IncidentScope, Signal } from './incident.ts';
import type { JsonObject } from './json.ts';
import { visibleJson, visibleText } from './plain-text.ts';
import { redactField, redactJson, redactSecrets } from './redaction.ts';

/** Longest summary, in UTF-16 units: one line on a screen and in a page. */
const summaryLengthMax = 300;
/** Longest scope value, as `scopeSchema` allows. */
const scopeLengthMax = 512;
/** Longest JSON text of a payload, in UTF-16 units; the model and the audit read it whole. */
const payloadLengthMax = 32_000;
/** A payload beyond this is not even looked through: it would be cut to an excerpt anyway. */
const payloadReadMax = 4 * payloadLengthMax;

/**
 * The only way a signal is made from foreign text: secrets are masked first (a cut could hide the rest of one), then
 * what cannot be seen is written out and everything is bounded.
 */
export function cleanSignal(signal: Signal): Signal {
  return {
    ...signal,
    scope: cleanScope(signal.scope),
    summary: visibleText(redactSecrets(signal.summary), { maxLength: summaryLengthMax }),
    payload: cleanPayload(signal.payload),
  };
}

function cleanScope(scope: IncidentScope): IncidentScope {
  return Object.fromEntries(
    Object.entries(scope).map(([key, value]) => [
      visibleText(key, { maxLength: 64 }),
      // LiteLLM's provider names are lower case; one source that writes `OpenAI` must not open a second incident.
      visibleText(redactField(key, key === 'provider' ? value.toLowerCase() : value), {
        maxLength: scopeLengthMax,
      }),
    ]),
  );
}

function cleanPayload(payload: JsonObject): JsonObject {
  const { length } = JSON.stringify(payload);
  if (length > payloadReadMax) return { 'json too long': `${length} characters left out` };
  const shown = visibleJson(redactJson(payload), { maxTotal: payloadLengthMax });
  return isObject(shown) ? shown : { payload: shown };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
