import { describe, expect, it } from 'vitest';
import { canvasFor } from '../../src/tui/page.ts';
import { addends, againstTau, isUnder, scaleLines, scaleSpans } from '../../src/tui/risk-drawing.ts';
import { lineText, lineWidth } from '../../src/tui/styled-line.ts';
import { nightRisk } from '../support/sample-remediation.ts';

const canvas = canvasFor({ columns: 80, unicode: true });

describe('the score against τ', () => {
  it('shows addends that sum to the score', () => {
    const sum = addends(nightRisk).reduce((total, part) => total + part.adds, 0);
    expect(sum).toBeCloseTo(nightRisk.score, 2);
    expect(addends(nightRisk).map((part) => part.label)).toEqual([
      'blast radius',
      'reversibility',
      'state validity',
      'operational pressure',
      'baseline uplift',
    ]);
  });

  it.each([
    [39.99, 'under τ 40', true],
    [40, 'exactly τ 40', true],
    [40.01, 'over τ 40', false],
    [Number.NaN, 'over τ 40', false],
  ])('%d is %s', (score, words, under) => {
    expect(againstTau({ score, threshold: 40 })).toBe(words);
    expect(isUnder({ score, threshold: 40 })).toBe(under);
  });

  it.each([0, 0.01, 39.9, 40, 100])('keeps the width of the scale and its mark at %d', (score) => {
    for (const threshold of [0, 40, 100]) {
      const scale = scaleSpans({ score, threshold }, { cells: 40 }, canvas);
      expect(lineWidth(scale)).toBe(40);
      expect(lineText(scale).match(/┃/gu)).toHaveLength(1);
    }
  });

  it('writes τ under its mark', () => {
    const [scale = [], label = []] = scaleLines(nightRisk, canvas);
    expect(lineText(label).indexOf('τ')).toBe(lineText(scale).indexOf('┃'));
  });
});
