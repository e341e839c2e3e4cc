import { resolveRemediation } from '../../app/settle.ts';
import { reasonArgument, remediationIdArgument } from '../arguments.ts';
import { exitCode, ExitError, usageError, type ExitCode } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { loadRemediation } from '../load-remediation.ts';
import { writeRemediation } from '../remediation-output.ts';
import { withSession } from '../with-session.ts';

/** `resolve <id> --as kept|reverted --reason TEXT`: a person settles what the program could not tell. */
export function resolveCommand(
  invocation: Invocation,
  options: { readonly id: string; readonly as: 'kept' | 'reverted'; readonly reason: string },
): Promise<ExitCode> {
  const id = remediationIdArgument(options.id);
  const reason = reasonArgument(options.reason);
  return withSession(invocation, {}, async (session) => {
    const remediation = await loadRemediation(session, id);
    if (remediation.status !== 'needs_human')
      throw usageError(`remediation ${id} is ${remediation.status}; only needs_human is settled by a person`);
    const step = await resolveRemediation(remediation, { ...session, as: options.as, reason });
    if (step.kind !== 'done')
      throw new ExitError(exitCode.stale, `somebody else settled remediation ${id} first`);
    writeRemediation(invocation, session, step.remediation, `settled as ${options.as}: ${reason}`);
    return exitCode.done;
  });
}
