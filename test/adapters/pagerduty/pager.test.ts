import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { enqueueUrl } from '../../../src/adapters/pagerduty/events-client.ts';
import { createPagerDuty } from '../../../src/adapters/pagerduty/pager.ts';
import type { Change } from '../../../src/core/change.ts';
import { reply, startRawServer, type RawRequest, type RawServer } from '../../support/raw-server.ts';

const routingKey = 'R0123456789abcdefghijklmnopqrstu';
const never = new AbortController().signal;
const page: Change = {
  target: 'pagerduty:alert/scutum-sre/INC-7/page',
  field: 'page',
  from: null,
  to: { summary: 'anthropic fails', severity: 'critical' },
};
const accepted = '{"status":"success","message":"Event processed","dedup_key":"x"}';
let server: RawServer | null = null;

afterEach(async () => {
  await server?.stop();
  server = null;
});

async function pagerOf(
  answer: (request: RawRequest, response: ServerResponse, attempt: number) => void,
  options: { readonly timeoutMs?: number; readonly path?: string } = {},
) {
  let attempt = 0;
  server = await startRawServer((request, response) => answer(request, response, (attempt += 1)));
  const { path = '', ...rest } = options;
  return createPagerDuty({ routingKey, eventsUrl: `${server.url}${path}`, source: 'prod', ...rest });
}

const write = (pager: ReturnType<typeof createPagerDuty>, change: Change = page, signal = never) =>
  pager.effects.write(change, { operator: 'ana' }, signal);

describe('pages as changes', () => {
  test('to a page: trigger, with the id after the first slash as key', async () => {
    const pager = await pagerOf((_request, response) => reply(response, 202, accepted));
    expect(await write(pager)).toEqual({ status: 'accepted' });
    expect(server?.requests[0]).toMatchObject({ method: 'POST', url: '/v2/enqueue' });
    expect(JSON.parse(server?.requests[0]?.body ?? '')).toEqual({
      routing_key: routingKey,
      event_action: 'trigger',
      dedup_key: 'scutum-sre/INC-7/page',
      client: 'scutum-sre',
      payload: {
        summary: 'anthropic fails',
        source: 'prod',
        severity: 'critical',
        custom_details: { operator: 'ana' },
      },
    });
  });

  test('to nothing: resolve the same key', async () => {
    const pager = await pagerOf((_request, response) => reply(response, 202, ''), { path: '/v2/enqueue/' });
    expect(await write(pager, { ...page, from: page.to, to: null } as Change)).toEqual({
      status: 'accepted',
    });
    expect(server?.requests[0]?.url).toBe('/v2/enqueue');
    expect(JSON.parse(server?.requests[0]?.body ?? '')).toEqual({
      routing_key: routingKey,
      event_action: 'resolve',
      dedup_key: 'scutum-sre/INC-7/page',
    });
  });

  test('one shot, nothing to read back, its own targets only', async () => {
    const { effects } = await pagerOf((_request, response) => reply(response, 202, accepted));
    expect(effects.oneShot).toBe(true);
    expect(effects.serves(page.target)).toBe(true);
    expect(effects.serves('litellm:team/a')).toBe(false);
    expect(await effects.probe(page, never)).toMatchObject({ status: 'not_readable' });
  });

  test('what is no page is not sent', async () => {
    const pager = await pagerOf((_request, response) => reply(response, 202, accepted));
    const odd = { ...page, to: { summary: '', severity: 'loud' } } as unknown as Change;
    expect(await write(pager, odd)).toMatchObject({ status: 'refused' });
    expect(server?.requests).toHaveLength(0);
  });
});

describe('answers', () => {
  test('400 is refused at once, with its errors and without the key', async () => {
    const pager = await pagerOf((_request, response) =>
      reply(
        response,
        400,
        JSON.stringify({
          status: 'invalid event',
          message: 'Event object is invalid',
          errors: [`routing_key ${routingKey} is invalid`],
        }),
      ),
    );
    expect(await write(pager)).toEqual({
      status: 'refused',
      reason: '400: Event object is invalid routing_key [redacted] is invalid',
    });
    expect(server?.requests).toHaveLength(1);
  });

  test.each([429, 500, 503])('%i is tried again with the same key, until it is accepted', async (status) => {
    const pager = await pagerOf(
      (_request, response, attempt) =>
        attempt < 3 ? reply(response, status, '', 'text/plain') : reply(response, 202, accepted),
      { timeoutMs: 1_000 },
    );
    expect(await write(pager)).toEqual({ status: 'accepted' });
    const keys = server?.requests.map(({ body }) => JSON.parse(body).dedup_key);
    expect(keys).toEqual(Array(3).fill('scutum-sre/INC-7/page'));
  });

  test('three tries and no more: ambiguous', async () => {
    const pager = await pagerOf(
      (_request, response) => reply(response, 502, '<title>Bad Gateway</title>', 'text/html'),
      { timeoutMs: 1_000 },
    );
    expect(await write(pager)).toMatchObject({
      status: 'ambiguous',
      reason: expect.stringMatching(/^502: /u),
    });
    expect(server?.requests).toHaveLength(3);
  });

  test('a broken connection is tried again', async () => {
    const pager = await pagerOf((_request, response, attempt) =>
      attempt === 1 ? response.destroy() : reply(response, 202, accepted),
    );
    expect(await write(pager)).toEqual({ status: 'accepted' });
  });

  test('a Retry-After beyond the deadline is not waited for', async () => {
    const pager = await pagerOf((_request, response) => {
      response.writeHead(429, { 'retry-after': '3600' });
      response.end();
    });
    expect(await write(pager)).toMatchObject({ status: 'ambiguous', reason: '429: no explanation' });
    expect(server?.requests).toHaveLength(1);
  });

  test('silence leaves time for a second try, and ends at the deadline', async () => {
    const pager = await pagerOf(() => undefined, { timeoutMs: 400 });
    expect(await write(pager)).toMatchObject({ status: 'ambiguous' });
    expect(server?.requests).toHaveLength(2);
  });

  test('the caller may give up earlier', async () => {
    const pager = await pagerOf(() => undefined);
    expect(await write(pager, page, AbortSignal.timeout(50))).toMatchObject({ status: 'ambiguous' });
    expect(server?.requests).toHaveLength(1);
  });

  test('another success than 202 is not taken for one', async () => {
    const pager = await pagerOf((_request, response) =>
      reply(response, 200, '<html>login</html>', 'text/html'),
    );
    expect(await write(pager)).toMatchObject({ status: 'ambiguous' });
    expect(server?.requests).toHaveLength(1);
  });

  test('a redirect would carry the key away and is not followed', async () => {
    const pager = await pagerOf(
      (_request, response) => {
        response.writeHead(302, { location: '/elsewhere' });
        response.end();
      },
      { timeoutMs: 400 },
    );
    expect(await write(pager)).toMatchObject({ status: 'ambiguous' });
    expect(new Set(server?.requests.map(({ url }) => url))).toEqual(new Set(['/v2/enqueue']));
  });
});

describe('escalations', () => {
  test('accepted, with what was cut', async () => {
    const { pager } = await pagerOf((_request, response) => reply(response, 202, accepted));
    expect(pager.configured).toBe(true);
    const long = {
      dedupKey: 'k',
      summary: 's'.repeat(1_100),
      severity: 'error',
      details: { why: 'expired' },
    } as const;
    expect(await pager.page(long, never)).toEqual({
      accepted: true,
      reason: 'accepted by PagerDuty; summary cut from 1100 to 1024 characters',
    });
    expect(JSON.parse(server?.requests[0]?.body ?? '').payload.custom_details).toMatchObject({
      why: 'expired',
    });
  });

  test('refused, with the reason', async () => {
    const { pager } = await pagerOf((_request, response) => reply(response, 400, ''));
    expect(await pager.page({ dedupKey: 'k', summary: 's', severity: 'info', details: {} }, never)).toEqual({
      accepted: false,
      reason: '400: no explanation',
    });
  });
});

describe('the events address', () => {
  test.each([
    ['https://events.pagerduty.com', 'https://events.pagerduty.com/v2/enqueue'],
    ['https://events.eu.pagerduty.com/', 'https://events.eu.pagerduty.com/v2/enqueue'],
    ['https://events.pagerduty.com/v2/enqueue', 'https://events.pagerduty.com/v2/enqueue'],
    ['http://127.0.0.1:9/pager/v2/enqueue/', 'http://127.0.0.1:9/pager/v2/enqueue'],
  ])('%s', (given, expected) => {
    expect(enqueueUrl(given)).toBe(expected);
  });

  test.each(['nonsense', 'file:///etc', 'https://a:hunter2@b'])(
    '%s is refused without being repeated',
    (given) => {
      expect(() => enqueueUrl(given)).toThrow(/^(?!.*hunter2)the PagerDuty events address/u);
    },
  );
});
