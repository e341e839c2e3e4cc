import { afterEach, describe, expect, test } from 'vitest';
import { createLitellmGateway } from '../../../src/adapters/litellm/gateway.ts';
import type { Change } from '../../../src/core/change.ts';
import { invertChanges } from '../../../src/core/change.ts';
import type { ReleaseName } from '../../../src/sandbox/releases.ts';
import {
  initialDeployments,
  initialGuardrails,
  initialKeys,
  organization,
} from '../../../src/sandbox/world.ts';
import { reply, startRawServer } from '../../support/raw-server.ts';
import { startTestGateway, type TestGateway } from '../../support/sandbox.ts';

const never = new AbortController().signal;
const by = { operator: 'ana' };
let gateway: TestGateway | null = null;

afterEach(async () => {
  await gateway?.stop();
  gateway = null;
});

async function effectsOf(options: Parameters<typeof startTestGateway>[0] = {}) {
  gateway = await startTestGateway(options);
  return gateway.client.effects;
}

const stored = initialDeployments.find((row) => row.provider === 'anthropic');
const fromConfig = initialDeployments.find((row) => !row.inDatabase);
const key = initialKeys.find((row) => row.alias === 'support-bot');
const guardrail = initialGuardrails.find((row) => row.inDatabase);
const block: Change = { target: `litellm:deployment/${stored?.id}`, field: 'blocked', from: false, to: true };
const alias: Change = {
  target: 'litellm:model_group/gpt-4o',
  field: 'alias',
  from: null,
  to: 'claude-sonnet-4-6',
};

/** One change of every kind, from what the simulated gateway starts with. */
const changes: readonly Change[] = [
  block,
  alias,
  {
    target: 'litellm:model_group/gpt-4o',
    field: 'fallbacks',
    from: null,
    to: ['claude-sonnet-4-6', 'gpt-4o-mini'],
  },
  { target: 'litellm:team/team-search', field: 'rpm_limit', from: 300, to: 450 },
  { target: 'litellm:team/team-search', field: 'tpm_limit', from: 400_000, to: 600_000 },
  { target: 'litellm:team/team-search', field: 'max_budget', from: 250, to: 375 },
  { target: `litellm:key/${key?.token}`, field: 'rpm_limit', from: null, to: 60 },
  { target: `litellm:key/${key?.token}`, field: 'tpm_limit', from: null, to: 9_000 },
  { target: `litellm:key/${key?.token}`, field: 'max_budget', from: 200, to: null },
  { target: `litellm:key/${key?.token}`, field: 'blocked', from: false, to: true },
  { target: `litellm:budget/${organization.budgetId}`, field: 'max_budget', from: 2_000, to: 3_000 },
  { target: `litellm:guardrail/${guardrail?.id}`, field: 'default_on', from: true, to: false },
];

describe('every kind of change', () => {
  test.each(
    changes.map((change) => [`${change.target.replace(/[0-9a-f-]{32,}/u, '…')} ${change.field}`, change]),
  )('%s: read, write, read back, undo, read back', async (_name, change) => {
    const effects = await effectsOf();
    const [inverse] = invertChanges([change]);
    expect(effects.serves(change.target)).toBe(true);
    expect(await effects.probe(change, never)).toEqual({ status: 'known', value: change.from });
    expect(await effects.write(change, by, never)).toEqual({ status: 'accepted' });
    expect(await effects.probe(change, never)).toEqual({ status: 'known', value: change.to });
    expect(await effects.write(inverse ?? change, by, never)).toEqual({ status: 'accepted' });
    expect(await effects.probe(change, never)).toEqual({ status: 'known', value: change.from });
  });

  test('all of them side by side do not disturb each other', async () => {
    const effects = await effectsOf();
    expect(await Promise.all(changes.map((change) => effects.write(change, by, never)))).toEqual(
      changes.map(() => ({ status: 'accepted' })),
    );
    for (const change of changes)
      expect(await effects.probe(change, never)).toEqual({ status: 'known', value: change.to });
  });

  test('other targets and fields are nothing it can change', async () => {
    const effects = await effectsOf();
    expect(effects.serves('pagerduty:alert/x')).toBe(false);
    const odd = { ...block, target: 'litellm:deployment/x', field: 'alias' } as unknown as Change;
    expect(await effects.write(odd, by, never)).toMatchObject({ status: 'refused' });
    expect(await effects.probe(odd, never)).toMatchObject({ status: 'not_readable' });
  });

  test('a value of the wrong type is not sent', async () => {
    const effects = await effectsOf();
    for (const change of changes) {
      const wrong = { ...change, to: { not: 'this' } } as unknown as Change;
      expect(await effects.write(wrong, by, never)).toMatchObject({
        status: 'refused',
        reason: expect.stringMatching(/^`[a-z_]+` was given .*; allowed: /u),
      });
      expect(await effects.probe(change, never)).toEqual({ status: 'known', value: change.from });
    }
  });
});

describe('unknown objects are refused and not readable', () => {
  const unknown: readonly Change[] = [
    { target: 'litellm:deployment/no-such', field: 'blocked', from: false, to: true },
    { target: 'litellm:team/no-such', field: 'rpm_limit', from: 1, to: 2 },
    { target: 'litellm:key/no-such', field: 'blocked', from: false, to: true },
    { target: 'litellm:key/no-such', field: 'max_budget', from: 1, to: 2 },
    { target: 'litellm:budget/no-such', field: 'max_budget', from: 1, to: 2 },
    { target: 'litellm:guardrail/no-such', field: 'default_on', from: true, to: false },
  ];
  test('each kind', async () => {
    const effects = await effectsOf();
    for (const change of unknown) {
      expect(await effects.write(change, by, never)).toMatchObject({ status: 'refused' });
      expect(await effects.probe(change, never)).toMatchObject({ status: 'not_readable' });
    }
  });

  test('an id with slashes, spaces and a query in it reaches no other route', async () => {
    const effects = await effectsOf({ release: '1.95' });
    for (const target of ['litellm:guardrail/../team/update?x=', 'litellm:guardrail/a b#c'] as const) {
      const change: Change = { target, field: 'default_on', from: true, to: false };
      expect(await effects.write(change, by, never)).toMatchObject({ status: 'refused' });
    }
  });
});

describe('pausing a deployment', () => {
  test.each(['1.100', '1.95'] as const)('%s, by its own route or by PATCH', async (release: ReleaseName) => {
    const effects = await effectsOf({ release });
    expect(await effects.write(block, by, never)).toEqual({ status: 'accepted' });
    expect(await effects.probe(block, never)).toEqual({ status: 'known', value: true });
  });

  test('1.81 accepts and ignores it; the flag cannot be read there', async () => {
    const effects = await effectsOf({ release: '1.81' });
    expect(await effects.write(block, by, never)).toEqual({ status: 'accepted' });
    expect(await effects.probe(block, never)).toMatchObject({ status: 'not_readable' });
  });

  test('a deployment of config.yaml is refused', async () => {
    const effects = await effectsOf();
    const change: Change = {
      target: `litellm:deployment/${fromConfig?.id}`,
      field: 'blocked',
      from: false,
      to: true,
    };
    expect(await effects.write(change, by, never)).toMatchObject({
      status: 'refused',
      reason: expect.stringContaining('config-based'),
    });
  });

  test('a 400 that is not known may have landed', async () => {
    const effects = await effectsOf();
    gateway?.faults.set('POST /model/block', { kind: 'apply_then_status', status: 400 });
    expect(await effects.write(block, by, never)).toEqual({
      status: 'ambiguous',
      reason: '400: simulated 400',
    });
    expect(await effects.probe(block, never)).toEqual({ status: 'known', value: true });
  });
});

describe('without STORE_MODEL_IN_DB', () => {
  test.each([
    [block, 'refused'],
    [alias, 'ambiguous'],
    [{ ...alias, field: 'fallbacks', to: ['gpt-4o-mini'] } as Change, 'refused'],
    [
      { target: `litellm:guardrail/${guardrail?.id}`, field: 'default_on', from: true, to: false } as Change,
      'ambiguous',
    ],
  ] as const)('%j is %s and changes nothing', async (change, status) => {
    const effects = await effectsOf({ modelStorage: 'off' });
    expect(await effects.write(change, by, never)).toMatchObject({ status });
    expect(await effects.probe(change, never)).toEqual({ status: 'known', value: change.from });
  });
});

describe('aliases', () => {
  test.each(['1.81', '1.100'] as const)(
    '%s: other settings and aliases survive',
    async (release: ReleaseName) => {
      const effects = await effectsOf({ release });
      const other: Change = { target: 'litellm:model_group/other', field: 'alias', from: null, to: 'gpt-4o' };
      const fallbacks: Change = {
        target: 'litellm:model_group/gpt-4o',
        field: 'fallbacks',
        from: null,
        to: ['gpt-4o-mini'],
      };
      for (const change of [other, fallbacks, alias])
        expect(await effects.write(change, by, never)).toEqual({ status: 'accepted' });
      const [undo = alias] = invertChanges([alias]);
      expect(await effects.write(undo, by, never)).toEqual({ status: 'accepted' });
      for (const change of [other, fallbacks])
        expect(await effects.probe(change, never)).toEqual({ status: 'known', value: change.to });
      expect(await effects.probe(alias, never)).toEqual({ status: 'known', value: null });
      const yaml: Change = {
        target: 'litellm:model_group/gpt-4-turbo',
        field: 'alias',
        from: 'gpt-4o',
        to: null,
      };
      expect(await effects.probe(yaml, never)).toEqual({ status: 'known', value: 'gpt-4o' });
    },
  );

  test('one defined in YAML stays, and the read-back says so', async () => {
    const effects = await effectsOf();
    const yaml: Change = {
      target: 'litellm:model_group/gpt-4-turbo',
      field: 'alias',
      from: 'gpt-4o',
      to: null,
    };
    expect(await effects.write(yaml, by, never)).toEqual({ status: 'accepted' });
    expect(await effects.probe(yaml, never)).toEqual({ status: 'known', value: 'gpt-4o' });
  });

  test('somebody else changed it meanwhile: nothing is sent', async () => {
    const effects = await effectsOf();
    await effects.write({ ...alias, to: 'gpt-4o-mini' } as Change, by, never);
    expect(await effects.write(alias, by, never)).toEqual({
      status: 'refused',
      reason: 'not sent: the alias is now "gpt-4o-mini"',
    });
    expect(await effects.probe(alias, never)).toEqual({ status: 'known', value: 'gpt-4o-mini' });
  });

  test('a hidden alias is left alone: a name could not put it back', async () => {
    const effects = await effectsOf();
    const hidden = { model_group_alias: { 'gpt-4o': { model: 'gpt-4o-mini', hidden: true } } };
    await fetch(`${gateway?.adminUrl}/config/update`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway?.masterKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ router_settings: hidden }),
    });
    const change: Change = {
      target: 'litellm:model_group/gpt-4o',
      field: 'alias',
      from: 'gpt-4o-mini',
      to: null,
    };
    expect(await effects.probe(change, never)).toEqual({ status: 'known', value: 'gpt-4o-mini' });
    expect(await effects.write(change, by, never)).toMatchObject({ status: 'refused' });
  });

  test('the settings cannot be read: nothing is sent', async () => {
    const effects = await effectsOf();
    gateway?.faults.set('GET /get/config/callbacks', { kind: 'status', status: 503 });
    expect(await effects.write(alias, by, never)).toEqual({
      status: 'refused',
      reason: 'not sent: 503: simulated 503',
    });
    expect(await effects.probe(alias, never)).toMatchObject({ status: 'unreachable' });
  });

  test.each([
    ['some', () => Promise.resolve({ num_retries: 3, unknown: 1 }), ['num_retries', 'model_group_alias']],
    ['an empty row', () => Promise.resolve({}), ['model_group_alias']],
    ['no row', () => Promise.resolve(null), ['num_retries', 'timeout', 'model_group_alias']],
    ['unreadable', () => Promise.reject(new Error('down')), ['num_retries', 'timeout', 'model_group_alias']],
  ] as const)('stored settings: %s. Sent are values in force', async (_what, storedRouterSettings, names) => {
    const inForce = { num_retries: 2, timeout: 600, model_group_alias: { a: 'b' } };
    const server = await startRawServer((request, response) =>
      reply(response, 200, request.method === 'GET' ? JSON.stringify({ router_settings: inForce }) : '{}'),
    );
    const { effects } = createLitellmGateway({
      baseUrl: server.url,
      masterKey: 'sk-1234',
      storedRouterSettings,
    });
    expect(await effects.write(alias, by, never)).toEqual({ status: 'accepted' });
    const body = JSON.parse(server.requests.at(-1)?.body ?? '{}');
    expect(Object.keys(body.router_settings)).toEqual(names);
    expect(body.router_settings).toMatchObject({
      model_group_alias: { a: 'b', 'gpt-4o': 'claude-sonnet-4-6' },
    });
    expect(body.router_settings.num_retries ?? 2).toBe(2);
    await server.stop();
  });

  test('many at once all get through', async () => {
    const effects = await effectsOf();
    const many = Array.from({ length: 8 }, (_, at): Change => ({
      target: `litellm:model_group/group-${at}`,
      field: 'alias',
      from: null,
      to: 'gpt-4o',
    }));
    await Promise.all(many.map((change) => effects.write(change, by, never)));
    for (const change of many)
      expect(await effects.probe(change, never)).toEqual({ status: 'known', value: 'gpt-4o' });
  });
});

describe('when the gateway misbehaves', () => {
  const team = changes[3] ?? block;

  test('every status, by whether it says clearly that nothing was changed', async () => {
    const effects = await effectsOf();
    for (const [result, statuses] of [
      ['refused', [400, 401, 403, 404, 409, 422]],
      ['ambiguous', [408, 425, 429, 500, 502, 503, 504]],
    ] as const)
      for (const status of statuses) {
        gateway?.faults.set('POST /team/update', { kind: 'status', status });
        expect(await effects.write(team, by, never)).toEqual({
          status: result,
          reason: `${status}: simulated ${status}`,
        });
      }
    expect(await effects.probe(team, never)).toEqual({ status: 'known', value: team.from });
  });

  test('applied, then 500: ambiguous, and the probe tells', async () => {
    const effects = await effectsOf();
    gateway?.faults.set('POST /team/update', { kind: 'apply_then_status', status: 500 });
    expect(await effects.write(team, by, never)).toMatchObject({ status: 'ambiguous' });
    expect(await effects.probe(team, never)).toEqual({ status: 'known', value: team.to });
  });

  test('applied, then silence: ambiguous at the deadline, and the probe tells', async () => {
    const effects = await effectsOf({ timeoutMs: 150 });
    gateway?.faults.set('POST /team/update', { kind: 'apply_then_hang' });
    expect(await effects.write(team, by, never)).toEqual({
      status: 'ambiguous',
      reason: 'no complete answer within 0.15 s',
    });
    expect(await effects.probe(team, never)).toEqual({ status: 'known', value: team.to });
  });

  test('200 but nothing stored: accepted, and the probe tells', async () => {
    const effects = await effectsOf();
    gateway?.faults.set('POST /team/update', { kind: 'ignore' });
    expect(await effects.write(team, by, never)).toEqual({ status: 'accepted' });
    expect(await effects.probe(team, never)).toEqual({ status: 'known', value: team.from });
  });

  test('a page of a load balancer: ambiguous', async () => {
    const effects = await effectsOf();
    gateway?.faults.set('POST /team/update', { kind: 'html', status: 502 });
    expect(await effects.write(team, by, never)).toEqual({
      status: 'ambiguous',
      reason: '502: an HTML page: 502 Bad Gateway',
    });
    gateway?.faults.set('GET /team/info', { kind: 'html', status: 200 });
    expect(await effects.probe(team, never)).toEqual({
      status: 'unreachable',
      reason: 'answered 200, but not with JSON',
    });
  });

  test('a probe is told apart: declined or unreachable', async () => {
    const effects = await effectsOf({ timeoutMs: 150 });
    gateway?.faults.set('GET /team/info', { kind: 'status', status: 403 });
    expect(await effects.probe(team, never)).toMatchObject({ status: 'not_readable' });
    gateway?.faults.set('GET /team/info', { kind: 'hang' });
    expect(await effects.probe(team, never)).toMatchObject({ status: 'unreachable' });
  });
});
