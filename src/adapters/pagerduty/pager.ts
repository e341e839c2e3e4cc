import type { EffectPort, PagerPort, WriteResult } from '../../app/ports.ts';
import { pageSchema, targetId, type Change } from '../../core/change.ts';
import { createEventsClient } from './events-client.ts';
import { resolveEvent, triggerEvent, type PageEvent } from './page-event.ts';

export interface PagerDuty {
  /** Pages and resolves as approved changes of `pagerduty:` targets. */
  readonly effects: EffectPort;
  /** Pages outside the gate: escalations. */
  readonly pager: PagerPort;
}

export interface PagerDutyOptions {
  readonly routingKey: string;
  /** Default `https://events.pagerduty.com`; with or without `/v2/enqueue`. */
  readonly eventsUrl?: string;
  /** The deployment name, shown as source of every page. Default `scutum-sre`. */
  readonly source?: string;
  /** Milliseconds for one page, retries included; default 8 000. */
  readonly timeoutMs?: number;
}

const defaultDeadlineMs = 8_000;

/** PagerDuty through Events API v2. Nothing can be read back: accepted is final, and a page cannot be unsent. */
export function createPagerDuty(options: PagerDutyOptions): PagerDuty {
  const source = options.source ?? 'scutum-sre';
  const send = createEventsClient({
    routingKey: options.routingKey,
    eventsUrl: options.eventsUrl ?? 'https://events.pagerduty.com',
    deadlineMs: options.timeoutMs ?? defaultDeadlineMs,
  });
  return {
    effects: {
      serves: (target) => target.startsWith('pagerduty:'),
      unavailable: null,
      oneShot: true,
      probe: () => Promise.resolve({ status: 'not_readable', reason: 'PagerDuty has no read-back' }),
      write: async (change, by, signal) => {
        const event = eventOf(change, { source, operator: by.operator });
        return event === null ? notAPage(change) : send(event, signal);
      },
    },
    pager: {
      configured: true,
      page: async ({ dedupKey, summary, severity, details }, signal) => {
        const event = triggerEvent({ dedupKey, page: { summary, severity }, source, details });
        const result = await send(event, signal);
        const said = result.status === 'accepted' ? ['accepted by PagerDuty'] : [result.reason];
        return { accepted: result.status === 'accepted', reason: [...said, ...event.cuts].join('; ') };
      },
    },
  };
}

/** To a page: trigger. To nothing: resolve. The dedup key is the part of the target after its first slash. */
function eventOf(
  change: Change,
  from: { readonly source: string; readonly operator: string },
): PageEvent | null {
  if (change.field !== 'page') return null;
  const dedupKey = targetId(change.target);
  if (change.to === null) return resolveEvent(dedupKey);
  const page = pageSchema.safeParse(change.to);
  if (!page.success) return null;
  const details = { operator: from.operator };
  return triggerEvent({ dedupKey, page: page.data, source: from.source, details });
}

function notAPage(change: Change): WriteResult {
  return { status: 'refused', reason: `\`${change.field}\` of \`${change.target}\` is not a page` };
}
