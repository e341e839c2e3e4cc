import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { maxDepth, maxEntries, visibleJson, visibleText } from '../../src/core/plain-text.ts';
import type { JsonValue } from '../../src/core/json.ts';
import { hasShared, sharedFolder } from '../support/database.ts';
import { hostileTexts, textsIn } from '../support/hostile-texts.ts';

/** Whatever a reader cannot see or a terminal obeys. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u{2800}\ufffe\uffff]/u;
const anyText = fc.string({ unit: 'binary', maxLength: 300 });
const brokenText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff })))
  .map((units) => String.fromCharCode(...units));
const limit = fc.integer({ min: 64, max: 400 });

describe('visibleText', () => {
  test.each([
    ['NUL', '\u0000', '\\u{0}'],
    ['LF, TAB and CR', '\n\t\r', '\\u{A}\\u{9}\\u{D}'],
    ['ESC', '\u001b[2J', '\\u{1B}[2J'],
    ['DEL', '\u007f', '\\u{7F}'],
    ['C1', '\u009b31m', '\\u{9B}31m'],
    ['bidi override', '\u202egpj', '\\u{202E}gpj'],
    ['bidi isolate', '\u2066x\u2069', '\\u{2066}x\\u{2069}'],
    ['zero width space, joiner, BOM', '\u200b\u200d\ufeff', '\\u{200B}\\u{200D}\\u{FEFF}'],
    ['line and paragraph separator', '\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['tag characters', '\u{e0041}', '\\u{E0041}'],
    ['variation selectors', '\ufe0f\u{e0100}', '\\u{FE0F}\\u{E0100}'],
    ['soft hyphen', '\u00ad', '\\u{AD}'],
    ['Hangul filler', '\u3164\uffa0', '\\u{3164}\\u{FFA0}'],
    ['blank Braille', '\u2800', '\\u{2800}'],
    ['noncharacter', '\uffff', '\\u{FFFF}'],
    ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
  ])('%s', (_name, text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  test('what can be seen stays', () => {
    const text = 'Grüße, 日本語, עברית, a\u0301, 😀, no\u00a0break \\u{A} \\ "quoted"';
    expect(visibleText(text)).toBe(text);
  });

  test('keepNewlines keeps LF and nothing else', () => {
    expect(visibleText('a\r\nb\tc', { keepNewlines: true })).toBe('a\\u{D}\nb\\u{9}c');
  });

  test('a cut says how many characters are missing and splits no pair', () => {
    expect(visibleText('x'.repeat(2000))).toBe('x'.repeat(2000));
    const cut = visibleText('x'.repeat(5000), { maxLength: 100 });
    const [, kept = '', missing] = /^(x*)…\[([0-9]+) characters cut\]$/u.exec(cut) ?? [];
    expect(kept.length + Number(missing)).toBe(5000);
    expect(cut.length).toBeLessThanOrEqual(100);
    expect(visibleText('😀'.repeat(100), { maxLength: 65 })).toMatch(/^(?:😀)+…\[[0-9]+ characters cut\]$/u);
  });

  test('a limit that cannot hold the mark is refused', () => {
    expect(() => visibleText('x', { maxLength: 63 })).toThrow('at least 64');
    expect(() => visibleText('x', { maxLength: Number.NaN })).toThrow('at least 64');
  });

  test('any text: nothing hidden, bounded, well-formed, and stable', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, brokenText), limit, fc.boolean(), (text, maxLength, keepNewlines) => {
        const options = { maxLength, keepNewlines };
        const shown = visibleText(text, options);
        expect(keepNewlines ? shown.replaceAll('\n', '') : shown).not.toMatch(hidden);
        expect(shown.length).toBeLessThanOrEqual(maxLength);
        expect(shown.isWellFormed()).toBe(true);
        expect(visibleText(shown, options)).toBe(shown);
      }),
      { numRuns: 2000 },
    );
  });

  test('hostile strings', () => {
    for (const text of hostileTexts()) {
      const shown = visibleText(text);
      expect(shown).not.toMatch(hidden);
      expect(visibleText(shown)).toBe(shown);
    }
  });

  test.skipIf(!hasShared)('very long strings of the shared corpus', () => {
    for (const { build } of corpus('long')) {
      const text = (build.prefix ?? '') + build.unit.repeat(build.times) + (build.suffix ?? '');
      expect(visibleText(text).length).toBeLessThanOrEqual(2000);
      expect(visibleText(text)).not.toMatch(hidden);
    }
  });
});

describe('visibleJson', () => {
  test('keys and values, at every level', () => {
    expect(visibleJson({ 'a\u202e': ['\u0000', { b: '\u200b' }], c: 1, d: null, e: true })).toEqual({
      'a\\u{202E}': ['\\u{0}', { b: '\\u{200B}' }],
      c: 1,
      d: null,
      e: true,
    });
  });

  test('prototype keys are plain data or renamed', () => {
    const value: JsonValue = JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}');
    const shown = visibleJson(value);
    expect(Object.keys(Object(shown))).toEqual(['\\u{5F}_proto__', 'constructor']);
    expect(Object.getPrototypeOf(shown)).toBe(Object.prototype);
    expect(JSON.stringify(Object.assign({}, shown))).toContain('"admin":true');
    expect(({} as { readonly admin?: boolean }).admin).toBeUndefined();
  });

  test('keys that become equal stay apart', () => {
    expect(visibleJson({ 'a\u0000': 1, 'a\\u{0}': 2 })).toEqual({ 'a\\u{0}': 1, 'a\\u{0} (2)': 2 });
  });

  test('depth, entries and the total are bounded, each with a mark', () => {
    let deep: JsonValue = 'bottom';
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(JSON.stringify(visibleJson(deep))).toBe(
      `${'['.repeat(maxDepth)}"…[nested deeper than ${maxDepth}]"${']'.repeat(maxDepth)}`,
    );
    const wide = visibleJson(
      Array.from({ length: maxEntries + 5 }, () => 1),
      { maxTotal: 1e6 },
    );
    expect(wide).toHaveLength(maxEntries);
    expect(Object(wide).at(-1)).toBe('…[6 items cut]');
    const long = visibleJson(
      Array.from({ length: 1000 }, () => '"quoted"'.repeat(20)),
      { maxTotal: 1000 },
    );
    expect(JSON.stringify(long).length).toBeLessThanOrEqual(1000);
    expect(JSON.stringify(long)).toContain('characters cut');
  });

  test('numbers that JSON does not have become words', () => {
    expect(visibleJson([Number.NaN, -Infinity])).toEqual(['NaN', '-Infinity']);
  });

  test('any JSON value: nothing hidden, bounded, and stable', () => {
    const value = fc
      .jsonValue({ stringUnit: 'binary' })
      .map((json) => JSON.parse(JSON.stringify(json)) as JsonValue);
    fc.assert(
      fc.property(value, (json) => {
        const options = { maxLength: 64, maxTotal: 2000 };
        const shown = visibleJson(json, options);
        for (const text of textsIn(shown)) expect(text).not.toMatch(hidden);
        expect(JSON.stringify(shown).length).toBeLessThanOrEqual(2000);
        expect(visibleJson(shown, options)).toEqual(shown);
      }),
      { numRuns: 1000 },
    );
  });

  test.skipIf(!hasShared)('the JSON texts of the shared corpus that parse', () => {
    let parsed = 0;
    for (const { text } of corpus('json-structure')) {
      const value = parseOrNull(built(text));
      if (value === undefined) continue;
      parsed++;
      for (const shown of textsIn(visibleJson(value))) expect(shown).not.toMatch(hidden);
    }
    expect(parsed).toBeGreaterThan(20);
  });
});

interface CorpusRow {
  readonly text: string;
  readonly build: {
    readonly prefix?: string;
    readonly unit: string;
    readonly times: number;
    readonly suffix?: string;
  };
}

function corpus(name: string): readonly CorpusRow[] {
  return readFileSync(new URL(`corpora/hostile-strings/${name}.jsonl`, sharedFolder), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as CorpusRow);
}

function built(text: string): string {
  const [, kind, count] = /^@@(DEEP_ARRAY|DEEP_OBJECT|WIDE_OBJECT)_([0-9]+)$/u.exec(text) ?? [];
  const n = Number(count);
  if (kind === 'DEEP_ARRAY') return '['.repeat(n) + ']'.repeat(n);
  if (kind === 'DEEP_OBJECT') return `${'{"a":'.repeat(n)}1${'}'.repeat(n)}`;
  if (kind === 'WIDE_OBJECT') return `{${Array.from({ length: n }, (_, i) => `"k${i}":1`).join(',')}}`;
  return text;
}

function parseOrNull(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
