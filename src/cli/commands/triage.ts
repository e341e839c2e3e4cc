import { triageJson } from '../../core/contract-json.ts';
import { incidentId } from '../../core/incident.ts';
import type { Remediation } from '../../core/remediation.ts';
import type { TriageItem, TriageReport } from '../../app/triage.ts';
import { incidentIdArgument } from '../arguments.ts';
import { decideDeps } from '../decision-deps.ts';
import { runByGate } from '../decision-flow.ts';
import { refusalCode } from '../decision-refusals.ts';
import { runOverdue } from '../due.ts';
import { exitCode, ExitError, triagePrecedence, worstOf, type ExitCode } from '../exit-code.ts';
import { followDecision } from '../finish.ts';
import { mayAsk, type Invocation } from '../invocation.ts';
import { loadIncident } from '../load-remediation.ts';
import { cleanLine, say, sayWarnings, writeData, writeJson } from '../output.ts';
import { plainScreen } from '../plain-screen.ts';
import { remediationLines } from '../remediation-output.ts';
import { runTriage } from '../run-triage.ts';
import type { Outside, Session } from '../session.ts';
import { withSession } from '../with-session.ts';

/** `triage`: the main job. In a terminal the Ink view; otherwise one document or the plain breakdowns, and an exit code. */
export function triageCommand(
  invocation: Invocation,
  options: { readonly incident: string | undefined },
): Promise<ExitCode> {
  const only = options.incident === undefined ? null : incidentIdArgument(options.incident);
  return withSession(invocation, { sources: true }, async (session) => {
    if (only !== null) await loadIncident(session, only);
    const outside = await session.outside();
    await runOverdue(invocation, session, outside);
    if (mayAsk(invocation)) {
      const { showTriageScreen } = await import('../triage-screen.ts');
      return showTriageScreen(invocation, { session, outside, only });
    }
    return triagePlainly(invocation, { session, outside, only });
  });
}

/** Without a terminal: proposes, runs what the gate lets run, and says the rest. */
export async function triagePlainly(
  invocation: Invocation,
  parts: { readonly session: Session; readonly outside: Outside; readonly only: number | null },
): Promise<ExitCode> {
  const { session, outside } = parts;
  const report = await runTriage(session, outside, {
    only: parts.only,
    unattended: false,
    progress: (step) => {
      if (invocation.global.verbose) say(invocation, step);
    },
  });
  requireSources(report);
  const items: TriageItem[] = [];
  const codes: ExitCode[] = [];
  for (const item of report.items) {
    const ran = await runIfLet(invocation, { session, outside }, item.remediation);
    const now = ran === null ? item : { ...item, remediation: ran.remediation };
    items.push(now);
    // Overtaken by another process: what that made of it counts.
    codes.push(ran !== null && triagePrecedence.includes(ran.code) ? ran.code : codeOf(now));
  }
  write(invocation, session, { ...report, items });
  return worstOf(codes);
}

/** Every incident source down is exit 75: an empty list would be read as "all is well". */
export function requireSources(report: TriageReport): void {
  if (!report.allSourcesDown) return;
  throw new ExitError(
    exitCode.unavailable,
    'no incident source answered',
    report.warnings.map((warning) => `${warning.code}: ${warning.detail}`),
  );
}

async function runIfLet(
  invocation: Invocation,
  { session, outside }: { readonly session: Session; readonly outside: Outside },
  remediation: Remediation | null,
): Promise<{ readonly remediation: Remediation | null; readonly code: ExitCode } | null> {
  if (remediation?.status !== 'pending_approval' || remediation.document.gate.decision !== 'auto_execute')
    return null;
  const decision = await runByGate(
    remediation,
    plainScreen(invocation, session),
    decideDeps(session, outside),
  );
  return followDecision(invocation, { session, outside }, decision, { wait: true });
}

/** What one incident contributes to the exit code. */
export function codeOf(item: TriageItem): ExitCode {
  const { remediation } = item;
  switch (remediation?.status) {
    case 'pending_approval':
      return exitCode.waiting;
    case 'refused':
      return refusalCode(remediation);
    case 'assist_only':
      return exitCode.refused;
    case 'needs_human':
      return exitCode.unknown;
    default:
      return exitCode.done;
  }
}

function write(invocation: Invocation, session: Session, report: TriageReport): void {
  if (invocation.global.json) {
    writeJson(
      invocation,
      triageJson({
        at: report.at,
        deployment: session.deployment,
        sandbox: session.sandbox,
        suspended: report.suspended,
        incidents: report.items.map((item) => ({
          incident: { ...item.incident, escalation: item.escalation },
          remediation: item.remediation,
        })),
        warnings: [...session.notes, ...report.warnings],
      }),
    );
    return;
  }
  sayWarnings(invocation, report.warnings);
  if (report.items.length === 0) return writeData(invocation, [`no open incident in ${session.deployment}`]);
  for (const item of report.items) writeItem(invocation, session, item);
}

function writeItem(invocation: Invocation, session: Session, item: TriageItem): void {
  const { incident, remediation, escalation } = item;
  const note =
    escalation === null
      ? null
      : `${escalation.pagedAt === null ? 'not paged' : `paged at ${escalation.pagedAt}`}: ${escalation.reason}`;
  const shown = { incident, remediation, note, stream: invocation.streams.out };
  writeData(invocation, [...remediationLines(invocation, session, shown), '']);
  if (remediation?.status === 'pending_approval')
    say(
      invocation,
      `${incidentId(incident.number)} waits for approval: scutum-sre approve ${remediation.id}${session.sandbox ? ' --sandbox' : ''}`,
    );
  if (note !== null) say(invocation, `${incidentId(incident.number)} ${cleanLine(note)}`);
}
