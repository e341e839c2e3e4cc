import { z } from 'zod';
import { visibleText } from './plain-text.ts';

/** One line of 1 to `max` UTF-16 units without control, bidi or invisible characters. */
export function plainLine(max: number) {
  return z
    .string()
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .refine(
      // Longer text is refused above already; the check stays bounded for it.
      (text) => text.length > max || visibleText(text, { maxLength: Math.max(64, max) }) === text,
      'must not hold control or invisible characters',
    );
}

/** An id or name as the gateway uses it. */
export function gatewayId() {
  return plainLine(512);
}

/** A virtual key by its hash. The key itself is refused, so that it cannot end up in a record. */
export function keyHash() {
  return gatewayId().refine(
    (text) => !text.toLowerCase().startsWith('sk-'),
    'must be the hash of the key, never the key itself',
  );
}

/**
 * An integer in [min, max]. From the command line also as decimal digits: `5` is accepted, an empty text, `0x5`, `1e1`,
 * `5.0`, `+5`, ` 5` and `05` are not.
 */
export function wholeNumber(bounds: { readonly min: number; readonly max: number }) {
  const message = `must be a whole number from ${bounds.min} to ${bounds.max}`;
  return z.preprocess(
    (value) => (typeof value === 'string' && /^(?:0|[1-9][0-9]{0,8})$/u.test(value) ? Number(value) : value),
    z.int(message).min(bounds.min, message).max(bounds.max, message),
  );
}

/** How many of the values were given. */
export function countGiven(values: readonly unknown[]): number {
  return values.filter((value) => value !== undefined).length;
}
