import { collectEvidence } from '../app/collect-evidence.ts';
import { revertRemediation } from '../app/revert.ts';
import type { Remediation } from '../core/remediation.ts';
import { askUndoNow } from './confirm.ts';
import { workerLives } from './decision-deps.ts';
import { exitCode } from './exit-code.ts';
import { mayAsk, type Invocation } from './invocation.ts';
import type { RunResult } from './outcome-code.ts';
import { engineOf, type Outside, type Session } from './session.ts';

/** Ctrl-C while this process alone keeps the undo's time: undo now, or leave it to a worker or the next command. */
export async function offerUndo(
  invocation: Invocation,
  { session, outside }: { readonly session: Session; readonly outside: Outside },
  remediation: Remediation,
): Promise<RunResult> {
  const { revertAt } = remediation.execution ?? { revertAt: null };
  const left = {
    code: exitCode.interrupted,
    remediation,
    message: `still in force; its undo is due at ${revertAt} and runs with \`scutum-sre watch\` or the next command`,
  };
  const evidence = await collectEvidence({ names: ['own.worker'], readers: outside.reads().readers });
  if (workerLives(evidence))
    return { ...left, message: `in force; the worker goes on and undoes it at ${revertAt}` };
  if (!mayAsk(invocation)) return left;
  const undo = await askUndoNow({
    input: invocation.streams.stdin,
    output: invocation.streams.err,
    id: remediation.id,
  });
  if (!undo) return left;
  const current = (await session.remediations.getRemediation(remediation.id)) ?? remediation;
  const outcome = await revertRemediation(current, { ...engineOf(session, outside), cause: 'interrupted' });
  const after = (await session.remediations.getRemediation(remediation.id)) ?? remediation;
  // A worker may have been faster.
  return outcome.kind === 'reverted' || after.status === 'reverted'
    ? { code: exitCode.interrupted, remediation: after, message: 'undone now, read back' }
    : {
        code: exitCode.unknown,
        remediation: after,
        message: 'the undo did not come out; see scutum-sre show',
      };
}
