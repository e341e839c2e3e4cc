import { runDueWork } from '../app/due-work.ts';
import type { Invocation } from './invocation.ts';
import { closeReasonOf } from './outcome-code.ts';
import { cleanLine, say, sayWarnings } from './output.ts';
import { engineOf, type Outside, type Session } from './session.ts';

/** Overdue undos first: before any deciding command does its own work (contract.md). Said on stderr. */
export async function runOverdue(invocation: Invocation, session: Session, outside: Outside): Promise<void> {
  const work = await runDueWork(engineOf(session, outside));
  for (const remediation of work.reverted) say(invocation, `undid overdue remediation ${remediation.id}`);
  for (const remediation of work.expired)
    say(invocation, `remediation ${remediation.id} expired: ${closeReasonOf(remediation)}`);
  for (const { remediation, reason } of work.needsHuman)
    say(invocation, `remediation ${remediation.id} needs a person: ${cleanLine(reason)}`);
  sayWarnings(invocation, work.warnings);
}
