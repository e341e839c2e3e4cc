import type { JsonValue } from './json.ts';

export interface VisibleTextOptions {
  /** Longest result in UTF-16 units, the mark of a cut included; at least 64. Default 2000. */
  readonly maxLength?: number;
  /** Leaves LF as it is (every other control is still made visible). Default false. */
  readonly keepNewlines?: boolean;
}

export interface VisibleJsonOptions {
  /** Longest string and key in UTF-16 units; at least 64. Default 2000. */
  readonly maxLength?: number;
  /** Longest JSON text of the whole result, in UTF-16 units; at least 256. Default 200 000. */
  readonly maxTotal?: number;
}

/** Nesting beyond this is replaced by a mark: no screen shows it, and recursion stays bounded. */
export const maxDepth = 32;

/** Entries of one array or object beyond this are replaced by a mark. */
export const maxEntries = 10_000;

const shortestLimit = 64;

// Controls, format characters (bidi, zero-width, tags), line separators, whatever fonts leave out (variation
// selectors, fillers, joiners), noncharacters, and the blank Braille cell.
const invisible =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u{2800}]/gu;
const invisibleButNewline =
  /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u{2800}]/gu;

/**
 * Foreign text made safe to store, hash, print and prompt with: well-formed UTF-16 in which every character that cannot
 * be seen or that moves other characters is written `\u{HEX}` (CWE-150, CWE-117, Trojan Source). What is over
 * `maxLength` is cut between code points, with a mark that counts the characters (UTF-16 units of `text`) left out.
 * Applying it again with the same options changes nothing.
 */
export function visibleText(text: string, options: VisibleTextOptions = {}): string {
  const limit = checkedLimit(options.maxLength ?? 2000, shortestLimit);
  const hidden = options.keepNewlines === true ? invisibleButNewline : invisible;
  if (text.length <= limit) {
    const whole = escapeHidden(text.toWellFormed(), hidden);
    if (whole.length <= limit) return whole;
  }
  return cutVisible(text, limit, hidden);
}

/**
 * `visibleText` for every string and key of a JSON value. Depth, entries and the total are bounded, each cut with a
 * mark; no key can reach a prototype; keys that become equal get a number. Numbers that JSON has not become strings.
 */
export function visibleJson(value: JsonValue, options: VisibleJsonOptions = {}): JsonValue {
  const maxLength = checkedLimit(options.maxLength ?? 2000, shortestLimit);
  const maxTotal = checkedLimit(options.maxTotal ?? 200_000, 256);
  const result = visibleNode(value, maxLength, 0);
  const text = JSON.stringify(result);
  if (text.length <= maxTotal) return result;
  // Half, because quotes in the excerpt are escaped once more.
  const room = Math.max(shortestLimit, Math.min(maxLength, Math.floor(maxTotal / 2) - 64));
  return { 'json too long': visibleText(text, { maxLength: room }) };
}

/** The key as `visibleText` shows it, never `__proto__`, and unlike every key in `taken` (to which it is added). */
export function visibleKey(key: string, maxLength: number, taken: Set<string>): string {
  const shown = visibleText(key, { maxLength });
  const safe = shown === '__proto__' ? '\\u{5F}_proto__' : shown;
  let unique = safe;
  for (let n = 2; taken.has(unique); n++) {
    const number = ` (${n})`;
    const room = maxLength - number.length;
    unique = (safe.length > room ? cutVisible(safe, room, invisible) : safe) + number;
  }
  taken.add(unique);
  return unique;
}

function visibleNode(value: JsonValue, maxLength: number, depth: number): JsonValue {
  if (typeof value === 'string') return visibleText(value, { maxLength });
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === null || typeof value !== 'object') return value;
  if (depth >= maxDepth) return `…[nested deeper than ${maxDepth}]`;
  return isList(value) ? visibleList(value, maxLength, depth) : visibleObject(value, maxLength, depth);
}

function visibleList(list: readonly JsonValue[], maxLength: number, depth: number): JsonValue {
  const kept = list.length > maxEntries ? list.slice(0, maxEntries - 1) : list;
  const shown = kept.map((item) => visibleNode(item, maxLength, depth + 1));
  return kept === list ? shown : [...shown, `…[${list.length - kept.length} items cut]`];
}

function visibleObject(
  object: { readonly [key: string]: JsonValue },
  maxLength: number,
  depth: number,
): JsonValue {
  const all = Object.entries(object);
  const kept = all.length > maxEntries ? all.slice(0, maxEntries - 1) : all;
  const taken = new Set<string>();
  const shown = kept.map(
    ([key, item]) => [visibleKey(key, maxLength, taken), visibleNode(item, maxLength, depth + 1)] as const,
  );
  if (kept !== all) {
    shown.push([visibleKey('…', maxLength, taken), `[${all.length - kept.length} keys cut]`]);
  }
  return Object.fromEntries(shown);
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function escapeHidden(text: string, hidden: RegExp): string {
  return text.replace(hidden, (character) => `\\u{${codePoint(character).toString(16).toUpperCase()}}`);
}

function cutVisible(text: string, limit: number, hidden: RegExp): string {
  const budget = limit - cutMark(text.length).length;
  let shown = '';
  let used = 0;
  // One code point more than the budget is enough to find the cut, however long the text is.
  for (const character of text.slice(0, budget + 2)) {
    const next = escapeHidden(character.toWellFormed(), hidden);
    if (shown.length + next.length > budget) break;
    shown += next;
    used += character.length;
  }
  return shown + cutMark(text.length - used);
}

function cutMark(count: number): string {
  return `…[${count} characters cut]`;
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function checkedLimit(limit: number, least: number): number {
  if (!(limit >= least)) throw new RangeError(`a text limit is at least ${least}, not ${limit}`);
  return limit;
}
