import { runDueWork } from '../app/due-work.ts';
import { escalateRemediation } from '../app/escalate.ts';
import type { Invocation } from './invocation.ts';
import { closeReasonOf } from './outcome-code.ts';
import { cleanLine, say, sayWarnings } from './output.ts';
import { engineOf, type Outside, type Session } from './session.ts';

/** Overdue undos first: before any deciding command does its own work (contract.md). Said on stderr. */
export async function runOverdue(invocation: Invocation, session: Session, outside: Outside): Promise<void> {
  const work = await runDueWork(engineOf(session, outside));
  for (const remediation of work.reverted) say(invocation, `undid overdue remediation ${remediation.id}`);
  for (const remediation of work.recovered)
    say(
      invocation,
      `took remediation ${remediation.id} over from a process that died: it is ${remediation.status}`,
    );
  const pageDeps = { ...session, pager: outside.pager };
  for (const remediation of work.expired) {
    const reason = `remediation ${remediation.id} expired: ${closeReasonOf(remediation)}`;
    say(invocation, reason);
    sayWarnings(invocation, await escalateRemediation(remediation, { trouble: 'expired', reason }, pageDeps));
  }
  for (const needs of work.needsHuman) {
    const reason = `remediation ${needs.remediation.id} needs a person: ${cleanLine(needs.reason)}`;
    say(invocation, reason);
    const cause = { trouble: 'needs_person', reason } as const;
    sayWarnings(invocation, await escalateRemediation(needs.remediation, cause, pageDeps));
  }
  sayWarnings(invocation, work.warnings);
}
