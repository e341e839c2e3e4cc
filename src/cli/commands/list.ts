import { incidentJson, remediationJson } from '../../core/contract-json.ts';
import { incidentId } from '../../core/incident.ts';
import { visibleText } from '../../core/plain-text.ts';
import { exitCode, usageError, type ExitCode } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { cleanLine, writeData, writeJson } from '../output.ts';
import { printerFor } from '../printer-for.ts';
import type { Session } from '../session.ts';
import { withSession } from '../with-session.ts';

/** Rows shown; a cut is said. */
const rowsMax = 200;

/** `list [incidents|remediations]`: what there is, newest first. */
export function listCommand(invocation: Invocation, options: { readonly what: string }): Promise<ExitCode> {
  if (options.what !== 'incidents' && options.what !== 'remediations')
    throw usageError(`\`${cleanLine(options.what)}\` cannot be listed; allowed: incidents, remediations`);
  const { what } = options;
  return withSession(invocation, {}, (session) =>
    what === 'incidents' ? listIncidents(invocation, session) : listRemediations(invocation, session),
  );
}

async function listIncidents(invocation: Invocation, session: Session): Promise<ExitCode> {
  const found = await session.incidents.listIncidents({ open: false, limit: rowsMax + 1 });
  const incidents = found.slice(0, rowsMax);
  const cut = found.length > rowsMax;
  if (invocation.global.json) {
    writeJson(invocation, {
      schema: 'scutum-sre/incidents/v1',
      deployment: session.deployment,
      cut,
      incidents: incidents.map((incident) => ({
        ...incidentJson(incident, null),
        closedAt: incident.closedAt,
      })),
    });
    return exitCode.done;
  }
  const rows = incidents.map((incident) => [
    incidentId(incident.number),
    incident.closedAt === null ? 'open' : 'closed',
    incident.kind,
    `x${incident.occurrences}`,
    incident.lastSeenAt.slice(0, 19),
    cleanLine(incident.summary),
  ]);
  write(invocation, {
    head: ['ID', 'STATE', 'KIND', 'SEEN', 'LAST SEEN (UTC)', 'SUMMARY'],
    rows,
    cut,
    none: 'no incidents',
  });
  return exitCode.done;
}

async function listRemediations(invocation: Invocation, session: Session): Promise<ExitCode> {
  const found = await session.remediations.listRemediations({ limit: rowsMax + 1 });
  const remediations = found.slice(0, rowsMax);
  const cut = found.length > rowsMax;
  if (invocation.global.json) {
    writeJson(invocation, {
      schema: 'scutum-sre/remediations/v1',
      deployment: session.deployment,
      cut,
      remediations: remediations.map(remediationJson),
    });
    return exitCode.done;
  }
  const rows = remediations.map((remediation) => [
    `#${remediation.id}`,
    remediation.status,
    remediation.document.action.type,
    remediation.document.risk.score.toFixed(2),
    remediation.incidentNumber === null ? '-' : incidentId(remediation.incidentNumber),
    remediation.createdAt.slice(0, 19),
    paramsText(remediation.document.action.params),
  ]);
  const head = ['ID', 'STATUS', 'ACTION', 'RISK', 'INCIDENT', 'CREATED (UTC)', 'PARAMS'];
  write(invocation, { head, rows, cut, none: 'no remediations' });
  return exitCode.done;
}

/** Typed by the action, so nothing is taken out: the hash of a key is its name here. */
function paramsText(params: object): string {
  const pairs = Object.entries(params).map(([name, value]) => `${name}=${String(value)}`);
  return visibleText(pairs.join(' '), { maxLength: 500 });
}

function write(
  invocation: Invocation,
  table: {
    readonly head: readonly string[];
    readonly rows: readonly (readonly string[])[];
    readonly cut: boolean;
    readonly none: string;
  },
): void {
  if (table.rows.length === 0) return writeData(invocation, [table.none]);
  printerFor(invocation, invocation.streams.out).table(table);
  if (table.cut) writeData(invocation, [`the newest ${rowsMax} are shown; there are more`]);
}
