import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { createPrometheusAlertSource } from '../../../src/adapters/prometheus/alerts.ts';
import { createPrometheusClient } from '../../../src/adapters/prometheus/client.ts';
import { createPrometheusFacts } from '../../../src/adapters/prometheus/facts.ts';
import { promDuration } from '../../../src/adapters/prometheus/queries.ts';
import { createPrometheusReads } from '../../../src/adapters/prometheus/reads.ts';
import { createPrometheusSource } from '../../../src/adapters/prometheus/source.ts';
import { defaultDetectionSettings } from '../../../src/core/detection.ts';
import { reply, startRawServer, type RawRequest, type RawServer } from '../../support/raw-server.ts';

const token = 'prom-token-0123456789abcdef';
const signal = () => AbortSignal.timeout(10_000);
const now = () => '2026-11-20T02:10:00.000Z';
const json = (value: unknown) => JSON.stringify(value);
const vector = (...result: readonly unknown[]) =>
  json({ status: 'success', data: { resultType: 'vector', result } });

let servers: RawServer[] = [];
async function serve(answer: (request: RawRequest, response: ServerResponse) => void): Promise<RawServer> {
  const server = await startRawServer(answer);
  servers.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  servers = [];
});

/** The outcome of one query against a server that answers like this. */
async function ask(answer: (response: ServerResponse) => void, deadlineMs = 5_000) {
  const server = await serve((_request, response) => answer(response));
  return createPrometheusClient({ url: server.url, token, deadlineMs }).queryVector('up', signal());
}

describe('asking Prometheus', () => {
  test.each([
    { url: 'BASE', token, path: '/api/v1/query?query=up', authorization: `Bearer ${token}` },
    {
      url: 'BASE/prometheus/',
      token: null,
      path: '/prometheus/api/v1/query?query=up',
      authorization: undefined,
    },
    {
      url: 'BASE/a/b?tenant=x#top',
      token: null,
      path: '/a/b/api/v1/query?tenant=x&query=up',
      authorization: undefined,
    },
    {
      url: 'http://me:p%40ss@HOST',
      token: null,
      path: '/api/v1/query?query=up',
      authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    },
  ])('$url', async ({ url, path, authorization, ...endpoint }) => {
    const server = await serve((_request, response) => reply(response, 200, vector()));
    const address = url.replace('BASE', server.url).replace('HOST', new URL(server.url).host);
    await createPrometheusClient({ url: address, token: endpoint.token }).queryVector('up', signal());
    expect(server.requests).toMatchObject([{ method: 'GET', url: path }]);
    expect(server.requests[0]?.headers.authorization).toBe(authorization);
  });

  test('numbers are text; NaN and infinities are no data', async () => {
    const series = (value: unknown) => ({ metric: { v: String(value) }, value: [1790524800.123, value] });
    const found = await ask((response) =>
      reply(response, 200, vector(...['0.31', '1e+00', '-3.17', 'NaN', '+Inf', '-Inf'].map(series))),
    );
    expect(found.samples.map(({ value }) => value)).toEqual([0.31, 1, -3.17]);
    expect(found.warnings).toEqual([]);
  });

  test('series that cannot be read are counted, the others taken', async () => {
    const found = await ask((response) =>
      reply(
        response,
        200,
        vector(
          { metric: { a: '1' }, value: [1, '7'] },
          { metric: {}, histogram: [1, { count: '5' }] },
          { metric: { a: 1 }, value: [1, '7'] },
          { metric: {}, value: [1, 7] },
          { metric: {}, value: ['1', '7'] },
          null,
          7,
        ),
      ),
    );
    expect(found.samples).toEqual([{ labels: { a: '1' }, value: 7 }]);
    expect(found.warnings).toEqual([
      { code: 'malformed_series', detail: 'prometheus: 6 series could not be read' },
    ]);
  });

  test('its own warnings are passed on, made visible and bounded', async () => {
    const warnings = ['partial \u001b[31mresponse', ...Array.from({ length: 9 }, (_item, n) => `w${n}`)];
    const body = { status: 'success', data: { resultType: 'vector', result: [] }, warnings, infos: ['x'] };
    const found = await ask((response) => reply(response, 200, json(body)));
    expect(found.warnings.map(({ detail }) => detail)).toEqual([
      'partial \\u{1B}[31mresponse',
      'w0',
      'w1',
      'w2',
      'w3',
      'and 5 more warnings',
    ]);
  });

  test('too many series are cut, and said', async () => {
    const many = Array.from({ length: 20_001 }, () => ({ metric: {}, value: [1, '1'] }));
    const found = await ask((response) => reply(response, 200, vector(...many)));
    expect(found.samples).toHaveLength(20_000);
    expect(found.warnings).toMatchObject([{ code: 'series_cut' }]);
  });

  test.each<readonly [string, string, RegExp, (response: ServerResponse) => void]>([
    [
      'an HTML 502',
      'prometheus_error',
      /502.*not JSON/,
      (r) => reply(r, 502, '<html>Bad Gateway</html>', 'text/html'),
    ],
    [
      'a 200 that is HTML',
      'prometheus_error',
      /200.*not JSON/,
      (r) => reply(r, 200, '<html>login</html>', 'text/html'),
    ],
    ['a 401', 'prometheus_error', /401: PROMETHEUS_TOKEN/, (r) => reply(r, 401, '<html>', 'text/html')],
    ['a 403', 'prometheus_error', /403: PROMETHEUS_TOKEN/, (r) => reply(r, 403, '{}')],
    ['truncated JSON', 'prometheus_error', /not all of it/, (r) => reply(r, 200, vector().slice(0, -9))],
    ['an empty body', 'prometheus_error', /not JSON/, (r) => reply(r, 200, '')],
    [
      'status error',
      'prometheus_error',
      /422 execution: too many samples/,
      (r) => reply(r, 422, json({ status: 'error', errorType: 'execution', error: 'too many samples' })),
    ],
    [
      'an error without words',
      'prometheus_error',
      /answered 503/,
      (r) => reply(r, 503, json({ status: 'error', errorType: null })),
    ],
    [
      'JSON of something else',
      'prometheus_error',
      /no answer of its API/,
      (r) => reply(r, 200, '{"ok":true}'),
    ],
    ['JSON null', 'prometheus_error', /no answer of its API/, (r) => reply(r, 200, 'null')],
    [
      'a matrix',
      'prometheus_error',
      /no instant vector/,
      (r) => reply(r, 200, json({ status: 'success', data: { resultType: 'matrix', result: [] } })),
    ],
    [
      'success without data',
      'prometheus_error',
      /no answer of its API/,
      (r) => reply(r, 200, '{"status":"success"}'),
    ],
    ['a closed connection', 'prometheus_unreachable', /closed the connection|was reset/, (r) => r.destroy()],
    [
      'a body that breaks off',
      'prometheus_unreachable',
      /prometheus: /,
      (r) => {
        r.writeHead(200, { 'content-length': '1000' });
        r.write('{"status":');
        setTimeout(() => r.destroy(), 20);
      },
    ],
    [
      'an endless body',
      'prometheus_unreachable',
      /larger than/,
      (r) => {
        const chunk = ' '.repeat(1_000_000);
        const more = () => {
          while (r.write(chunk) && !r.destroyed);
        };
        r.on('drain', more);
        more();
      },
    ],
  ])('%s', async (_what, code, message, answer) => {
    const failing = ask(answer);
    await expect(failing).rejects.toMatchObject({ code });
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.not.toThrow(token);
  });

  test('silence and a slow drip end at the deadline', async () => {
    await expect(ask(() => undefined, 100)).rejects.toMatchObject({ code: 'prometheus_unreachable' });
    let dripping: NodeJS.Timeout | undefined;
    const drip = ask((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      dripping = setInterval(() => response.write(' '), 10);
    }, 100);
    await expect(drip).rejects.toThrow(/no complete answer within 0.1 s/);
    clearInterval(dripping);
  });

  test('nobody listening', async () => {
    const gone = await startRawServer(() => undefined);
    await gone.stop();
    const client = createPrometheusClient({ url: gone.url, token });
    await expect(client.queryVector('up', signal())).rejects.toMatchObject({
      code: 'prometheus_unreachable',
      message: 'prometheus: the connection was refused',
    });
  });

  test('a redirect is not followed, and the token goes nowhere', async () => {
    const elsewhere = await serve((_request, response) => reply(response, 200, vector()));
    const server = await serve((_request, response) => {
      response.writeHead(302, { location: `${elsewhere.url}/api/v1/query` });
      response.end();
    });
    const client = createPrometheusClient({ url: server.url, token });
    await expect(client.queryVector('up', signal())).rejects.toMatchObject({
      code: 'prometheus_unreachable',
    });
    expect(elsewhere.requests).toEqual([]);
  });

  test('a secret in an error text is not repeated', async () => {
    const error = `cannot authenticate with Bearer ${token}xyz and sk-proj-0123456789abcdefghijABCDEFGHIJ`;
    const failing = ask((response) => reply(response, 400, json({ status: 'error', errorType: 'x', error })));
    await expect(failing).rejects.not.toThrow(/0123456789abcdef/);
  });
});

describe('what comes of it', () => {
  const settings = defaultDetectionSettings;
  const over = async (answer: (request: RawRequest, response: ServerResponse) => void) => {
    const server = await serve(answer);
    const client = createPrometheusClient({ url: server.url, token: null, deadlineMs: 2_000 });
    return { server, client, reads: createPrometheusReads({ client, settings, now }) };
  };

  test('a Prometheus that is down makes the source fail and the reading unknown', async () => {
    const { reads } = await over((_request, response) => reply(response, 502, 'Bad Gateway', 'text/plain'));
    await expect(createPrometheusSource({ reads }).detect(signal())).rejects.toMatchObject({
      code: 'prometheus_error',
    });
    expect(await createPrometheusFacts(reads).read('metrics.providers', signal())).toMatchObject({
      status: 'unknown',
      source: 'prometheus',
    });
  });

  test('no series at all are no proof that all is well', async () => {
    const { reads } = await over((_request, response) => reply(response, 200, vector()));
    expect(await createPrometheusSource({ reads }).detect(signal())).toMatchObject({
      signals: [],
      judges: [],
      warnings: [{ code: 'prometheus_no_data' }],
    });
    expect(await createPrometheusFacts(reads).read('metrics.providers', signal())).toMatchObject({
      status: 'unknown',
    });
  });

  test('one query that fails does not hide what the others saw', async () => {
    const { reads } = await over((request, response) => {
      if (request.url.includes('litellm_deployment')) reply(response, 500, 'oops', 'text/plain');
      else if (request.url.includes('remaining_team'))
        reply(response, 200, vector({ metric: { team: 't1' }, value: [1, '-1'] }));
      else reply(response, 200, vector());
    });
    const found = await createPrometheusSource({ reads }).detect(signal());
    expect(found.signals).toMatchObject([{ kind: 'budget.exceeded', scope: { team: 't1' } }]);
    expect(found.warnings).toMatchObject([{ code: 'prometheus_error' }]);
  });

  test('each query is sent once for source and facts together', async () => {
    const { reads, server } = await over((_request, response) => reply(response, 200, vector()));
    await Promise.all([
      createPrometheusSource({ reads }).detect(signal()),
      createPrometheusFacts(reads).read('metrics.providers', signal()),
      createPrometheusFacts(reads).read('metrics.providers', signal()),
    ]);
    const sent = server.requests.map(({ url }) => url);
    expect(sent).toHaveLength(11);
    expect(new Set(sent).size).toBe(11);
  });

  test('the boundary on counts that Prometheus extrapolated', async () => {
    const series = (provider: string, value: string) => ({
      metric: { api_provider: provider },
      value: [1, value],
    });
    const attempts = [
      series('four', '4.4'),
      series('five', '4.6'),
      series('quarter', '8.1'),
      series('above', '8.1'),
    ];
    const faults = [
      series('four', '4.4'),
      series('five', '2.2'),
      series('quarter', '2.3'),
      series('above', '2.6'),
    ];
    const { reads } = await over((request, response) => {
      const query = new URL(request.url, 'http://x').searchParams.get('query') ?? '';
      const isFaults = query.includes('failure') && !query.includes('hashed_api_key');
      reply(
        response,
        200,
        isFaults ? vector(...faults) : query.includes('total_requests') ? vector(...attempts) : vector(),
      );
    });
    const { signals } = await createPrometheusSource({ reads }).detect(signal());
    expect(signals.map(({ scope, summary }) => [scope['provider'], summary])).toEqual([
      ['five', 'provider five: 2 of 5 attempts failed (40.0 %) in 5 min, limit 25 %'],
      ['above', 'provider above: 3 of 8 attempts failed (37.5 %) in 5 min, limit 25 %'],
    ]);
  });

  test.each([
    [300_000, '5m'],
    [3_600_000, '60m'],
    [10_000, '10s'],
    [1_500, '1500ms'],
  ])('%i ms in PromQL', (ms, text) => {
    expect(promDuration(ms)).toBe(text);
  });

  test('alerts that cannot be read are counted, pending ones ignored', async () => {
    const alerts = [
      {
        labels: { alertname: 'A' },
        annotations: {},
        state: 'firing',
        activeAt: '2026-11-20T02:00:00Z',
        value: '1',
      },
      { labels: { alertname: 'B' }, annotations: {}, state: 'pending', activeAt: null },
      { labels: { alertname: 'C', n: 1 }, state: 'firing' },
      { labels: null, state: 'firing' },
      'text',
    ];
    const { client } = await over((_request, response) =>
      reply(response, 200, json({ status: 'success', data: { alerts } })),
    );
    const found = await createPrometheusAlertSource({ client, now }).detect(signal());
    expect(found.signals.map(({ scope }) => scope['alertname'])).toEqual(['A']);
    expect(found.warnings).toEqual([
      { code: 'malformed_alerts', detail: 'prometheus_alerts: 3 alerts could not be read' },
    ]);
  });

  test('an answer without a list of alerts is an error', async () => {
    const { client } = await over((_request, response) =>
      reply(response, 200, json({ status: 'success', data: [] })),
    );
    await expect(createPrometheusAlertSource({ client, now }).detect(signal())).rejects.toMatchObject({
      code: 'prometheus_error',
    });
  });
});
