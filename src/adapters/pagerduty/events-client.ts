import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { WriteResult } from '../../app/ports.ts';
import { visibleText } from '../../core/plain-text.ts';
import { redactSecrets } from '../../core/redaction.ts';
import { hideSecret } from '../system/hide-secret.ts';
import { exchangeHttp, type HttpExchange } from '../system/http-exchange.ts';
import type { PageEvent } from './page-event.ts';

export interface EventsClientOptions {
  /** The integration key; it is the only secret and travels in the body. */
  readonly routingKey: string;
  /** Events v2 address with or without `/v2/enqueue`; the EU region has its own. */
  readonly eventsUrl: string;
  /** Milliseconds for one event, retries included. */
  readonly deadlineMs: number;
}

const answerBytesMax = 64 * 1024;
/** Waits before the second and third try, as parts of the deadline; the same dedup key makes a repeat merge into the first. */
const retryDelays = [1 / 16, 1 / 4] as const;

/**
 * Sends one event, up to three times within the deadline. 202 is accepted, a 4xx is refused; what is left after 429, 5xx
 * and network errors is ambiguous (facts/integrations.md E1). Never throws; reasons do not hold the routing key.
 */
export function createEventsClient(
  options: EventsClientOptions,
): (event: PageEvent, signal: AbortSignal) => Promise<WriteResult> {
  const url = enqueueUrl(options.eventsUrl);
  return async (event, signal) => {
    const body = JSON.stringify({ routing_key: options.routingKey, ...event.body });
    const until = performance.now() + options.deadlineMs;
    for (let attempt = 0; ; attempt += 1) {
      // Half at most: an answer that never comes must leave time for a second try.
      const left = Math.min(until - performance.now(), options.deadlineMs / 2);
      const answer = await exchangeHttp(
        { method: 'POST', url, headers: { 'content-type': 'application/json' }, body },
        { deadlineMs: Math.max(1, Math.ceil(left)), maxBytes: answerBytesMax, signal },
      );
      const result = judge(answer, options.routingKey);
      const delay = retryDelayMs(answer, options.deadlineMs * (retryDelays[attempt] ?? Infinity));
      if (result.status !== 'ambiguous' || delay === null) return result;
      if (signal.aborted || performance.now() + delay >= until) return result;
      await wait(delay, undefined, { signal }).catch(() => undefined);
    }
  };
}

/** `https://host`, `https://host/` and `https://host/v2/enqueue` all mean the same. Throws when it is no address. */
export function enqueueUrl(eventsUrl: string): string {
  const url = URL.canParse(eventsUrl) ? new URL(eventsUrl) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new Error('the PagerDuty events address is not an http or https address');
  if (url.username !== '' || url.password !== '')
    throw new Error('the PagerDuty events address must not carry a user name or password');
  const path = url.pathname.replace(/\/+$/u, '');
  return `${url.origin}${path.endsWith('/v2/enqueue') ? path : `${path}/v2/enqueue`}`;
}

function judge(answer: HttpExchange, routingKey: string): WriteResult {
  if (answer.status === 'failed') return { status: 'ambiguous', reason: answer.reason };
  if (answer.httpStatus === 202) return { status: 'accepted' };
  const reason = `${answer.httpStatus}: ${explanation(answer.text, routingKey)}`;
  return { status: isRefusal(answer.httpStatus) ? 'refused' : 'ambiguous', reason };
}

const isRefusal = (status: number) => status >= 400 && status < 500 && status !== 408 && status !== 429;

/** Milliseconds before the next try, or null when there is none left or no use. */
function retryDelayMs(answer: HttpExchange, planned: number): number | null {
  if (!Number.isFinite(planned)) return null;
  if (answer.status === 'failed') return planned;
  if (answer.httpStatus < 300) return null;
  const seconds = Number.parseFloat(answer.headers.get('retry-after') ?? '');
  return Number.isFinite(seconds) && seconds >= 0 ? Math.max(planned, seconds * 1_000) : planned;
}

const answerSchema = z.object({
  status: z.string().nullish(),
  message: z.string().nullish(),
  errors: z.array(z.string()).nullish(),
});

function explanation(text: string, routingKey: string): string {
  const parsed = answerSchema.safeParse(tryJson(text));
  const words = parsed.success
    ? [parsed.data.message ?? parsed.data.status ?? '', ...(parsed.data.errors ?? [])].join(' ').trim()
    : text.slice(0, 8_192).trim();
  const safe = redactSecrets(hideSecret(words, routingKey));
  return visibleText(safe, { maxLength: 300 }) || 'no explanation';
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
