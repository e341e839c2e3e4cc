import { remediationIdArgument } from '../arguments.ts';
import { decideDeps } from '../decision-deps.ts';
import { decide } from '../decision-flow.ts';
import { runOverdue } from '../due.ts';
import type { ExitCode } from '../exit-code.ts';
import { finishDecision } from '../finish.ts';
import type { Invocation } from '../invocation.ts';
import { loadRemediation } from '../load-remediation.ts';
import { plainScreen } from '../plain-screen.ts';
import { withSession } from '../with-session.ts';

/** `approve <id>`: the proposal afresh, the typed code, the run, the read-back, the verdict. */
export function approveCommand(
  invocation: Invocation,
  options: { readonly id: string; readonly wait: boolean },
): Promise<ExitCode> {
  const id = remediationIdArgument(options.id);
  return withSession(invocation, {}, async (session) => {
    const outside = await session.outside();
    const remediation = await loadRemediation(session, id);
    await runOverdue(invocation, session, outside);
    const current = (await session.remediations.getRemediation(id)) ?? remediation;
    const decision = await decide(current, plainScreen(invocation, session), decideDeps(session, outside));
    return finishDecision(invocation, { session, outside }, decision, options);
  });
}
