import { incidentId, type Escalation, type Incident } from '../core/incident.ts';
import type { Clock, IncidentStore, PagerPort, Warning } from './ports.ts';

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

/**
 * Tells on-call that a person is needed. A notification, not an action: outside gate, freeze and suspension, one per
 * incident, at most six an hour. What was not sent is said, with the reason.
 */
export async function escalateIncident(
  incident: Incident,
  cause: { readonly reason: string; readonly details: Readonly<Record<string, string>> },
  deps: EscalateDeps,
): Promise<{ readonly escalation: Escalation; readonly warnings: readonly Warning[] }> {
  const earlier = incident.escalation;
  if (earlier !== null && earlier.pagedAt !== null) return { escalation: earlier, warnings: [] };
  const sent = await send(incident, cause, deps);
  const escalation: Escalation = {
    reason: cause.reason,
    pagedAt: sent.accepted ? deps.clock.now() : null,
  };
  const unchanged = incident.escalation?.reason === escalation.reason && escalation.pagedAt === null;
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
  cause: { readonly reason: string; readonly details: Readonly<Record<string, string>> },
  deps: EscalateDeps,
): Promise<{ readonly accepted: boolean; readonly reason: string }> {
  if (!deps.pager.configured)
    return { accepted: false, reason: 'no pager is configured (PAGERDUTY_ROUTING_KEY)' };
  if ((await deps.incidents.countPages()) >= pagesPerHour)
    return { accepted: false, reason: `${pagesPerHour} pages were sent in the last hour already` };
  return deps.pager.page(
    {
      dedupKey: `scutum-sre/${deps.deployment}/${incidentId(incident.number)}/${incident.openedAt}`,
      summary: `${incidentId(incident.number)} ${incident.summary}: ${cause.reason}`,
      severity: 'critical',
      details: {
        deployment: deps.deployment,
        incident: incidentId(incident.number),
        kind: incident.kind,
        ...cause.details,
      },
    },
    AbortSignal.timeout(pageDeadlineMs),
  );
}
