import { incidentId, type Escalation, type Incident } from '../core/incident.ts';
import { visibleText } from '../core/plain-text.ts';
import type { Remediation } from '../core/remediation.ts';
import type { Clock, IncidentStore, PagerPort, RemediationStore, Warning } from './ports.ts';

/** Pages an hour over all incidents (design.md §2.3). */
export const pagesPerHour = 6;
const pageDeadlineMs = 15_000;

export interface EscalateDeps {
  readonly incidents: IncidentStore;
  readonly pager: PagerPort;
  readonly clock: Clock;
  readonly operator: string;
  readonly deployment: string;
}

export interface EscalationCause {
  readonly reason: string;
  readonly details: Readonly<Record<string, string>>;
}

/**
 * Tells on-call that a person is needed. A notification, not an action: outside gate, freeze and suspension, one per
 * incident, at most six an hour. What was not sent is said, with the reason, and sent with the next call.
 */
export async function escalateIncident(
  incident: Incident,
  cause: EscalationCause,
  deps: EscalateDeps,
): Promise<{ readonly escalation: Escalation; readonly warnings: readonly Warning[] }> {
  // Another worker may have paged since the incident was listed.
  const earlier = ((await deps.incidents.getIncident(incident.number)) ?? incident).escalation;
  if (earlier !== null && earlier.pagedAt !== null) return { escalation: earlier, warnings: [] };
  const sent = await send(incident, cause, deps);
  const escalation: Escalation = {
    reason: cause.reason,
    pagedAt: sent.accepted ? deps.clock.now() : null,
  };
  const unchanged = earlier?.reason === escalation.reason && escalation.pagedAt === null;
  if (!unchanged)
    await deps.incidents.recordEscalation(incident.number, escalation, {
      kind: 'escalated',
      at: deps.clock.now(),
      incidentNumber: incident.number,
      remediationId: null,
      executionId: null,
      actor: deps.operator,
      body: { reason: cause.reason, paged: sent.accepted, pager: sent.reason, details: { ...cause.details } },
    });
  return {
    escalation,
    warnings: sent.accepted
      ? []
      : [{ code: 'not_paged', detail: `${incidentId(incident.number)}: ${sent.reason}` }],
  };
}

async function send(
  incident: Incident,
  cause: EscalationCause,
  deps: EscalateDeps,
): Promise<{ readonly accepted: boolean; readonly reason: string }> {
  if (!deps.pager.configured)
    return { accepted: false, reason: 'no pager is configured (PAGERDUTY_ROUTING_KEY)' };
  if ((await deps.incidents.countPages()) >= pagesPerHour)
    return { accepted: false, reason: `${pagesPerHour} pages were sent in the last hour already` };
  const page = {
    dedupKey: `scutum-sre/${deps.deployment}/${incidentId(incident.number)}/${incident.openedAt}`,
    summary: `${incidentId(incident.number)} ${incident.summary}: ${cause.reason}`,
    severity: 'critical' as const,
    details: {
      deployment: deps.deployment,
      incident: incidentId(incident.number),
      kind: incident.kind,
      ...cause.details,
    },
  };
  try {
    return await deps.pager.page(page, AbortSignal.timeout(pageDeadlineMs));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { accepted: false, reason: visibleText(reason, { maxLength: 300 }) };
  }
}

/** What became of a remediation that on-call is told about. */
export type Trouble = 'expired' | 'needs_person';

/**
 * Pages for a remediation, on its incident. An expired proposal whose incident is over by now is nobody's concern; a
 * remediation of no incident has nowhere to be told, and that is said.
 */
export async function escalateRemediation(
  remediation: Remediation,
  cause: { readonly trouble: Trouble; readonly reason: string },
  deps: EscalateDeps,
): Promise<readonly Warning[]> {
  const incident =
    remediation.incidentNumber === null ? null : await deps.incidents.getIncident(remediation.incidentNumber);
  if (incident === null)
    return [{ code: 'not_paged', detail: `remediation ${remediation.id} belongs to no incident` }];
  if (cause.trouble === 'expired' && incident.closedAt !== null) return [];
  const { id } = remediation;
  const details = { remediation: String(id), show: `scutum-sre show ${id}`, ...commandFor(remediation) };
  return (await escalateIncident(incident, { reason: cause.reason, details }, deps)).warnings;
}

function commandFor({ id, status }: Remediation): Readonly<Record<string, string>> {
  if (status === 'needs_human')
    return { settle: `scutum-sre resolve ${id} --as kept|reverted --reason TEXT` };
  return status === 'applied' || status === 'verified' ? { undo: `scutum-sre revert ${id}` } : {};
}

/** Incidents and remediations looked at in one pass. */
const passLimit = 100;

/**
 * Sends what should have been sent: for remediations that wait for a person and nobody was told of, whoever left them so,
 * and for incidents whose page was not accepted. Run now and then by a worker.
 */
export async function escalateLeftOver(
  deps: EscalateDeps & {
    readonly remediations: Pick<RemediationStore, 'listRemediations' | 'openRemediationOf'>;
  },
): Promise<readonly Warning[]> {
  const warnings: Warning[] = [];
  const waiting = await deps.remediations.listRemediations({ statuses: ['needs_human'], limit: passLimit });
  for (const remediation of waiting) {
    if (remediation.incidentNumber === null) continue;
    const reason = `remediation ${remediation.id} needs a person`;
    warnings.push(...(await escalateRemediation(remediation, { trouble: 'needs_person', reason }, deps)));
  }
  const open = await deps.incidents.listIncidents({ open: true, limit: passLimit });
  for (const incident of open) {
    if (incident.escalation === null || incident.escalation.pagedAt !== null) continue;
    // Moot once there is a remediation; one that waits for a person was told above.
    if ((await deps.remediations.openRemediationOf(incident.number)) !== null) continue;
    const cause = { reason: incident.escalation.reason, details: {} };
    warnings.push(...(await escalateIncident(incident, cause, deps)).warnings);
  }
  return warnings;
}
