import { proposeRevert } from '../../app/run-action.ts';
import { remediationIdArgument } from '../arguments.ts';
import { decideDeps } from '../decision-deps.ts';
import { decide } from '../decision-flow.ts';
import { refusedResult } from '../decision-refusals.ts';
import { runOverdue } from '../due.ts';
import { exitCode, ExitError, usageError, type ExitCode } from '../exit-code.ts';
import { finishDecision, writeResult } from '../finish.ts';
import type { Invocation } from '../invocation.ts';
import { loadRemediation } from '../load-remediation.ts';
import { plainScreen } from '../plain-screen.ts';
import { withSession } from '../with-session.ts';

/** `revert <id>`: the stored inverse as a remediation of its own. */
export function revertCommand(invocation: Invocation, options: { readonly id: string }): Promise<ExitCode> {
  const id = remediationIdArgument(options.id);
  return withSession(invocation, {}, async (session) => {
    const outside = await session.outside();
    await loadRemediation(session, id);
    await runOverdue(invocation, session, outside);
    const original = await loadRemediation(session, id);
    if (original.status === 'reverted')
      throw new ExitError(exitCode.stale, `remediation ${id} is already reverted`);
    if (original.status === 'needs_human')
      throw usageError(
        `remediation ${id} needs a person first`,
        `scutum-sre resolve ${id} --as kept|reverted --reason TEXT`,
      );
    if (original.status !== 'applied' && original.status !== 'verified')
      throw usageError(`remediation ${id} is ${original.status}; only one that is in force can be undone`);
    const deps = decideDeps(session, outside);
    const proposed = await proposeRevert(original, { person: session.operator }, deps);
    if (proposed.kind === 'occupied')
      throw new ExitError(exitCode.stale, `remediation ${proposed.by} already undoes ${id}`, [
        `scutum-sre approve ${proposed.by}`,
      ]);
    if (proposed.kind !== 'stored')
      throw usageError(`remediation ${id} cannot be undone with this version's library`);
    const { remediation } = proposed;
    if (remediation.status === 'refused') return writeResult(invocation, session, refusedResult(remediation));
    const decision = await decide(remediation, plainScreen(invocation, session), deps);
    return finishDecision(invocation, { session, outside }, decision, { wait: true });
  });
}
