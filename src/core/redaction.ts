import type { JsonObject, JsonValue } from './json.ts';
import type { SecretKind } from './redaction-rules.ts';
import { kindOfName } from './redaction-rules.ts';
import { isHarmlessValue, secretSpans } from './secret-spans.ts';

/** Nesting beyond this is replaced by a mark, so that recursion stays bounded. */
const maxDepth = 64;

/**
 * The text with every secret replaced by a marker that names its kind, such as `[redacted:api-key]`: values under a
 * secret's name, URL passwords, auth headers, known key shapes, private keys, and long random tokens without a label.
 * Hashes, ids, masked keys and references to variables stay. No text but the secrets is lost, whatever its length.
 */
export function redactSecrets(text: string): string {
  return replaceSpans(text, '');
}

/** `redactSecrets` for the value of a key: under a secret's name (`api_key`, `password`, …) it is replaced whole. */
export function redactField(name: string, text: string): string {
  const kind = kindOfName(name);
  if (kind === null) return replaceSpans(text, name);
  return isHarmlessValue(text) ? text : marker(kind);
}

/**
 * `redactSecrets` for every string and key of a JSON value. Under a secret's name the whole value goes, also an array
 * or an object; numbers only under a password's name (elsewhere they are counts); null and booleans stay.
 */
export function redactJson(value: JsonValue): JsonValue {
  return redactNode('', value, 0);
}

/** What stands in for a value that goes whole because of its key's name, whatever it holds; null when it stays. */
export function redactsWhole(name: string, value: JsonValue): string | null {
  const kind = kindOfName(name);
  if (kind === null) return null;
  if (typeof value === 'number') return kind === 'password' ? marker(kind) : null;
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0 ? marker(kind) : null;
}

function redactNode(name: string, value: JsonValue, depth: number): JsonValue {
  const whole = redactsWhole(name, value);
  if (whole !== null) return whole;
  if (typeof value === 'string') return redactField(name, value);
  if (value === null || typeof value !== 'object') return value;
  if (depth >= maxDepth) return `…[nested deeper than ${maxDepth}]`;
  if (isList(value)) return value.map((item) => redactNode(name, item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [redactSecrets(key), redactNode(key, item, depth + 1)]),
  );
}

function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function marker(kind: SecretKind): string {
  return `[redacted:${kind}]`;
}

const markers = /(\[redacted:[a-z-]{1,20}\])/;

// Taking one secret away can bare another (its label was part of the first), so the result is looked at again.
function replaceSpans(text: string, name: string): string {
  let current = text;
  for (let pass = 0; pass < 4; pass++) {
    const pieces = current.split(markers);
    const next = pieces
      .map((piece, i) => (i % 2 === 1 ? piece : replaceOnce(piece, i === 0 ? name : '')))
      .join('');
    if (next === current) break;
    current = next;
  }
  return current;
}

function replaceOnce(text: string, name: string): string {
  let result = '';
  let from = 0;
  for (const span of secretSpans(text, name)) {
    result += text.slice(from, span.start) + marker(span.kind);
    from = span.end;
  }
  return result + text.slice(from);
}

export type PseudonymKind = 'team' | 'key' | 'org' | 'user' | 'customer';

export interface Pseudonyms {
  /** Replaces e-mail addresses and the given names by placeholders such as `<team-1>`. */
  readonly hide: (text: string) => string;
  /** Puts the originals back; `restore(hide(text))` is `text`. */
  readonly restore: (text: string) => string;
}

const word = /[\p{L}\p{N}_]+/gu;
const email = /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,24}/gu;
const placeholder = /<(?:team|key|org|user|customer|email|text)-[0-9]{1,9}>/g;

/**
 * Stable placeholders for one conversation with a model: the same name gets the same placeholder until this value is
 * dropped. Names shorter than three characters stay, they would hit ordinary words; a name counts only where it stands
 * as a word of its own. Text that already looks like a placeholder is hidden too, so that nobody can forge one.
 */
export function createPseudonyms(
  names: readonly { readonly kind: PseudonymKind; readonly name: string }[],
): Pseudonyms {
  const shown = new Map<string, string>();
  const originals = new Map<string, string>();
  const counts = new Map<string, number>();
  const placeholderOf = (kind: string, original: string): string => {
    const known = shown.get(original);
    if (known !== undefined) return known;
    const number = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, number);
    const created = `<${kind}-${number}>`;
    shown.set(original, created);
    originals.set(created, original);
    return created;
  };
  const given = names.filter(({ name }) => name.trim() === name && name.length >= 3);
  for (const { kind, name } of given) placeholderOf(kind, name);
  const byFirstWord = groupByFirstWord(given.map(({ name }) => name));
  return {
    hide: (text) =>
      outside(
        text,
        placeholder,
        (found) => placeholderOf('text', found),
        (rest) =>
          outside(
            rest,
            email,
            (found) => placeholderOf('email', found),
            (prose) => replaceNames(prose, byFirstWord, (name) => placeholderOf('', name)),
          ),
      ),
    restore: (text) => text.replace(placeholder, (found) => originals.get(found) ?? found),
  };
}

function outside(
  text: string,
  pattern: RegExp,
  matched: (found: string) => string,
  between: (rest: string) => string,
): string {
  let result = '';
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    result += between(text.slice(from, match.index)) + matched(match[0]);
    from = match.index + match[0].length;
  }
  return result + between(text.slice(from));
}

function groupByFirstWord(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const name of new Set(names)) {
    const first = name.match(word)?.[0] ?? name;
    groups.set(first, [...(groups.get(first) ?? []), name]);
  }
  for (const group of groups.values()) group.sort((a, b) => b.length - a.length);
  return groups;
}

function replaceNames(
  text: string,
  byFirstWord: ReadonlyMap<string, readonly string[]>,
  shown: (name: string) => string,
): string {
  let result = '';
  let from = 0;
  for (const match of text.matchAll(word)) {
    for (const name of byFirstWord.get(match[0]) ?? []) {
      const start = match.index - name.indexOf(match[0]);
      const end = start + name.length;
      if (start < from || !text.startsWith(name, start) || !isWordEnd(text, end)) continue;
      result += text.slice(from, start) + shown(name);
      from = end;
      break;
    }
  }
  return result + text.slice(from);
}

function isWordEnd(text: string, end: number): boolean {
  return (
    !/^[\p{L}\p{N}_]/u.test(text.slice(end, end + 2)) || !/[\p{L}\p{N}_]$/u.test(text.slice(0, end).slice(-2))
  );
}
