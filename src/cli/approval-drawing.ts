import { visibleText } from '../core/plain-text.ts';
import { clockTime, countdown, msUntil } from '../tui/durations.ts';
import type { Line } from '../tui/styled-line.ts';
import { bad, dim, good, plain, strong, warn } from '../tui/styled-line.ts';
import { wrapSpans } from '../tui/wrap-line.ts';
import type { ApprovalInput, ConfirmOutcome } from './approval-input.ts';
import { paintLine } from './print.ts';

export interface DrawApprovalOptions {
  readonly digest: string;
  readonly expiresAt: string;
  /** The moment to draw. ISO 8601, UTC. */
  readonly at: string;
  /** What changed, when it did. */
  readonly changes: readonly string[];
  readonly columns: number;
  readonly color: boolean;
}

/** The prompt's few lines; the last one is where the operator types. */
export function drawApproval(input: ApprovalInput, options: DrawApprovalOptions): string {
  const width = Math.max(10, options.columns - 1);
  return promptLines(input, options)
    .flatMap((line) => wrapSpans(line, { width }))
    .map((line) => paintLine(line, { color: options.color }))
    .join('\n');
}

function promptLines(input: ApprovalInput, options: DrawApprovalOptions): readonly Line[] {
  if (input.outcome !== null) return endLines(input.outcome, options);
  const left = countdown(msUntil(options.expiresAt, options.at));
  const head: Line = [
    dim('expires in '),
    strong(left),
    dim(`  ${shortDigest(options.digest)}  esc declines`),
  ];
  return [head, ...messageLines(input), askLine(input)];
}

function messageLines(input: ApprovalInput): readonly Line[] {
  if (input.unread !== null)
    return [
      [
        bad('cannot read the proposal again: '),
        plain(input.unread),
        plain('; no code is taken until it can'),
      ],
    ];
  return input.message === null ? [] : [[warn(input.message)]];
}

function askLine(input: ApprovalInput): Line {
  if (!input.armed) return [dim('one moment: keys typed now are thrown away')];
  return [strong(`type ${input.code} to approve`), plain(': '), plain(input.typed)];
}

function endLines(outcome: ConfirmOutcome, options: DrawApprovalOptions): readonly Line[] {
  switch (outcome) {
    case 'approved':
      return [[good(`approved ${shortDigest(options.digest)}`)]];
    case 'declined':
      return [[plain('declined: nothing was approved')]];
    case 'expired':
      return [[warn(`expired at ${clockTime(options.expiresAt)} UTC: nothing was approved`)]];
    case 'interrupted':
      return [[warn('interrupted: nothing was approved')]];
    case 'changed':
      return [
        [bad('CHANGED: '), plain('the proposal is not the one above any more; nothing was approved')],
        ...options.changes.map((line): Line => [plain(`  ${visibleText(line, { maxLength: 4_000 })}`)]),
      ];
    default:
      return outcome satisfies never;
  }
}

/** `sha256:ab12c3d4e5f6`: enough to compare with another screen. */
function shortDigest(digest: string): string {
  return digest.slice(0, 19);
}
