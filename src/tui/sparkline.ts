import type { LiveSeries } from './view-model.ts';
import type { Canvas } from './page.ts';
import { shown } from './shown-value.ts';
import type { Line, Tone } from './styled-line.ts';
import { truncateLine } from './wrap-line.ts';
import { dim, lineWidth, plain, strong, toned } from './styled-line.ts';

const tops = [10, 25, 50, 100] as const;

/** One cell for each value of 0–100 per cent, the newest `cells` of them; drawn against the next of 10, 25, 50, 100. */
export function sparkText(series: readonly number[], cells: number, canvas: Canvas): string {
  const { spark } = canvas.glyphs;
  const values = series.slice(-Math.max(1, cells)).map(clampPercent);
  const top = tops.find((candidate) => values.every((value) => value <= candidate)) ?? 100;
  return values.map((value) => spark[Math.round((value / top) * (spark.length - 1))] ?? '').join('');
}

/** Cells a curve needs to be worth its place beside the caption. */
const leastCurve = 24;

/** Label, curve, the newest value and the caption; the caption moves below when the line is short. */
export function sparkLines(live: LiveSeries, canvas: Canvas): readonly Line[] {
  const newest = live.series.at(-1);
  const value = newest === undefined ? 'no data' : `${newest.toFixed(1)} %`.padStart(7);
  const label = canvas.say([plain(shown(live.label))]);
  const half = Math.floor(canvas.width / 2);
  const head = [...truncateLine(label, { width: half, mark: canvas.glyphs.cut }), plain(' ')];
  const tail: Line = [plain(' '), strong(value)];
  const caption = canvas.say([dim(shown(live.caption))]);
  const oneLine = canvas.width >= lineWidth(head) + lineWidth(tail) + lineWidth(caption) + leastCurve;
  const room = canvas.width - lineWidth(head) - lineWidth(tail) - (oneLine ? lineWidth(caption) + 2 : 0);
  const curve = toned(seriesTone(newest), sparkText(live.series, Math.max(4, room), canvas));
  const line: Line = [...head, curve, ...tail];
  return oneLine ? [[...line, plain('  '), ...caption]] : [line, ...canvas.wrap(caption).slice(0, 1)];
}

// 25 % is where a provider counts as unhealthy (design.md §2.1); 5 % is worth a look.
function seriesTone(value: number | undefined): Tone {
  if (value === undefined) return 'dim';
  if (value > 25) return 'bad';
  return value > 5 ? 'warn' : 'good';
}

const clampPercent = (value: number) => (value >= 0 ? Math.min(100, value) : 0);
