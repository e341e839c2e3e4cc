import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { createLitellmGateway, type LitellmGatewayOptions } from '../../../src/adapters/litellm/gateway.ts';
import type { ReadingName } from '../../../src/core/evidence.ts';
import { callbackSecret } from '../../../src/sandbox/admin-router.ts';
import { initialDeployments } from '../../../src/sandbox/world.ts';
import { reply, startRawServer, type RawRequest, type RawServer } from '../../support/raw-server.ts';
import { startTestGateway, type TestGateway } from '../../support/sandbox.ts';

let gateway: TestGateway | null = null;
let server: RawServer | null = null;
const never = new AbortController().signal;

afterEach(async () => {
  await gateway?.stop();
  await server?.stop();
  gateway = null;
  server = null;
});

async function simulated(options: Parameters<typeof startTestGateway>[0] = {}) {
  gateway = await startTestGateway(options);
  return gateway.client.facts;
}

/** Facts of a gateway whose answers the test makes up, by path. */
async function madeUp(
  answers: Readonly<Record<string, (request: RawRequest, response: ServerResponse) => void>>,
  options: Partial<LitellmGatewayOptions> = {},
) {
  server = await startRawServer((request, response) => {
    const answer = answers[request.url.split('?')[0] ?? ''];
    if (answer === undefined) reply(response, 404, '{"detail":"Not Found"}');
    else answer(request, response);
  });
  return createLitellmGateway({ baseUrl: server.url, masterKey: 'sk-1234', ...options }).facts;
}

const json = (body: unknown) => (_request: RawRequest, response: ServerResponse) =>
  reply(response, 200, JSON.stringify(body));
const deploymentJson = (id: string, info: object = {}) => ({
  model_name: 'gpt-4o',
  litellm_params: { model: 'openai/gpt-4o' },
  model_info: { id, db_model: true, ...info },
});

describe('facts of the simulated gateway', () => {
  test('deployments', async () => {
    const facts = await simulated();
    const reading = await facts.read('gateway.deployments', never);
    expect(reading.status === 'known' && reading.value).toEqual(
      initialDeployments.map(({ id, modelGroup, provider, inDatabase }) => ({
        id,
        modelGroup,
        provider,
        inDatabase,
        blocked: false,
        wildcard: false,
      })),
    );
    expect(reading).toMatchObject({ source: 'litellm_api' });
  });

  test.each([
    ['1.100', { version: '1.100.1', canBlockDeployments: true }],
    ['1.95', { version: '1.95.2', canBlockDeployments: true }],
    ['1.81', { version: '1.81.13', canBlockDeployments: false }],
  ] as const)('capabilities of %s', async (release, expected) => {
    const facts = await simulated({ release });
    expect(await facts.read('gateway.capabilities', never)).toMatchObject({
      status: 'known',
      value: { ...expected, storesModelsInDb: true, canPatchGuardrails: true },
    });
  });

  test('aliases, and nothing of the secrets beside them', async () => {
    const facts = await simulated();
    const reading = await facts.read('gateway.aliases', never);
    expect(reading).toMatchObject({ status: 'known', value: { map: { 'gpt-4-turbo': 'gpt-4o' } } });
    expect(JSON.stringify(reading)).not.toContain(callbackSecret);
  });

  test('guardrails with where they are defined', async () => {
    const facts = await simulated();
    const reading = await facts.read('gateway.guardrails', never);
    expect(reading.status === 'known' && reading.value.map(({ id: _id, ...rest }) => rest)).toEqual([
      { name: 'pii-mask', defaultOn: true, inDatabase: true },
      { name: 'prompt-shield', defaultOn: true, inDatabase: true },
      { name: 'profanity', defaultOn: false, inDatabase: false },
    ]);
  });

  test('teams', async () => {
    const facts = await simulated();
    const reading = await facts.read('gateway.teams', never);
    expect(reading.status === 'known' && reading.value[0]).toEqual({
      id: 'team-payments',
      alias: 'Payments',
      orgId: 'org-acme',
      spend: 182.5,
      maxBudget: 500,
      softBudget: 400,
      rpmLimit: 300,
      tpmLimit: 400_000,
      blocked: false,
    });
  });

  test.each(['gateway.deployments', 'gateway.aliases', 'gateway.guardrails', 'gateway.teams'] as const)(
    '%s is unknown with its reason when the gateway fails',
    async (name) => {
      const facts = await simulated();
      for (const route of [
        'GET /model/info',
        'GET /get/config/callbacks',
        'GET /v2/guardrails/list',
        'GET /v2/team/list',
      ] as const)
        gateway?.faults.set(route, { kind: 'html', status: 502 });
      expect(await facts.read(name, never)).toMatchObject({
        status: 'unknown',
        reason: expect.stringMatching(/: 502: an HTML page: 502 Bad Gateway$/u),
      });
    },
  );

  test('a reading that the admin API does not tell is unknown', async () => {
    const facts = await simulated();
    expect(await facts.read('traffic.day', never)).toMatchObject({ status: 'unknown' });
    const names: readonly ReadingName[] = facts.provides;
    expect(names).not.toContain('traffic.day');
  });
});

describe('facts of other gateways', () => {
  test('readings that need the deployments share one request', async () => {
    const facts = await madeUp({ '/model/info': json({ data: [deploymentJson('a')] }) });
    await Promise.all([
      facts.read('gateway.deployments', never),
      facts.read('gateway.capabilities', never),
      facts.read('gateway.identity', never),
    ]);
    expect(server?.requests.filter(({ url }) => url === '/model/info')).toHaveLength(1);
    await facts.read('gateway.deployments', never);
    expect(server?.requests.filter(({ url }) => url === '/model/info')).toHaveLength(2);
  });

  test.each([
    ['same', ['x', 'a'], 'same'],
    ['different', ['x', 'y'], 'different'],
    ['nothing logged', [], 'not_logged'],
    ['only blank ids logged', ['', ''], 'not_logged'],
    ['no log', null, 'not_logged'],
  ] as const)('identity: %s', async (_what, logged, match) => {
    const facts = await madeUp(
      { '/model/info': json({ data: [deploymentJson('a'), deploymentJson('b')] }) },
      { recentDeploymentIds: () => Promise.resolve(logged) },
    );
    expect(await facts.read('gateway.identity', never)).toMatchObject({ status: 'known', value: { match } });
  });

  test('identity is unknown when the log cannot be read; its error is not passed on', async () => {
    const facts = await madeUp(
      { '/model/info': json({ data: [deploymentJson('a')] }) },
      { recentDeploymentIds: () => Promise.reject(new Error('password hunter2 refused')) },
    );
    const reading = await facts.read('gateway.identity', never);
    expect(reading).toMatchObject({ status: 'unknown', reason: 'could not be read' });
  });

  test('a release that reports no flag and hides its routes cannot be told to block', async () => {
    const facts = await madeUp({ '/model/info': json({ data: [deploymentJson('a', { db_model: false })] }) });
    expect(await facts.read('gateway.capabilities', never)).toMatchObject({
      status: 'known',
      value: { version: null, canBlockDeployments: false, storesModelsInDb: null, canPatchGuardrails: false },
    });
  });

  test('with hidden routes the flag and the list of guardrails tell', async () => {
    const facts = await madeUp({
      '/model/info': json({ data: [deploymentJson('a', { blocked: false })] }),
      '/health/readiness': json({ litellm_version: '1.99\u202e' }),
      '/v2/guardrails/list': json({ guardrails: [] }),
    });
    expect(await facts.read('gateway.capabilities', never)).toMatchObject({
      value: { version: '1.99\\u{202E}', canBlockDeployments: true, canPatchGuardrails: true },
    });
  });

  test('one row of an unknown shape makes the deployments unknown', async () => {
    const facts = await madeUp({ '/model/info': json({ data: [deploymentJson('a'), { model_name: 'b' }] }) });
    expect(await facts.read('gateway.deployments', never)).toMatchObject({
      status: 'unknown',
      reason: '/model/info: the answer has an unknown shape',
    });
  });

  test('more deployments than are looked at are not cut but unknown', async () => {
    const data = Array.from({ length: 5_001 }, (_, at) => deploymentJson(`d-${at}`));
    const facts = await madeUp({ '/model/info': json({ data }) });
    expect(await facts.read('gateway.deployments', never)).toMatchObject({
      status: 'unknown',
      reason: 'more than 5000 deployments',
    });
  });

  test('guardrails of the older list, without ids', async () => {
    const facts = await madeUp({
      '/guardrails/list': json({
        guardrails: [
          { guardrail_name: 'pii', litellm_params: { default_on: true } },
          { guardrail_name: 'x' },
        ],
      }),
    });
    expect(await facts.read('gateway.guardrails', never)).toMatchObject({
      value: [
        { id: 'pii', name: 'pii', defaultOn: true, inDatabase: false },
        { id: 'x', name: 'x', defaultOn: false, inDatabase: false },
      ],
    });
  });

  test('teams of the older list; big numbers may be text', async () => {
    const facts = await madeUp({
      '/team/list': json([{ team_id: 't', tpm_limit: '9007199254740', team_alias: '' }]),
    });
    expect(await facts.read('gateway.teams', never)).toMatchObject({
      value: [{ id: 't', alias: null, orgId: null, spend: 0, tpmLimit: 9_007_199_254_740, rpmLimit: null }],
    });
  });

  test('teams page by page', async () => {
    const facts = await madeUp({
      '/v2/team/list': (request, response) => {
        const page = new URL(request.url, 'http://x').searchParams.get('page');
        reply(response, 200, JSON.stringify({ teams: [{ team_id: `t-${page}` }], total_pages: 3 }));
      },
    });
    const reading = await facts.read('gateway.teams', never);
    expect(reading.status === 'known' && reading.value.map(({ id }) => id)).toEqual(['t-1', 't-2', 't-3']);
  });

  test('pages without end are not followed for ever', async () => {
    const facts = await madeUp({ '/v2/team/list': json({ teams: [], total_pages: 1_000_000 }) });
    expect(await facts.read('gateway.teams', never)).toMatchObject({ reason: 'more than 5000 teams' });
    expect(server?.requests).toHaveLength(50);
  });
});
