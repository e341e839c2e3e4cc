import type { AuditDraft } from '../../core/audit/audit-record.ts';
import { visibleText } from '../../core/plain-text.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { say, writeJson } from '../output.ts';
import type { Session } from '../session.ts';
import { withSession } from '../with-session.ts';

/** `suspend`: the kill switch. Nothing runs but undos, in any process, until `resume`. */
export function suspendCommand(
  invocation: Invocation,
  options: { readonly reason: string },
): Promise<ExitCode> {
  const reason = visibleText(options.reason.trim(), { maxLength: 1_000 });
  return turn(invocation, { suspended: true, reason });
}

/** `resume`: lifts the kill switch. */
export function resumeCommand(invocation: Invocation): Promise<ExitCode> {
  return turn(invocation, { suspended: false, reason: '' });
}

function turn(
  invocation: Invocation,
  to: { readonly suspended: boolean; readonly reason: string },
): Promise<ExitCode> {
  return withSession(invocation, {}, async (session) => {
    await session.control.setSuspension(to.suspended, to.reason, auditOf(session, to));
    const now = await session.control.suspension();
    if (invocation.global.json)
      writeJson(invocation, { schema: 'scutum-sre/suspension/v1', deployment: session.deployment, ...now });
    else if (now.suspended)
      say(
        invocation,
        `${session.deployment} is suspended: nothing runs except undos. Lift it with: scutum-sre resume`,
      );
    else say(invocation, `${session.deployment} is not suspended.`);
    return exitCode.done;
  });
}

function auditOf(session: Session, to: { readonly suspended: boolean; readonly reason: string }): AuditDraft {
  return {
    kind: to.suspended ? 'suspended' : 'resumed',
    at: session.clock.now(),
    incidentNumber: null,
    remediationId: null,
    executionId: null,
    actor: session.operator,
    body: { reason: to.reason },
  };
}
