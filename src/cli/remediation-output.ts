import { remediationDocumentJson } from '../core/contract-json.ts';
import type { Incident } from '../core/incident.ts';
import type { Remediation } from '../core/remediation.ts';
import type { Invocation } from './invocation.ts';
import { cleanLine, say, writeData, writeJson } from './output.ts';
import { remediationLines as toned } from './breakdown.ts';
import { paintLine } from './print.ts';
import { screenOf } from './printer-for.ts';
import type { Session } from './session.ts';

/** The breakdown of a remediation as lines for a stream: the same information as the view. */
export function remediationLines(
  invocation: Invocation,
  session: Session,
  shown: {
    readonly remediation: Remediation | null;
    readonly incident?: Incident | null;
    readonly note: string | null;
    readonly stream: NodeJS.WriteStream;
  },
): readonly string[] {
  const screen = screenOf(invocation, shown.stream);
  const lines = toned(shown.remediation, {
    incident: shown.incident ?? null,
    note: shown.note,
    deployment: session.deployment,
    sandbox: session.sandbox,
    now: session.clock.now(),
    columns: screen.columns,
    unicode: screen.unicode,
  });
  return lines.map((line) => paintLine(line, screen).trimEnd());
}

/** Ends a deciding command: the document on stdout for a script, one sentence on stderr for people. */
export function writeRemediation(
  invocation: Invocation,
  session: Session,
  remediation: Remediation,
  message: string,
): void {
  if (invocation.global.json) {
    writeJson(invocation, remediationDocumentJson({ deployment: session.deployment, remediation }));
    return;
  }
  writeData(invocation, [
    `#${remediation.id} ${remediation.document.action.type}: ${remediation.status} (${session.deployment})`,
  ]);
  say(invocation, cleanLine(message));
}
