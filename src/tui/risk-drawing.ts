import type { RiskComponent, RiskScore } from '../core/risk/risk-score.ts';
import type { Canvas } from './page.ts';
import { isWide } from './page.ts';
import { hundredths, shortNumber } from './shown-value.ts';
import type { Line, Tone } from './styled-line.ts';
import { dim, lineWidth, plain, spread, strong, toned } from './styled-line.ts';

/** One addend of the score. */
export interface Addend {
  readonly label: string;
  /** The most it could add: the weight, or the action's baseline. */
  readonly most: number;
  readonly adds: number;
  readonly factor: string;
}

/** The four contributions and the uplift of the baseline, in the order they are shown everywhere. */
export function addends(risk: RiskScore): readonly Addend[] {
  const { blastRadius, reversibility, stateValidity, operationalPressure } = risk.components;
  return [
    component('blast radius', blastRadius),
    component('reversibility', reversibility),
    component('state validity', stateValidity),
    component('operational pressure', operationalPressure),
    {
      label: 'baseline uplift',
      most: risk.baseline,
      adds: risk.baselineUplift,
      factor: `of ${shortNumber(risk.baseline)}`,
    },
  ];
}

function component(label: string, part: RiskComponent): Addend {
  return {
    label,
    most: part.weight,
    adds: part.contribution,
    factor: `${shortNumber(part.value)} × ${shortNumber(part.weight)} %`,
  };
}

/** True when the score is at or under the threshold; anything that is not a number is not. */
export function isUnder(risk: Pick<RiskScore, 'score' | 'threshold'>): boolean {
  return risk.score <= risk.threshold;
}

/** `under τ 40`, `over τ 40`. */
export function againstTau(risk: Pick<RiskScore, 'score' | 'threshold'>): string {
  const word = risk.score === risk.threshold ? 'exactly' : isUnder(risk) ? 'under' : 'over';
  return `${word} τ ${shortNumber(risk.threshold)}`;
}

/** The tone a score is shown in. */
export function scoreTone(risk: Pick<RiskScore, 'score' | 'threshold'>): Tone {
  return isUnder(risk) ? 'good' : 'warn';
}

/** One addend as label, factor, bar and number; two lines where the screen is narrow. */
export function addendLines(
  addend: Addend,
  options: { readonly widest: number },
  canvas: Canvas,
): readonly Line[] {
  const points = strong(hundredths(addend.adds).padStart(6));
  if (!isWide(canvas)) {
    const head = canvas.say([plain(addend.label), dim(`  ${addend.factor}`)]);
    return [
      spread({ left: head, right: [points], width: canvas.width }),
      [plain('  '), ...barSpans(addend, { ...options, cells: canvas.width - 10 }, canvas)],
    ];
  }
  const head = canvas.say([plain(addend.label.padEnd(22)), dim(addend.factor.padStart(12)), plain('  ')]);
  const bar = barSpans(addend, { ...options, cells: canvas.width - lineWidth(head) - 8 }, canvas);
  return [spread({ left: [...head, ...bar], right: [points], width: canvas.width })];
}

/** Filled = what it adds, track = the most it could add; all bars of one score share one scale. */
function barSpans(
  addend: Addend,
  scale: { readonly widest: number; readonly cells: number },
  canvas: Canvas,
): Line {
  const cells = (points: number) =>
    Math.round((Math.max(0, points) / Math.max(1, scale.widest)) * scale.cells);
  const filled = addend.adds > 0 ? Math.max(1, cells(addend.adds)) : 0;
  const track = Math.max(0, cells(addend.most) - filled);
  return [toned('accent', canvas.glyphs.filled.repeat(filled)), dim(canvas.glyphs.empty.repeat(track))];
}

/** A scale from 0 to 100 with the score filled in and τ marked, `cells` wide with its edges. */
export function scaleSpans(
  risk: Pick<RiskScore, 'score' | 'threshold'>,
  options: { readonly cells: number },
  canvas: Canvas,
): Line {
  const { glyphs } = canvas;
  const inner = Math.max(8, options.cells - 2);
  const tick = tauCell(risk.threshold, inner);
  const filled = risk.score > 0 ? Math.max(1, Math.round((risk.score / 100) * inner)) : 0;
  const run = (from: number, to: number): Line => [
    toned(scoreTone(risk), glyphs.filled.repeat(clampCount(Math.min(filled, to) - from))),
    dim(glyphs.empty.repeat(clampCount(to - Math.max(filled, from)))),
  ];
  return [
    dim(glyphs.edgeLeft),
    ...run(0, tick),
    strong(glyphs.tick),
    ...run(tick + 1, inner),
    dim(glyphs.edgeRight),
  ].filter((span) => span.text !== '');
}

/** The scale over the whole width with its ends and `τ 40` written under the mark. */
export function scaleLines(risk: RiskScore, canvas: Canvas): readonly Line[] {
  const cells = canvas.width - 6;
  const label = canvas.say([strong(`τ ${shortNumber(risk.threshold)}`)]);
  const at = 3 + tauCell(risk.threshold, Math.max(8, cells - 2));
  const left = Math.min(at, canvas.width - lineWidth(label));
  return [
    [dim('0 '), ...scaleSpans(risk, { cells }, canvas), dim(' 100')],
    [plain(' '.repeat(Math.max(0, left))), ...label],
  ];
}

function tauCell(threshold: number, inner: number): number {
  return Math.min(inner - 1, Math.max(0, Math.round((threshold / 100) * inner)));
}

const clampCount = (count: number) => Math.max(0, count);
