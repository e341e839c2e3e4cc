import { rejectRemediation } from '../../app/settle.ts';
import { reasonArgument, remediationIdArgument } from '../arguments.ts';
import { exitCode, ExitError, type ExitCode } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { writeRemediation } from '../remediation-output.ts';
import { loadRemediation } from '../load-remediation.ts';
import { withSession } from '../with-session.ts';

/** `reject <id> --reason TEXT`: closes a pending proposal. */
export function rejectCommand(
  invocation: Invocation,
  options: { readonly id: string; readonly reason: string },
): Promise<ExitCode> {
  const id = remediationIdArgument(options.id);
  const reason = reasonArgument(options.reason);
  return withSession(invocation, {}, async (session) => {
    const remediation = await loadRemediation(session, id);
    const step = await rejectRemediation(remediation, { ...session, reason });
    if (step.kind !== 'done') {
      const { status } = await loadRemediation(session, id);
      const code = status === 'expired' ? exitCode.expired : exitCode.stale;
      throw new ExitError(code, `remediation ${id} is ${status}, not pending; nothing was changed`);
    }
    writeRemediation(invocation, session, step.remediation, `rejected: ${reason}`);
    return exitCode.done;
  });
}
