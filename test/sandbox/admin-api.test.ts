import { z } from 'zod';
import { afterEach, describe, expect, test } from 'vitest';
import { callbackSecret } from '../../src/sandbox/admin-router.ts';
import {
  initialDeployments,
  initialGuardrails,
  initialKeys,
  virtualKeySecret,
} from '../../src/sandbox/world.ts';
import { startTestGateway, type TestGateway } from '../support/sandbox.ts';

/** The simulated routes against facts/litellm.md B: shapes of answers and of errors. */

let gateway: TestGateway | null = null;

afterEach(async () => {
  await gateway?.stop();
  gateway = null;
});

async function open(options: Parameters<typeof startTestGateway>[0] = {}) {
  gateway = await startTestGateway(options);
  const { adminUrl, masterKey } = gateway;
  return async (route: string, body?: unknown, bearer: string | null = masterKey) => {
    const [method = 'GET', path = '/'] = route.split(' ');
    const response = await fetch(`${adminUrl}${path}`, {
      method,
      headers: {
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
}

const proxyError = (status: number, type: string) => ({
  status,
  body: { error: { message: expect.any(String), type, param: 'None', code: String(status) } },
});
const detailError = (status: number) => ({ status, body: { detail: { error: expect.any(String) } } });

const inDatabase = initialDeployments.find((row) => row.inDatabase);
const inConfig = initialDeployments.find((row) => !row.inDatabase);
const guardrail = initialGuardrails.find((row) => row.inDatabase);
const configGuardrail = initialGuardrails.find((row) => !row.inDatabase);
const key = initialKeys[0];

describe('who may call', () => {
  test('health and the route list need no key', async () => {
    const call = await open();
    expect(await call('GET /health/readiness', undefined, null)).toEqual({
      status: 200,
      body: {
        status: 'healthy',
        db: 'connected',
        cache: null,
        litellm_version: '1.100.1',
        success_callbacks: ['prometheus'],
      },
    });
    const { body } = await call('GET /openapi.json', undefined, null);
    expect(Object.keys(body.paths['/model/block'])).toEqual(['post']);
    expect(Object.keys(body.paths['/guardrails/{guardrail_id}'])).toEqual(['get', 'patch']);
  });

  test('no key and a wrong key: 401; a team key: 403', async () => {
    const call = await open();
    expect(await call('GET /model/info', undefined, null)).toEqual(proxyError(401, 'auth_error'));
    expect(await call('POST /model/block', { model_id: 'x' }, 'sk-no')).toEqual(
      proxyError(401, 'auth_error'),
    );
    const member = virtualKeySecret('batch-nightly');
    expect(await call('POST /model/block', { model_id: 'x' }, member)).toEqual(proxyError(403, 'auth_error'));
  });

  test('a route that is not there', async () => {
    const call = await open();
    expect(await call('GET /no/such')).toEqual({ status: 404, body: { detail: 'Not Found' } });
    expect(await call('POST /model/info', {})).toEqual({ status: 404, body: { detail: 'Not Found' } });
  });
});

describe('models (B.3)', () => {
  test('list, one, and an unknown id', async () => {
    const call = await open();
    const { body } = await call('GET /model/info');
    expect(body.data).toHaveLength(initialDeployments.length);
    expect(body.data[0]).toEqual({
      model_name: 'gpt-4o',
      litellm_params: {
        model: 'openai/gpt-4o',
        api_base: 'https://api.openai.com/v1/',
        use_in_pass_through: false,
      },
      model_info: {
        id: initialDeployments[0]?.id,
        db_model: true,
        blocked: false,
        litellm_provider: 'openai',
        team_id: null,
      },
    });
    const one = await call(`GET /model/info?litellm_model_id=${inConfig?.id}`);
    expect(one.body.data).toMatchObject([{ model_info: { id: inConfig?.id, db_model: false } }]);
    expect(await call('GET /model/info?litellm_model_id=no')).toEqual(detailError(400));
  });

  test('block, block again, unblock', async () => {
    const call = await open();
    for (const [route, blocked] of [
      ['POST /model/block', true],
      ['POST /model/block', true],
      ['POST /model/unblock', false],
    ] as const) {
      expect(await call(route, { model_id: inDatabase?.id })).toMatchObject({
        status: 200,
        body: { model_info: { id: inDatabase?.id, blocked } },
      });
      const rows = await gateway?.database.query(
        'SELECT "blocked" FROM "LiteLLM_ProxyModelTable" WHERE "model_id" = $1',
        [inDatabase?.id ?? ''],
      );
      expect(rows).toEqual([{ blocked }]);
    }
  });

  test('the table of refusals', async () => {
    const call = await open();
    expect(await call('POST /model/block', { model_id: 'no' })).toEqual(proxyError(404, 'not_found_error'));
    const config = await call('POST /model/block', { model_id: inConfig?.id });
    expect(config).toEqual(proxyError(400, 'bad_request_error'));
    expect(config.body.error.message).toMatch(/^Cannot edit config-based model/u);
    expect(await call('POST /model/block', {})).toEqual({
      status: 422,
      body: { detail: [{ loc: ['body', 'model_id'], msg: expect.any(String), type: expect.any(String) }] },
    });
    await gateway?.stop();
    const off = await open({ modelStorage: 'off' });
    expect((await off('POST /model/block', { model_id: inDatabase?.id })).body.error.message).toBe(
      'Model updates only supported for DB-stored models',
    );
  });

  test('older releases: PATCH alone, and before that nothing', async () => {
    const call = await open({ release: '1.95' });
    expect(await call('POST /model/block', { model_id: inDatabase?.id })).toMatchObject({ status: 404 });
    const path = `PATCH /model/${inDatabase?.id}/update`;
    expect(await call(path, { blocked: true })).toMatchObject({ body: { model_info: { blocked: true } } });
    await gateway?.stop();
    const oldest = await open({ release: '1.81' });
    expect(await oldest(path, { blocked: true })).toMatchObject({ status: 200 });
    const { body } = await oldest('GET /model/info');
    expect(body.data[0].model_info).not.toHaveProperty('blocked');
  });
});

describe('router settings (B.4)', () => {
  const settings = async (call: Awaited<ReturnType<typeof open>>) =>
    (await call('GET /get/config/callbacks')).body.router_settings;

  test('the settings in force come with secrets beside them', async () => {
    const call = await open();
    const { body } = await call('GET /get/config/callbacks');
    expect(JSON.stringify(body)).toContain(callbackSecret);
    expect(body.router_settings).toMatchObject({
      num_retries: 0,
      model_group_alias: { 'gpt-4-turbo': 'gpt-4o' },
    });
  });

  test('new releases merge, ignore null and refuse unknown names', async () => {
    const call = await open();
    const update = (router_settings: object) => call('POST /config/update', { router_settings });
    expect(await update({ model_group_alias: { a: 'b' } })).toEqual({
      status: 200,
      body: { message: 'Config updated successfully' },
    });
    await update({ num_retries: 5, model_group_alias: null });
    expect(await settings(call)).toMatchObject({
      num_retries: 5,
      model_group_alias: { a: 'b', 'gpt-4-turbo': 'gpt-4o' },
    });
    const refused = await update({ made_up: 1 });
    expect(refused).toEqual(proxyError(400, 'bad_request_error'));
    expect(refused.body.error.message).toBe('Unsupported router settings: made_up');
    await update({ model_group_alias: {} });
    expect((await settings(call)).model_group_alias).toEqual({ 'gpt-4-turbo': 'gpt-4o' });
  });

  test('1.81 replaces, drops unknown names and wipes aliases that are left out', async () => {
    const call = await open({ release: '1.81' });
    const update = (router_settings: object) => call('POST /config/update', { router_settings });
    await update({ model_group_alias: { a: 'b' }, num_retries: 5, made_up: 1 });
    expect(await settings(call)).toMatchObject({ num_retries: 5, model_group_alias: { a: 'b' } });
    await update({ timeout: 30 });
    expect(await settings(call)).toMatchObject({ num_retries: 0, timeout: 30 });
    expect((await settings(call)).model_group_alias).toEqual({ 'gpt-4-turbo': 'gpt-4o' });
  });

  test('without STORE_MODEL_IN_DB: 500', async () => {
    const call = await open({ modelStorage: 'off' });
    expect(await call('POST /config/update', { router_settings: {} })).toEqual(
      proxyError(500, 'internal_server_error'),
    );
  });

  test('fallbacks: set, replace, delete, and the table of errors', async () => {
    const call = await open();
    const set = (body: object) => call('POST /fallback', { model: 'gpt-4o', ...body });
    expect(await set({ fallback_models: ['gpt-4o-mini'] })).toEqual({
      status: 200,
      body: {
        model: 'gpt-4o',
        fallback_models: ['gpt-4o-mini'],
        fallback_type: 'general',
        message: expect.any(String),
      },
    });
    await set({ fallback_models: ['support-chat'] });
    expect((await settings(call)).fallbacks).toEqual([{ 'gpt-4o': ['support-chat'] }]);
    expect(await set({ model: 'no', fallback_models: ['gpt-4o'] })).toEqual({
      status: 404,
      body: { detail: { error: expect.any(String), available_models: expect.arrayContaining(['gpt-4o']) } },
    });
    for (const fallback_models of [['no'], ['gpt-4o'], ['gpt-4o-mini', 'gpt-4o-mini']])
      expect(await set({ fallback_models })).toEqual(detailError(400));
    expect(await set({ fallback_models: [] })).toMatchObject({ status: 422 });
    expect(await call('DELETE /fallback/gpt-4o?fallback_type=general')).toEqual({
      status: 200,
      body: { model: 'gpt-4o', fallback_type: 'general', message: expect.any(String) },
    });
    expect(await call('DELETE /fallback/gpt-4o?fallback_type=general')).toEqual(detailError(404));
  });
});

describe('teams, keys and budgets (B.6, B.7)', () => {
  test('team info and lists', async () => {
    const call = await open();
    const { body } = await call('GET /team/info?team_id=team-batch');
    expect(body).toMatchObject({ team_id: 'team-batch', keys: [], team_memberships: [] });
    expect(body.team_info).toMatchObject({
      max_budget: 150,
      rpm_limit: 300,
      budget_duration: null,
      blocked: false,
    });
    expect(await call('GET /team/info?team_id=no')).toEqual(proxyError(404, 'not_found_error'));
    expect((await call('GET /team/list')).body).toHaveLength(5);
    expect(await call('GET /v2/team/list?page=2&page_size=2')).toMatchObject({
      body: { total: 5, page: 2, page_size: 2, total_pages: 3, teams: [{}, {}] },
    });
  });

  test('a team update writes what is sent, null clears, and limits are checked', async () => {
    const call = await open();
    const update = (body: object) => call('POST /team/update', { team_id: 'team-batch', ...body });
    const { body } = await update({ rpm_limit: null });
    expect(body).toMatchObject({ team_id: 'team-batch', data: { rpm_limit: null, max_budget: 150 } });
    for (const max_budget of [-1, 120, 2_500])
      expect(await update({ max_budget })).toEqual(proxyError(400, 'bad_request_error'));
    expect(await update({ max_budget: 'much' })).toMatchObject({ status: 422 });
    expect(await call('POST /team/update', { team_id: 'no', rpm_limit: 1 })).toMatchObject({ status: 404 });
  });

  test('keys by hash or by themselves', async () => {
    const call = await open();
    const secret = virtualKeySecret(key?.alias ?? '');
    expect(await call(`GET /key/info?key=${key?.token}`)).toMatchObject({
      body: { key: key?.token, info: { key_alias: key?.alias, blocked: null } },
    });
    expect(await call('POST /key/block', { key: secret })).toMatchObject({ body: { blocked: true } });
    expect(await call('POST /key/unblock', { key: key?.token })).toMatchObject({ body: { blocked: false } });
    expect(await call('POST /key/update', { key: key?.token, rpm_limit: 5 })).toMatchObject({
      body: { token: key?.token, rpm_limit: 5, max_budget: null },
    });
    expect(await call('POST /key/block', { key: 'no' })).toEqual(proxyError(404, 'token_not_found_in_db'));
  });

  test('budgets: an unknown id is 200 and null', async () => {
    const call = await open();
    expect(await call('POST /budget/info', { budgets: ['budget-acme', 'no'] })).toMatchObject({
      body: [{ budget_id: 'budget-acme', max_budget: 2_000, soft_budget: 1_600 }],
    });
    expect(await call('POST /budget/update', { budget_id: 'no', max_budget: 1 })).toEqual({
      status: 200,
      body: null,
    });
    expect(await call('POST /budget/update', { budget_id: 'budget-acme', max_budget: null })).toMatchObject({
      body: { max_budget: null },
    });
  });
});

describe('guardrails (B.8)', () => {
  test('lists and one', async () => {
    const call = await open();
    const { body } = await call('GET /v2/guardrails/list');
    expect(
      body.guardrails.map((row: unknown) =>
        z.object({ guardrail_definition_location: z.string() }).parse(row),
      ),
    ).toEqual(['db', 'db', 'config'].map((where) => ({ guardrail_definition_location: where })));
    expect((await call('GET /guardrails/list')).body.guardrails[0]).not.toHaveProperty('guardrail_id');
    for (const path of ['', '/info'])
      expect(await call(`GET /guardrails/${guardrail?.id}${path}`)).toMatchObject({
        body: { guardrail_id: guardrail?.id, litellm_params: { default_on: true } },
      });
    expect(await call('GET /guardrails/no')).toEqual({
      status: 404,
      body: { detail: 'Guardrail with ID no not found' },
    });
  });

  test('default_on counts only inside litellm_params; those of config.yaml are not found', async () => {
    const call = await open();
    const path = `PATCH /guardrails/${guardrail?.id}`;
    expect(await call(path, { default_on: false })).toMatchObject({
      body: { litellm_params: { default_on: true } },
    });
    expect(await call(path, { litellm_params: { default_on: false } })).toMatchObject({
      body: { litellm_params: { default_on: false } },
    });
    const config = `PATCH /guardrails/${configGuardrail?.id}`;
    expect(await call(config, { litellm_params: { default_on: true } })).toMatchObject({ status: 404 });
  });
});
