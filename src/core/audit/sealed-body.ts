import type { JsonObject, JsonValue } from '../json.ts';
import { visibleKey, visibleText } from '../plain-text.ts';
import { redactField, redactSecrets, redactsWhole } from '../redaction.ts';

/** A body as it may be hashed, with the hash of every text that looked otherwise. */
export interface SealedBody {
  readonly body: JsonObject;
  /** JSON pointer (RFC 6901) into `body` to SHA-256 of the text as it came; `pointer#name` for a key. */
  readonly rawSha256: Readonly<Record<string, string>>;
}

export interface SealOptions {
  readonly hash: (text: string) => string;
  /** Longer texts, in UTF-16 units, are handed to `attach`. */
  readonly longestText: number;
  readonly attach: (text: string) => JsonObject;
}

const maxDepth = 64;
const maxKey = 256;

/**
 * Makes a body fit to be hashed and kept: texts and keys visible and redacted, long texts attached, money and integers
 * beyond 2^53 as strings, numbers JSON has not as strings. Nesting beyond 64 is replaced by a mark.
 */
export function sealBody(body: JsonObject, options: SealOptions): SealedBody {
  const raw = new Map<string, string>();
  const sealed = sealObject(body, '', 0, { options, raw });
  return { body: sealed, rawSha256: Object.fromEntries(raw) };
}

interface Sealing {
  readonly options: SealOptions;
  readonly raw: Map<string, string>;
}

interface Place {
  readonly name: string;
  readonly pointer: string;
  readonly depth: number;
  readonly money: boolean;
}

function sealValue(value: JsonValue, place: Place, sealing: Sealing): JsonValue {
  const whole = redactsWhole(place.name, value);
  if (whole !== null) return whole;
  if (typeof value === 'string') return sealText(value, place, sealing);
  if (typeof value === 'number') return exactNumber(value, place.money);
  if (value === null || typeof value !== 'object') return value;
  if (place.depth >= maxDepth) return `…[nested deeper than ${maxDepth}]`;
  if (!isList(value)) return sealObject(value, place.pointer, place.depth, sealing);
  return value.map((item, index) =>
    sealValue(item, { ...place, pointer: `${place.pointer}/${index}`, depth: place.depth + 1 }, sealing),
  );
}

function sealObject(object: JsonObject, pointer: string, depth: number, sealing: Sealing): JsonObject {
  const taken = new Set<string>();
  return Object.fromEntries(
    Object.entries(object).map(([key, item]) => {
      const name = sealKey(key, pointer, taken, sealing);
      const place = {
        name: key,
        pointer: `${pointer}/${escapePointer(name)}`,
        depth: depth + 1,
        money: isMoney(key, object),
      };
      return [name, sealValue(item, place, sealing)];
    }),
  );
}

function sealKey(key: string, pointer: string, taken: Set<string>, sealing: Sealing): string {
  const redacted = redactSecrets(key);
  const name = visibleKey(redacted, maxKey, taken);
  if (redacted === key && name !== key) {
    sealing.raw.set(`${pointer}/${escapePointer(name)}#name`, sealing.options.hash(key));
  }
  return name;
}

function sealText(text: string, place: Place, sealing: Sealing): JsonValue {
  const visible = visibleText(text, { maxLength: Infinity });
  const sealed = redactField(place.name, visible);
  if (sealed === visible && visible !== text) sealing.raw.set(place.pointer, sealing.options.hash(text));
  return sealed.length > sealing.options.longestText ? sealing.options.attach(sealed) : sealed;
}

function exactNumber(value: number, money: boolean): number | string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return BigInt(value).toString();
  return money ? String(value) : value;
}

const moneyName = /(?:usd|spend|budget|cost|price)$/i;

// A change names its field and a fact its unit; elsewhere the key itself says that it is money.
function isMoney(key: string, owner: JsonObject): boolean {
  if (key === 'from' || key === 'to')
    return typeof owner['field'] === 'string' && moneyName.test(owner['field']);
  if (key === 'value') return owner['unit'] === 'usd';
  return moneyName.test(key);
}

function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value);
}
