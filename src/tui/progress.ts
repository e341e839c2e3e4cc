import { countdown } from './durations.ts';
import type { Block, Canvas } from './page.ts';
import { drawing, gap } from './page.ts';
import { shown } from './shown-value.ts';
import type { Line, Tone } from './styled-line.ts';
import { dim, lineWidth, plain, strong, toned } from './styled-line.ts';
import type { Progress, ProgressState, ProgressStep } from './view-model.ts';

/** Each step with its state, and the countdown to the undo; ahead of everything else while something runs. */
export function progressBlocks(progress: Progress | null): readonly Block[] {
  if (progress === null) return [];
  return [
    ...progress.steps.map((step) => drawing((canvas) => stepLines(step, canvas))),
    ...(progress.revertInMs === null ? [] : [undoBlock(progress.revertInMs)]),
    gap,
  ];
}

/** What one remediation is doing, in one line, for when another one is on the screen. */
export function progressLine(progress: Progress, canvas: Canvas): readonly Line[] {
  const doing = progress.steps.find((step) => step.state === 'doing') ?? progress.steps.at(-1);
  const left = progress.revertInMs === null ? '' : `, undone in ${countdown(progress.revertInMs)}`;
  const mark = toned('accent', canvas.glyphs.progress.doing);
  return canvas.wrap(
    [mark, strong(` #${progress.remediationId} `), plain(`${shown(doing?.label ?? 'running')}${left}`)],
    {
      hanging: 2,
    },
  );
}

function stepLines(step: ProgressStep, canvas: Canvas): readonly Line[] {
  const head = toned(stepTones[step.state], canvas.glyphs.progress[step.state]);
  const detail = step.detail === '' ? [] : [dim(`  ${shown(step.detail)}`)];
  const label = step.state === 'doing' ? strong(shown(step.label)) : plain(shown(step.label));
  return canvas.wrap([head, plain(' '), label, ...detail], { hanging: lineWidth([head]) + 1 });
}

function undoBlock(leftMs: number): Block {
  return drawing((canvas) => {
    const text =
      leftMs > 0 ? [plain('undo in '), strong(countdown(leftMs))] : [strong('the undo is due now')];
    // Under the steps, as wide as their marks.
    const indent = ' '.repeat(canvas.glyphs.progress.todo.length + 1);
    return canvas.wrap([plain(indent), ...text], { hanging: indent.length });
  });
}

const stepTones: { readonly [S in ProgressState]: Tone } = {
  done: 'good',
  doing: 'accent',
  todo: 'dim',
  failed: 'bad',
};
