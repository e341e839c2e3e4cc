import { remediationDocumentJson } from '../core/contract-json.ts';
import type { Incident } from '../core/incident.ts';
import type { Remediation } from '../core/remediation.ts';
import type { Invocation } from './invocation.ts';
import { cleanLine, say, writeData, writeJson } from './output.ts';
import type { Line } from '../tui/styled-line.ts';
import { approvalLines, remediationLines as toned, type BreakdownOptions } from './breakdown.ts';
import { paintLine } from './print.ts';
import { screenOf } from './printer-for.ts';
import type { Session } from './session.ts';
import { asTyped } from './typed-command.ts';

interface Shown {
  readonly remediation: Remediation | null;
  readonly incident?: Incident | null;
  readonly note: string | null;
  readonly stream: NodeJS.WriteStream;
}

/** The breakdown of a remediation as lines for a stream: the same information as the view. */
export function remediationLines(invocation: Invocation, session: Session, shown: Shown): readonly string[] {
  return painted(invocation, shown, toned(shown.remediation, optionsOf(invocation, session, shown)));
}

/** What is about to be approved, in some ten lines that stay on an 80×24 screen above the prompt. */
export function recapLines(
  invocation: Invocation,
  session: Session,
  shown: Shown & { readonly remediation: Remediation },
): readonly string[] {
  return painted(invocation, shown, approvalLines(shown.remediation, optionsOf(invocation, session, shown)));
}

function optionsOf(invocation: Invocation, session: Session, shown: Shown): BreakdownOptions {
  const { columns, unicode } = screenOf(invocation, shown.stream);
  return {
    incident: shown.incident ?? null,
    note: shown.note,
    deployment: session.deployment,
    sandbox: session.sandbox,
    now: session.clock.now(),
    columns,
    unicode,
  };
}

function painted(invocation: Invocation, shown: Shown, lines: readonly Line[]): readonly string[] {
  const screen = screenOf(invocation, shown.stream);
  return lines.map((line) => asTyped(paintLine(line, screen).trimEnd(), invocation.environment));
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
