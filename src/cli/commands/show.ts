import { incidentJson, remediationDocumentJson } from '../../core/contract-json.ts';
import { incidentIdArgument, remediationIdArgument } from '../arguments.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { loadIncident, loadRemediation } from '../load-remediation.ts';
import { writeData, writeJson } from '../output.ts';
import { remediationLines } from '../remediation-output.ts';
import type { Session } from '../session.ts';
import { withSession } from '../with-session.ts';

/** `show <id>`: everything about one remediation, or about an incident and its latest remediation. */
export function showCommand(invocation: Invocation, options: { readonly id: string }): Promise<ExitCode> {
  const isIncident = /^inc/iu.test(options.id.trim());
  const number = isIncident ? incidentIdArgument(options.id) : remediationIdArgument(options.id);
  return withSession(invocation, {}, (session) =>
    isIncident ? showIncident(invocation, session, number) : showRemediation(invocation, session, number),
  );
}

async function showRemediation(invocation: Invocation, session: Session, id: number): Promise<ExitCode> {
  const remediation = await loadRemediation(session, id);
  if (invocation.global.json) {
    writeJson(invocation, remediationDocumentJson({ deployment: session.deployment, remediation }));
    return exitCode.done;
  }
  const incident =
    remediation.incidentNumber === null
      ? null
      : await session.incidents.getIncident(remediation.incidentNumber);
  const shown = { remediation, incident, note: null, stream: invocation.streams.out };
  writeData(invocation, remediationLines(invocation, session, shown));
  return exitCode.done;
}

async function showIncident(invocation: Invocation, session: Session, number: number): Promise<ExitCode> {
  const incident = await loadIncident(session, number);
  const remediations = await session.remediations.listRemediations({ incidentNumber: number, limit: 50 });
  const latest = remediations[0] ?? null;
  if (invocation.global.json) {
    writeJson(invocation, {
      schema: 'scutum-sre/incident/v1',
      deployment: session.deployment,
      incident: { ...incidentJson(incident, latest), closedAt: incident.closedAt },
      remediationIds: remediations.map((remediation) => remediation.id),
    });
    return exitCode.done;
  }
  const shown = { remediation: latest, incident, note: null, stream: invocation.streams.out };
  writeData(invocation, remediationLines(invocation, session, shown));
  if (remediations.length > 1)
    writeData(invocation, [
      `earlier: ${remediations
        .slice(1)
        .map((one) => `#${one.id} ${one.status}`)
        .join(', ')}`,
    ]);
  return exitCode.done;
}
