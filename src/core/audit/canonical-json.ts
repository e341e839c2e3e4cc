import canonicalize from 'canonicalize';
import type { JsonValue } from '../json.ts';

/** RFC 8785 text of a JSON value: what is hashed is exactly this. Throws on NaN, infinities and lone surrogates. */
export function canonicalJson(value: JsonValue): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error('not a JSON value');
  return text;
}
