import { clockTime } from './durations.ts';
import type { Canvas } from './page.ts';
import { isWide } from './page.ts';
import { shown } from './shown-value.ts';
import type { Line } from './styled-line.ts';
import { accent, dim, lineWidth, plain, spread, strong, toned } from './styled-line.ts';
import type { TriageViewState } from './view-model.ts';

/** Deployment and badges on every screen; wrapped, never cut: 42 in staging is not 42 in production. */
export function headerLines(state: TriageViewState, now: string, canvas: Canvas): readonly Line[] {
  const left: Line = [
    ...(isWide(canvas) ? [dim('scutum-sre  ')] : []),
    strong(shown(state.deployment)),
    ...(state.sandbox ? [plain('  '), toned('sandbox', '[SANDBOX]')] : []),
    ...(state.suspended ? [plain('  '), toned('suspended', '[SUSPENDED: nothing runs but undos]')] : []),
  ];
  const clock = [dim(`${clockTime(now)} UTC`)];
  const fits = lineWidth(canvas.say(left)) + lineWidth(clock) + 2 <= canvas.width;
  return fits ? [spread({ left: canvas.say(left), right: clock, width: canvas.width })] : canvas.wrap(left);
}

/** What is being done right now, with a sign of life. */
export function loadingLines(state: TriageViewState, now: string, canvas: Canvas): readonly Line[] {
  if (state.loading === null) return [];
  const { spinner } = canvas.glyphs;
  const sign = spinner[Math.floor(Date.parse(now) / 250) % spinner.length] ?? '';
  const { phase, step } = state.loading;
  return canvas.wrap([accent(`${sign} ${shown(phase)}`), plain(`: ${shown(step)}`)], { hanging: 2 });
}
