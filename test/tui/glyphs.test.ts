import { describe, expect, it } from 'vitest';
import { asciiText, glyphsFor, supportsUnicode } from '../../src/tui/glyphs.ts';

describe('supportsUnicode', () => {
  it.each([
    [{ LANG: 'C.UTF-8' }, true],
    [{ LANG: 'de_DE.utf8', TERM: 'xterm' }, true],
    [{ LC_ALL: 'C', LANG: 'C.UTF-8' }, false],
    [{ LC_ALL: '', LC_CTYPE: 'en_US.UTF-8', LANG: 'C' }, true],
    [{ LANG: 'C.UTF-8', TERM: 'dumb' }, false],
    [{}, false],
  ])('%j: %s', (environment, expected) => {
    expect(supportsUnicode(environment)).toBe(expected);
  });
});

describe('ASCII', () => {
  it('says our signs in words and shows the rest by code point', () => {
    expect(asciiText('false → true, over τ 40')).toBe('false -> true, over tau 40');
    expect(asciiText('naïve 👍')).toBe('na\\u{EF}ve \\u{1F44D}');
  });

  it('has a sign for a sign', () => {
    const signs = JSON.stringify(glyphsFor({ unicode: false }));
    expect(signs).toMatch(/^[\x20-\x7e]+$/u);
    expect(Object.keys(glyphsFor({ unicode: false }))).toEqual(Object.keys(glyphsFor({ unicode: true })));
  });
});
