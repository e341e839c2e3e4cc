import { followToEnd } from '../app/follow.ts';
import type { Remediation } from '../core/remediation.ts';
import { followDeps } from './decision-deps.ts';
import type { DecisionOutcome } from './decision-flow.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import type { Invocation } from './invocation.ts';
import { followResult, type RunResult } from './outcome-code.ts';
import { cleanLine, say } from './output.ts';
import { writeRemediation } from './remediation-output.ts';
import type { Outside, Session } from './session.ts';
import { onInterrupt } from './interrupt.ts';
import { offerUndo } from './offer-undo.ts';

/** Follows a decision to its end on a plain terminal, prints the outcome, and gives the exit code. */
export async function finishDecision(
  invocation: Invocation,
  parts: { readonly session: Session; readonly outside: Outside },
  decision: DecisionOutcome,
  options: { readonly wait: boolean },
): Promise<ExitCode> {
  return writeResult(invocation, parts.session, await followDecision(invocation, parts, decision, options));
}

/** The same without printing the result. */
export async function followDecision(
  invocation: Invocation,
  parts: { readonly session: Session; readonly outside: Outside },
  decision: DecisionOutcome,
  options: { readonly wait: boolean },
): Promise<RunResult> {
  if (decision.kind === 'ended') return decision;
  return followPlainly(invocation, parts, decision.remediation, options);
}

/** The document or the breakdown on stdout, the sentence on stderr. */
export function writeResult(invocation: Invocation, session: Session, result: RunResult): ExitCode {
  if (result.remediation !== null) writeRemediation(invocation, session, result.remediation, result.message);
  else say(invocation, cleanLine(result.message));
  return result.code;
}

type Applied = Remediation & { readonly status: 'applied' };

async function followPlainly(
  invocation: Invocation,
  { session, outside }: { readonly session: Session; readonly outside: Outside },
  applied: Applied,
  options: { readonly wait: boolean },
): Promise<RunResult> {
  const talk = (line: string) => {
    if (!invocation.global.json) say(invocation, line);
  };
  talk(`applied ${applied.document.changes.length} changes, each read back`);
  const { revertAt } = applied.execution;
  if (!options.wait) return notFollowed(applied);
  let last = '';
  const interrupt = onInterrupt();
  try {
    const outcome = await followToEnd(
      applied,
      followDeps(session, outside, {
        look: ({ verification }) => {
          if (verification.detail !== last) talk(`  ${verification.outcome}: ${verification.detail}`);
          last = verification.detail;
        },
        waiting: ({ revertAt: due }) => {
          const line = `no worker is running: this command stays until it is undone at ${due} (Ctrl-C to choose)`;
          if (line !== last) talk(`  ${line}`);
          last = line;
        },
      }),
      interrupt.signal,
    );
    if (outcome.kind === 'left' && revertAt !== null)
      return await offerUndo(invocation, { session, outside }, outcome.remediation);
    return followResult(outcome);
  } finally {
    interrupt.release();
  }
}

function notFollowed(applied: Applied): RunResult {
  const { revertAt } = applied.execution;
  const undo =
    revertAt === null
      ? `undo it with: scutum-sre revert ${applied.id}`
      : `its undo is due at ${revertAt} and needs a running worker (scutum-sre watch) or the next command`;
  return {
    code: exitCode.done,
    remediation: applied,
    message: `applied and read back; not followed: ${undo}`,
  };
}
