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
  const done = howApplied(applied, outside);
  talk(done.sentence);
  const { revertAt } = applied.execution;
  if (!options.wait) return notFollowed(applied, done.short);
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

/** A page is accepted or not: nothing of it can be read back, and nothing must say that it was. */
function howApplied(
  { document: { changes } }: Applied,
  { effects }: Outside,
): { readonly sentence: string; readonly short: string } {
  const oneShot = changes.some(({ target }) => effects.find((port) => port.serves(target))?.oneShot === true);
  if (oneShot) return { sentence: 'accepted; nothing of it can be read back', short: 'accepted' };
  const count = `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`;
  return {
    sentence: `applied ${count}, ${changes.length === 1 ? '' : 'each '}read back`,
    short: 'applied and read back',
  };
}

function notFollowed(applied: Applied, done: string): RunResult {
  const { revertAt } = applied.execution;
  const undo =
    revertAt === null
      ? `undo it with: scutum-sre revert ${applied.id}`
      : `its undo is due at ${revertAt} and needs a running worker (scutum-sre watch) or the next command`;
  return {
    code: exitCode.done,
    remediation: applied,
    message: `${done}; not followed: ${undo}`,
  };
}
