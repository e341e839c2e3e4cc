import { describe, expect, it } from 'vitest';
import { canvasFor } from '../../src/tui/page.ts';
import { sparkLines, sparkText } from '../../src/tui/sparkline.ts';
import { lineText, lineWidth } from '../../src/tui/styled-line.ts';

const canvas = canvasFor({ columns: 80, unicode: true });

describe('sparkText', () => {
  it('draws against the next of 10, 25, 50 and 100 per cent, so that a small rise is seen', () => {
    expect(sparkText([0, 5, 10], 10, canvas)).toBe('▁▅█');
    expect(sparkText([0, 10, 20], 10, canvas)).toBe('▁▄▇');
    expect(sparkText([0, 50, 100], 10, canvas)).toBe('▁▅█');
  });

  it('keeps the newest values, and draws what is no percentage as its nearest one', () => {
    expect(sparkText([100, 0, 10], 2, canvas)).toBe('▁█');
    expect(sparkText([Number.NaN, -5, 400], 3, canvas)).toBe('▁▁█');
    expect(sparkText([], 3, canvas)).toBe('');
  });
});

describe('sparkLines', () => {
  const live = { label: 'errors', series: [1, 41.234], caption: 'last 15 min' };

  it('says the newest value beside the curve', () => {
    expect(sparkLines(live, canvas).map(lineText)).toEqual(['errors ▁▇  41.2 %  last 15 min']);
    expect(sparkLines({ ...live, series: [] }, canvas).map(lineText)).toEqual([
      'errors  no data  last 15 min',
    ]);
  });

  it.each([40, 80, 200])('fits %i columns', (columns) => {
    const narrow = canvasFor({ columns, unicode: true });
    const long = {
      label: 'l'.repeat(90),
      series: Array.from({ length: 300 }, () => 7),
      caption: 'c'.repeat(300),
    };
    for (const shown of [live, long])
      for (const line of sparkLines(shown, narrow).slice(0, 1))
        expect(lineWidth(line)).toBeLessThanOrEqual(narrow.width);
  });
});
