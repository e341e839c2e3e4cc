import { afterEach, describe, expect, test } from 'vitest';
import { createAlertmanagerSource } from '../../../src/adapters/alertmanager/source.ts';
import type { IncidentKind } from '../../../src/core/incident.ts';
import { reply, startRawServer, type RawServer } from '../../support/raw-server.ts';

const active = { state: 'active', silencedBy: [], inhibitedBy: [], mutedBy: [] };
const alert = (alertname: string, part: object = {}) => ({
  labels: { alertname },
  annotations: { summary: 'text' },
  startsAt: '2026-09-27T16:00:00.000Z',
  endsAt: '2026-09-27T16:09:00.000Z',
  generatorURL: 'http://prometheus:9090/graph',
  fingerprint: 'a1b2c3d4e5f60718',
  status: active,
  ...part,
});

describe('alerts of an Alertmanager', () => {
  let server: RawServer | null = null;
  afterEach(() => server?.stop());

  const detect = async (status: number, body: string, judges?: readonly IncidentKind[]) => {
    server = await startRawServer((_request, response) => reply(response, status, body));
    return createAlertmanagerSource({
      endpoint: { url: `${server.url}/am`, token: 'secret-token', deadlineMs: 2_000 },
      now: () => '2026-11-20T02:10:00.000Z',
      ...(judges === undefined ? {} : { judges }),
    }).detect(AbortSignal.timeout(5_000));
  };

  test('asks for active ones only, with its token', async () => {
    await detect(200, '[]');
    expect(server?.requests).toMatchObject([
      {
        url: '/am/api/v2/alerts?active=true&silenced=false&inhibited=false&unprocessed=false',
        headers: { authorization: 'Bearer secret-token' },
      },
    ]);
  });

  test('leaves out what a release that ignores the question sends along', async () => {
    const found = await detect(
      200,
      JSON.stringify([
        alert('Active'),
        alert('Older', { status: { state: 'active' }, annotations: null, generatorURL: null }),
        alert('Suppressed', { status: { ...active, state: 'suppressed' } }),
        alert('Unprocessed', { status: { ...active, state: 'unprocessed' } }),
        alert('Silenced', { status: { ...active, silencedBy: ['id'] } }),
        alert('Inhibited', { status: { ...active, inhibitedBy: ['id'] } }),
        alert('Muted', { status: { ...active, mutedBy: ['nights'] } }),
      ]),
    );
    expect(found.signals.map(({ scope }) => scope['alertname'])).toEqual(['Active', 'Older']);
    expect(found).toMatchObject({ judges: ['alert'], warnings: [] });
  });

  test('one that cannot be read is a warning', async () => {
    const found = await detect(
      200,
      JSON.stringify([alert('A'), { labels: {} }, 7, alert('B', { labels: { n: 1 } })]),
    );
    expect(found.signals).toHaveLength(1);
    expect(found.warnings).toEqual([
      { code: 'malformed_alerts', detail: 'alertmanager: 3 alerts could not be read' },
    ]);
  });

  test('a storm is cut, said, and closes nothing', async () => {
    const storm = Array.from({ length: 600 }, (_item, n) => alert(`A${n}`));
    const found = await detect(200, JSON.stringify(storm), ['alert', 'provider.unhealthy']);
    expect(found.signals).toHaveLength(500);
    expect(found.judges).toEqual([]);
    expect(found.warnings).toMatchObject([
      { code: 'alerts_cut', detail: expect.stringContaining('100') as string },
    ]);
  });

  test.each([
    [400, '"bad matcher format"', 'alertmanager answered 400: bad matcher format'],
    [500, '"internal \\u001b[31merror"', 'alertmanager answered 500: internal \\u{1B}[31merror'],
    [200, '{"status":"success"}', 'alertmanager answered 200 with no list of alerts'],
    [200, 'null', 'alertmanager answered 200 with no list of alerts'],
    [401, '"no"', 'alertmanager answered 401: ALERTMANAGER_TOKEN is missing or not accepted'],
  ])('%i %s', async (status, body, message) => {
    await expect(detect(status, body)).rejects.toMatchObject({ code: 'alertmanager_error', message });
  });

  test('nobody listening', async () => {
    const gone = await startRawServer(() => undefined);
    await gone.stop();
    const source = createAlertmanagerSource({ endpoint: { url: gone.url, token: null }, now: () => '' });
    await expect(source.detect(AbortSignal.timeout(5_000))).rejects.toMatchObject({
      code: 'alertmanager_unreachable',
    });
  });
});
