import { decodedText, hasDigit, isHex, isMixed, isOpaque, isOpaqueSecret } from './opaque-token.ts';
import type { NamedKind, Proof, SecretKind, SecretRule } from './redaction-rules.ts';
import {
  assignment,
  flag,
  harmlessValues,
  hashedName,
  idName,
  kindOfName,
  longScheme,
  scheme,
  shapeRules,
} from './redaction-rules.ts';

/** Where a secret stands: UTF-16 offsets, end excluded. */
export interface SecretSpan {
  readonly start: number;
  readonly end: number;
  readonly kind: SecretKind;
}

/** Every rule needs one of these; most short texts have none. */
const trace = /[:=]|--|[A-Za-z0-9+/_-]{16}|sk-|eyJ|ya29|Q~|\b(?:bearer|basic|password|identified)\s/i;

/** No regular expression sees more than this many characters at once. */
const windowLength = 8192;
/** Windows inside one long line overlap by this; a match belongs to the window that sees more of it. */
const overlap = 1024;
const longestPrivateKey = 20_000;
/** A reference or placeholder is shorter than this. */
const longestHarmless = 256;

/**
 * Finds secrets in a text, in order, without overlaps. `name` is the key the text is the value of, '' when there is
 * none. Linear in the length of the text: windows of 8 kB, and no pattern that can backtrack over more than 256
 * characters.
 */
export function secretSpans(text: string, name: string): readonly SecretSpan[] {
  if (!trace.test(text)) return [];
  return merge([...privateKeySpans(text), ...spansByWindow(text, name)]);
}

/** True when a value under a secret's name shows no secret: a reference, a placeholder, a mask. */
export function isHarmlessValue(value: string): boolean {
  if (value.length > longestHarmless) return false;
  const text = value.trim();
  return text === '' || harmlessValues.some((pattern) => pattern.test(text));
}

// Behind a colon in prose also a plain word or a number: `token: expired`, `tokens per key: 12`.
function isProse(value: string, kind: NamedKind): boolean {
  const text = value.trim();
  if (kind === 'password') return false;
  if (kind === 'cookie') return !text.includes('=') && !isOpaque(text);
  return /^[-+]?[0-9][0-9.,]*$/.test(text) || /^[A-Za-z]?[a-z]{0,15}[.,:!?]?$/.test(text);
}

function* spansByWindow(text: string, name: string): Generator<SecretSpan> {
  let start = 0;
  let skip = 0;
  let reach = 0;
  while (start < text.length) {
    const full = Math.min(start + windowLength, text.length);
    const lineEnd = full < text.length ? text.lastIndexOf('\n', full - 1) + 1 : full;
    const end = lineEnd > start ? lineEnd : full;
    const cut = end < text.length && text[end - 1] !== '\n';
    const owned = cut ? end - overlap / 2 : end;
    for (const span of spansInWindow(text.slice(start, end), start === 0 ? name : '')) {
      const at = start + span.start;
      if (at < start + skip || at >= owned) continue;
      const spanEnd = start + span.end;
      if (spanEnd === end && cut) reach = tokenEnd(text, Math.max(end, reach));
      yield { start: at, end: spanEnd === end && cut ? reach : spanEnd, kind: span.kind };
    }
    start = cut ? end - overlap : end;
    skip = cut ? overlap / 2 : 0;
  }
}

function* spansInWindow(text: string, name: string): Generator<SecretSpan> {
  for (const rule of shapeRules) yield* spansOfRule(text, rule);
  yield* assignedSpans(text, assignment);
  yield* assignedSpans(text, flag);
  yield* opaqueSpans(text, name);
}

function* spansOfRule(text: string, rule: SecretRule): Generator<SecretSpan> {
  for (const match of text.matchAll(rule.pattern)) {
    const start = match.index + (match[1] ?? '').length;
    const end = match.index + match[0].length;
    const value = text.slice(start, end);
    if (!proven(value, rule.proof)) continue;
    if (rule.kind === 'password' && isHarmlessValue(value)) continue;
    yield { start, end, kind: rule.kind };
  }
}

function proven(value: string, proof: Proof): boolean {
  switch (proof) {
    case 'none':
      return true;
    case 'digit':
      return hasDigit(value);
    case 'opaque':
      return isOpaque(value);
    case 'mixed':
      return isMixed(value);
    case 'dotted':
      return value.includes('.');
    default:
      return proof satisfies never;
  }
}

function* assignedSpans(text: string, pattern: RegExp): Generator<SecretSpan> {
  let covered = 0;
  for (const match of text.matchAll(pattern)) {
    const kind = kindOfName(match[1] ?? '');
    if (kind === null || match.index < covered) continue;
    if (hashedName.test(text.slice(Math.max(0, match.index - 40), match.index))) continue;
    const value = valueAt(text, match.index + match[0].length, kind);
    if (value.end <= value.start) continue;
    const held = text.slice(value.start, value.end);
    if (isHarmlessValue(held) || (!value.quoted && isProse(held, kind))) continue;
    covered = value.end;
    yield { start: value.start, end: value.end, kind };
  }
}

interface Extent {
  readonly start: number;
  readonly end: number;
  readonly quoted: boolean;
}

// A backslash before n, r, t, u or a quote is an escaped line end or quote: the value stops there.
const word = /(?:[^\s"'`,;&)}\]\\]|\\(?![nrtu"'`]))+/y;
const line = /(?:[^\n"'`\\]|\\(?![nrtu"'`]))+/y;
const opening = /\\{0,3}["'`]/y;

function valueAt(text: string, from: number, kind: NamedKind): Extent {
  const quote = stickyMatch(opening, text, from);
  const start = schemeEnd(text, from + quote.length, kind);
  if (quote !== '') {
    const stop = text.indexOf('\n', start);
    const lineEnd = stop < 0 ? text.length : stop;
    const close = text.indexOf(quote, start);
    return { start, end: close < 0 || close > lineEnd ? lineEnd : close, quoted: true };
  }
  const toLineEnd =
    kind === 'cookie' || (kind === 'authorization' && stickyMatch(longScheme, text, start) !== '');
  const value = stickyMatch(toLineEnd ? line : word, text, start);
  return { start, end: start + value.length, quoted: false };
}

function schemeEnd(text: string, from: number, kind: NamedKind): number {
  return kind === 'authorization' ? from + stickyMatch(scheme, text, from).length : from;
}

function stickyMatch(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

function* opaqueSpans(text: string, name: string): Generator<SecretSpan> {
  if (name !== '' && (idName.test(name) || isHex(text))) return;
  let covered = 0;
  for (const match of text.matchAll(/[A-Za-z0-9+/_-]{32,}={0,2}/g)) {
    const found = match[0];
    const before = text.slice(Math.max(covered, match.index - 40), match.index);
    if (!isOpaqueSecret(found, before) && !hidesSecret(found)) continue;
    covered = match.index + found.length;
    yield { start: match.index, end: covered, kind: 'opaque' };
  }
}

// Base64 of text that itself shows a secret by shape or name.
function hidesSecret(token: string): boolean {
  const inner = decodedText(token);
  if (inner === null) return false;
  const named = [...assignedSpans(inner, assignment)].length > 0;
  return named || shapeRules.some((rule) => !spansOfRule(inner, rule).next().done);
}

function* privateKeySpans(text: string): Generator<SecretSpan> {
  let close = 0;
  for (let at = text.indexOf('-----BEGIN '); at >= 0; at = text.indexOf('-----BEGIN ', at + 11)) {
    if (!/^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/.test(text.slice(at, at + 80))) continue;
    if (close >= 0 && close < at) close = text.indexOf('-----END ', at);
    const whole = close >= 0 && close - at <= longestPrivateKey;
    yield { start: at, end: whole ? footerEnd(text, close) : bodyEnd(text, at), kind: 'private-key' };
  }
}

function footerEnd(text: string, close: number): number {
  const end = text.indexOf('-----', close + 9);
  return end < 0 || end - close > 80 ? close + 9 : end + 5;
}

// A key cut off before its footer: everything that can still be its body.
function bodyEnd(text: string, at: number): number {
  const header = text.indexOf('-----', at + 11);
  const start = header < 0 || header - at > 80 ? at + 11 : header + 5;
  const body = /^(?:[A-Za-z0-9+/=\s]|\\[nr]|\\u\{[AD]\})+/.exec(text.slice(start, start + windowLength));
  return start + (body?.[0].length ?? 0);
}

const token = /[A-Za-z0-9+/=_.~%-]*/y;

function tokenEnd(text: string, from: number): number {
  return from + stickyMatch(token, text, from).length;
}

function merge(spans: readonly SecretSpan[]): readonly SecretSpan[] {
  const sorted = spans.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const merged: SecretSpan[] = [];
  for (const span of sorted) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) merged.push(span);
    else if (span.end > last.end) merged[merged.length - 1] = { ...last, end: span.end };
  }
  return merged;
}
