import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellWidth } from '../../src/tui/cell-width.ts';
import { bad, lineText, lineWidth, plain, strong } from '../../src/tui/styled-line.ts';
import { takeCells, tie, truncateLine, wrapSpans } from '../../src/tui/wrap-line.ts';

const textOf = (lines: ReturnType<typeof wrapSpans>) => lines.map(lineText);

describe('cellWidth', () => {
  it.each([
    ['plain', 5],
    ['', 0],
    ['e\u0301', 1],
    ['界面', 4],
    ['한국어', 6],
    ['ｗ', 2],
    ['👩‍👩‍👧‍👦', 2],
    ['🇩🇪', 2],
    ['✓✗→τ█░', 6],
  ])('%j takes %i cells', (text, cells) => {
    expect(cellWidth(text)).toBe(cells);
  });
});

describe('wrapSpans', () => {
  it('breaks at blanks, and inside a word only where there is none', () => {
    expect(textOf(wrapSpans([plain('one two three')], { width: 8 }))).toEqual(['one two', 'three']);
    expect(textOf(wrapSpans([plain('abcdefghij kl')], { width: 4 }))).toEqual(['abcd', 'efgh', 'ij', 'kl']);
  });

  it('keeps a word together over spans of different tones, and ties together', () => {
    const spans = [plain('see '), strong('anthropic'), plain(', please')];
    expect(textOf(wrapSpans(spans, { width: 12 }))).toEqual(['see', 'anthropic,', 'please']);
    expect(textOf(wrapSpans([plain(`about 26${tie}% of it`)], { width: 9 }))).toEqual([
      'about',
      '26 % of',
      'it',
    ]);
  });

  it('starts later lines with the hanging indent', () => {
    expect(textOf(wrapSpans([plain('label    some longer value')], { width: 20, hanging: 9 }))).toEqual([
      'label    some longer',
      '         value',
    ]);
  });

  it('keeps every character but blanks, and fits every line', () => {
    const spans = fc.array(
      fc.tuple(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.constantFrom(plain, strong, bad)),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(spans, fc.integer({ min: 12, max: 60 }), fc.nat(12), (given, width, hanging) => {
        const line = given.map(([text, tone]) => tone(text.replaceAll(/\s/gu, ' ')));
        const wrapped = wrapSpans(line, { width, hanging });
        for (const one of wrapped) expect(lineWidth(one)).toBeLessThanOrEqual(width);
        const dense = (text: string) => text.replaceAll(' ', '');
        expect(dense(textOf(wrapped).join(''))).toBe(dense(lineText(line)));
      }),
    );
  });
});

describe('truncateLine', () => {
  it('ends what it cuts with the mark and leaves the rest alone', () => {
    expect(lineText(truncateLine([plain('short')], { width: 5, mark: '…' }))).toBe('short');
    expect(lineText(truncateLine([plain('too '), strong('long')], { width: 6, mark: '…' }))).toBe('too l…');
    expect(takeCells('界面', 3)).toBe('界');
  });
});
