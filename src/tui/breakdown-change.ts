import type { Change } from '../core/change.ts';
import type { PreconditionResult } from '../core/precondition.ts';
import type { ChangeReceipt, Execution, Remediation } from '../core/remediation.ts';
import type { BreakdownInput } from './breakdown.ts';
import { cellWidth } from './cell-width.ts';
import { clockTime, countdown, dateTime, msUntil } from './durations.ts';
import type { Block, Canvas } from './page.ts';
import { drawing, field, gap, section, text } from './page.ts';
import { undoSentence } from './sentences.ts';
import { counted, shown, shownValue } from './shown-value.ts';
import type { Line, Tone } from './styled-line.ts';
import { dim, lineText, lineWidth, plain, strong, toned } from './styled-line.ts';
import { tie } from './wrap-line.ts';

/** Every change, from → to. */
export function changesSection(remediation: Remediation): readonly Block[] {
  const { changes } = remediation.document;
  return [gap, section('changes', `Changes: ${changes.length}`), ...changeBlocks(changes)];
}

/** The inverse in full, and when it fires. */
export function undoSection(remediation: Remediation, input: BreakdownInput): readonly Block[] {
  const { inverse, risk } = remediation.document;
  return [
    gap,
    section('undo', 'Undo', [dim(risk.components.reversibility.bucket.replaceAll('_', ' '))]),
    field('when', plain(undoSentence(remediation))),
    ...(input.sandbox && remediation.document.revert.kind === 'timer'
      ? [field('', dim('sandbox minutes are shorter'))]
      : []),
    ...dueFields(remediation, input.now),
    ...changeBlocks(inverse),
  ];
}

function dueFields(remediation: Remediation, now: string): readonly Block[] {
  const { execution } = remediation;
  if (execution === null) return [];
  if (execution.revertedAt !== null) return [field('undone at', plain(dateTime(execution.revertedAt)))];
  if (execution.revertAt === null) return [];
  const left = countdown(msUntil(execution.revertAt, now));
  return [field('due', strong(`in ${left}`), plain(`, at ${clockTime(execution.revertAt)} UTC`))];
}

function changeBlocks(changes: readonly Change[]): readonly Block[] {
  if (changes.length === 0) return [text(dim('none'))];
  return [drawing((canvas) => changeLines(changes, canvas))];
}

/** Target and `field from → to` in two columns; below each other where the screen is narrow. */
function changeLines(changes: readonly Change[], canvas: Canvas): readonly Line[] {
  const rows = changes.map((change) => ({
    target: lineText(canvas.say([plain(shown(change.target))])),
    step: canvas.say(stepSpans(change)),
  }));
  const widest = Math.max(...rows.map((row) => cellWidth(row.target)));
  const stepWidest = Math.max(...rows.map((row) => lineWidth(row.step)));
  const inColumns = widest + 2 + stepWidest <= canvas.width;
  return rows.flatMap((row): readonly Line[] =>
    inColumns
      ? [[plain(row.target + ' '.repeat(widest + 2 - cellWidth(row.target))), ...row.step]]
      : [
          ...canvas.wrap([plain(row.target)], { hanging: 2 }),
          ...canvas.wrap([plain('  '), ...row.step], { hanging: 4 }),
        ],
  );
}

function stepSpans(change: Change): Line {
  return [
    dim(`${shown(change.field)}  `),
    plain(shownValue(change.from)),
    dim(' → '),
    strong(shownValue(change.to)),
  ];
}

/** Each precondition with its verdict and what was observed. */
export function checksSection(remediation: Remediation): readonly Block[] {
  const { preconditions } = remediation.document;
  const broken = preconditions.filter((result) => result.holds !== 'holds').length;
  const aside = broken === 0 ? toned('good', 'all hold') : toned('bad', `${broken} do not hold`);
  return [
    gap,
    section('checks', `Checks: ${preconditions.length}`, [aside]),
    ...preconditions.flatMap((result) => [checkBlock(result)]),
  ];
}

function checkBlock(result: PreconditionResult): Block {
  return drawing((canvas) => {
    const mark = toned(verdictTones[result.holds], canvas.glyphs.verdict[result.holds]);
    const head: Line = [mark, plain(' '), strong(shown(result.id)), plain('  '), plain(shown(result.detail))];
    const who = dim(`  ${result.severity},${tie}${result.source}`);
    return canvas.wrap([...head, who], { hanging: lineWidth([mark]) + 1 });
  });
}

const verdictTones: { readonly [V in PreconditionResult['holds']]: Tone } = {
  holds: 'good',
  fails: 'bad',
  unknown: 'warn',
};

/** Approvals and what the execution did so far; absent before anybody decided. */
export function runSection(remediation: Remediation, input: BreakdownInput): readonly Block[] {
  const { approvals, execution } = remediation;
  if (approvals.length === 0 && execution === null) return [];
  return [
    gap,
    section('run', 'Run'),
    ...approvals.map((approval, index) =>
      field(
        index === 0 ? 'approved by' : '',
        plain(`${shown(approval.by)}, ${approval.identity} identity, ${dateTime(approval.at)}`),
      ),
    ),
    ...(execution === null ? [] : executionFields(execution, input)),
  ];
}

function executionFields(execution: Execution, input: BreakdownInput): readonly Block[] {
  const { outcome, detail } = execution.verification;
  return [
    field('started', plain(dateTime(execution.startedAt))),
    ...(execution.finishedAt === null ? [] : [field('finished', plain(dateTime(execution.finishedAt)))]),
    field('applied', plain(appliedText(execution.receipts))),
    ...execution.receipts.filter((receipt) => receipt.result !== 'applied').map(receiptBlock),
    field(
      'verified',
      toned(outcomeTones[outcome], outcome.replaceAll('_', ' ')),
      plain(`: ${shown(detail)}`),
    ),
    ...(execution.revertedAt === null && execution.revertAt !== null
      ? [field('undo', plain(`in ${countdown(msUntil(execution.revertAt, input.now))}`))]
      : []),
  ];
}

function appliedText(receipts: readonly ChangeReceipt[]): string {
  const done = receipts.filter(
    (receipt) => receipt.result === 'applied' || receipt.result === 'already_there',
  );
  return `${done.length} of ${counted(receipts.length, 'change')}`;
}

function receiptBlock(receipt: ChangeReceipt): Block {
  const what = `${shown(receipt.change.target)} ${shown(receipt.change.field)}`;
  const tone = receipt.result === 'already_there' ? 'dim' : 'bad';
  return field(
    '',
    toned(tone, `${receipt.result.replaceAll('_', ' ')}: ${what}`),
    plain(` ${shown(receipt.detail)}`),
  );
}

const outcomeTones: { readonly [O in Execution['verification']['outcome']]: Tone } = {
  improved: 'good',
  not_better: 'warn',
  worse: 'bad',
  inconclusive: 'warn',
  pending: 'accent',
};
