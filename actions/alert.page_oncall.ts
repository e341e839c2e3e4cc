import { z } from 'zod';
import type { ActionContext } from '../src/core/action.ts';
import { defineAction } from '../src/core/action.ts';
import { plainLine } from '../src/core/action-params.ts';
import { pageSeverities } from '../src/core/change.ts';
import type { Incident } from '../src/core/incident.ts';
import { incidentId } from '../src/core/incident.ts';
import { instantMs } from '../src/core/instant.ts';
import { pageDedupKey } from '../src/core/page-key.ts';
import { holds, unknown, verdict } from '../src/core/precondition.ts';
import type { Check } from '../src/core/precondition.ts';
import { minutesToMs } from '../src/core/tempo.ts';

const paramsSchema = z.strictObject({ summary: plainLine(1024), severity: z.enum(pageSeverities) });
type Params = Readonly<z.infer<typeof paramsSchema>>;

/** Nominal minutes after which an incident nobody sees any more is not worth a page. */
const currentMinutes = 15;

/** Pages on-call. Accepted is final; the inverse resolves the same dedup key, which un-pages nobody. */
export const alertPageOncall = defineAction<Params>({
  type: 'alert.page_oncall',
  version: 1,
  baseline: 35,
  reversibility: 'irreversible',
  summary: 'Page the person on call through PagerDuty when nothing in the library fits.',
  params: paramsSchema,
  kinds: ['provider.unhealthy', 'budget.exceeded', 'sla.violation', 'latency.spike', 'guardrail.strikes'],
  readings: [],
  subject: () => ({ kind: 'oncall', id: 'pagerduty' }),
  preconditions: [
    {
      id: 'incident.open',
      severity: 'must',
      check: (_params, context) =>
        onIncident(context, ({ number, closedAt }) =>
          verdict(closedAt === null, `${incidentId(number)} is ${closedAt === null ? 'open' : 'closed'}`),
        ),
    },
    {
      id: 'incident.not_paged',
      severity: 'should',
      check: (_params, context) =>
        onIncident(context, ({ escalation }) => {
          const pagedAt = escalation?.pagedAt ?? null;
          return verdict(
            pagedAt === null,
            `on-call was paged ${pagedAt === null ? 'never' : `at ${pagedAt}`}`,
          );
        }),
    },
    {
      id: 'incident.confirmed',
      severity: 'should',
      check: (_params, context) =>
        onIncident(context, ({ confirmed, sources }) =>
          verdict(
            confirmed,
            `${confirmed ? 'seen by our own detector' : 'only asserted'}: ${sources.join(', ')}`,
          ),
        ),
    },
    { id: 'incident.current', severity: 'should', check: checkCurrent },
  ],
  plan: ({ summary, severity }, { incident }) => [
    {
      target: `pagerduty:alert/${pageDedupKey(incident, summary)}`,
      field: 'page',
      from: null,
      to: { summary, severity },
    },
  ],
  reach: () => ({ status: 'none' }),
  revert: () => ({ kind: 'on_request' }),
  expectation: () => null,
  revertsWhenWorse: false,
});

/** A person may page without an incident; there is then nothing about it that could fail. */
function onIncident(context: ActionContext, check: (incident: Incident) => Check): Check {
  return context.incident === null ? holds('belongs to no incident') : check(context.incident);
}

function checkCurrent(_params: Params, context: ActionContext): Check {
  return onIncident(context, ({ lastSeenAt }) => {
    const [seen, now] = [instantMs(lastSeenAt), instantMs(context.now)];
    if (seen === null || now === null) return unknown(`last seen at \`${lastSeenAt}\``);
    const isCurrent = now - seen <= minutesToMs(context.tempo, currentMinutes);
    return verdict(isCurrent, `last seen at ${lastSeenAt}`);
  });
}
