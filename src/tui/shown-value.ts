import type { JsonObject, JsonValue } from '../core/json.ts';
import { visibleText } from '../core/plain-text.ts';

/** Foreign text for one place on the screen: controls visible, nothing cut below 4 000 characters. */
export function shown(text: string): string {
  return visibleText(text, { maxLength: 4_000 });
}

/** A value of a change as people read it; `not set` for null, text in quotes. */
export function shownValue(value: JsonValue): string {
  if (value === null) return 'not set';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return shown(JSON.stringify(value));
}

/** `provider=anthropic minutes=5`, in the order the action stores them. */
export function shownParams(params: JsonObject): string {
  return Object.entries(params)
    .map(([name, value]) => `${shown(name)}=${paramText(value)}`)
    .join(' ');
}

function paramText(value: JsonValue): string {
  if (typeof value !== 'string') return shownValue(value);
  return /^[\w.:/@-]+$/u.test(value) ? value : shown(JSON.stringify(value));
}

/** Hundredths, as everywhere a score is shown. */
export function hundredths(value: number): string {
  return value.toFixed(2);
}

/** A number without needless digits: at most two after the point. */
export function shortNumber(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** `1 team`, `2 teams`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A JSON value as `path: value` pairs, one for each leaf. */
export function leaves(
  value: JsonValue,
  path = '',
): readonly { readonly path: string; readonly text: string }[] {
  if (value === null || typeof value !== 'object') return [{ path, text: leafText(value) }];
  const entries = Object.entries(value);
  if (entries.length === 0) return [{ path, text: 'empty' }];
  return entries.flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

function leafText(value: string | number | boolean | null): string {
  return typeof value === 'string' ? shown(value) : shownValue(value);
}
