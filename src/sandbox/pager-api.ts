import { z } from 'zod';
import type { HttpCall, RoutedReply } from './http-server.ts';

export type PagerRoute = '/v2/enqueue';

const common = { routing_key: z.string().min(1) };
const trigger = z.object({
  ...common,
  event_action: z.literal('trigger'),
  dedup_key: z.string().min(1).max(255).optional(),
  payload: z.object({
    summary: z.string().min(1).max(1024),
    source: z.string().min(1),
    severity: z.enum(['critical', 'error', 'warning', 'info']),
    custom_details: z.record(z.string(), z.json()).optional(),
  }),
});
const later = z.object({
  ...common,
  event_action: z.enum(['acknowledge', 'resolve']),
  dedup_key: z.string().min(1).max(255),
});
const eventSchema = z.discriminatedUnion('event_action', [trigger, later]);

/** An event that was accepted, without its routing key. */
export type ReceivedEvent =
  Omit<z.infer<typeof trigger>, 'routing_key'> | Omit<z.infer<typeof later>, 'routing_key'>;

export interface PagerApi {
  readonly answer: (call: HttpCall) => RoutedReply<PagerRoute>;
  /** What was accepted, oldest first; at most the last 1 000. */
  readonly received: () => readonly ReceivedEvent[];
}

const receivedMax = 1_000;

/** A pager that pages nobody: Events API v2 as far as it is used (facts/integrations.md E1). */
export function createPagerApi(): PagerApi {
  const received: ReceivedEvent[] = [];
  return {
    received: () => [...received],
    answer: (call) => {
      if (call.path !== '/v2/enqueue' || call.method !== 'POST')
        return { route: null, status: 404, body: null, text: 'not found\n' };
      const event = eventSchema.safeParse(call.body);
      if (!event.success) return { route: '/v2/enqueue', status: 400, body: invalid(event.error) };
      const { routing_key: _secret, ...kept } = event.data;
      return {
        route: '/v2/enqueue',
        status: 202,
        body: {
          status: 'success',
          message: 'Event processed',
          dedup_key: kept.dedup_key ?? 'made-by-the-server',
        },
        apply: () => {
          received.push(kept);
          if (received.length > receivedMax) received.shift();
          return Promise.resolve();
        },
      };
    },
  };
}

function invalid(error: z.ZodError) {
  const errors = error.issues.map((issue) => `'${issue.path.join('.')}' ${issue.message}`);
  return { status: 'invalid event', message: 'Event object is invalid', errors };
}
