import type { WatchEvent } from '../../app/watch.ts';
import { incidentId } from '../../core/incident.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { onInterrupt } from '../interrupt.ts';
import type { Invocation } from '../invocation.ts';
import { cleanLine, say, writeJson } from '../output.ts';
import { withSession } from '../with-session.ts';
import { runWorker } from '../worker.ts';
import { noSourceError } from '../no-source.ts';

/** `watch`: the worker, until it is stopped. With `--json` one document a line. */
export function watchCommand(invocation: Invocation): Promise<ExitCode> {
  return withSession(invocation, { sources: true }, async (session) => {
    const outside = await session.outside();
    if (outside.reads().sources.length === 0) throw noSourceError();
    const interrupt = onInterrupt();
    const seen = new Set<string>();
    await runWorker(
      session,
      outside,
      { triages: true, say: (event) => report(invocation, event, { at: session.clock.now(), seen }) },
      interrupt.signal,
    );
    interrupt.release();
    return exitCode.done;
  });
}

function report(
  invocation: Invocation,
  event: WatchEvent,
  log: { readonly at: string; readonly seen: Set<string> },
): void {
  const line = lineOf(event);
  // The same warning every round would bury what is new.
  const repeats = event.kind === 'warning' || event.kind === 'incidents';
  if (line === null || (repeats && log.seen.has(line))) return;
  if (repeats) log.seen.add(line);
  if (log.seen.size > 1_000) log.seen.clear();
  if (invocation.global.json)
    writeJson(invocation, {
      schema: 'scutum-sre/watch-event/v1',
      at: log.at,
      kind: event.kind,
      detail: line,
    });
  else say(invocation, `${log.at.slice(11, 19)} ${line}`);
}

function lineOf(event: WatchEvent): string | null {
  switch (event.kind) {
    case 'started':
      return `worker ${event.workerId} watches; Ctrl-C stops it`;
    case 'stopped':
      return 'worker stopped; due undos wait for another worker or the next command';
    case 'warning':
      return cleanLine(`warning: ${event.warning.code}: ${event.warning.detail}`);
    case 'incidents':
      return event.items.length === 0 ? 'no open incident' : event.items.map(itemText).join(', ');
    case 'due_work':
      return [
        ...event.work.reverted.map((remediation) => `undid ${remediation.id}`),
        ...event.work.recovered.map(
          (remediation) => `took ${remediation.id} over from a dead process: ${remediation.status}`,
        ),
        ...event.work.expired.map((remediation) => `${remediation.id} expired`),
        ...event.work.needsHuman.map(
          ({ remediation, reason }) => `${remediation.id} needs a person: ${cleanLine(reason)}`,
        ),
      ].join('; ');
    case 'outcome':
      return cleanLine(
        `${event.remediation.id} ${event.remediation.status}, ${event.verification.outcome}: ${event.verification.detail}`,
      );
    default:
      return event satisfies never;
  }
}

/** `INC-7 provider.unhealthy (42 route.circuit_break pending_approval)`. */
function itemText(item: Extract<WatchEvent, { readonly kind: 'incidents' }>['items'][number]): string {
  const { incident, remediation } = item;
  const about = `${incidentId(incident.number)} ${incident.kind}`;
  if (remediation === null) return about;
  return `${about} (${remediation.id} ${remediation.document.action.type} ${remediation.status})`;
}
