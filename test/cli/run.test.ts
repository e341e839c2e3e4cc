import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { remediationDocumentSchema } from '../../src/core/contract-schemas.ts';
import { documentSchemas } from '../../src/cli/documents.ts';
import { initialGuardrails } from '../../src/sandbox/world.ts';
import { postgresUrl } from '../support/database.ts';
import type { Outcome } from '../support/program.ts';
import { bedrockOutage, keyOf, startWorld, usualTraffic, type World } from '../support/program-world.ts';

function remediationOf({ stdout }: Outcome) {
  return remediationDocumentSchema.parse(JSON.parse(stdout)).remediation;
}

const paramArgs = (params: Readonly<Record<string, string>>) =>
  Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]);

describe.skipIf(postgresUrl === null)('a person or a script proposes', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.insert(usualTraffic);
    const set = ['sla', 'set', 'chat', '--metric', 'p95_ms', '--target', '100', '--scope', 'provider=openai'];
    expect((await world.run(set)).code).toBe(0);
  });
  afterAll(() => world.stop());

  const guardrail = initialGuardrails[0]?.id ?? '';
  const key = keyOf('team-payments');

  test.concurrent.each<[string, Record<string, string>, readonly object[]]>([
    [
      'route.circuit_break',
      { provider: 'bedrock', minutes: '2' },
      [
        { field: 'blocked', from: false, to: true },
        { field: 'blocked', from: false, to: true },
      ],
    ],
    [
      'route.fallback_swap',
      { model_group: 'gpt-4o', to: 'claude-sonnet-4-6' },
      [{ target: 'litellm:model_group/gpt-4o', field: 'alias', from: null, to: 'claude-sonnet-4-6' }],
    ],
    [
      'limit.raise',
      { team: 'team-payments', percent: '50' },
      [
        { target: 'litellm:team/team-payments', field: 'rpm_limit', from: 300, to: 450 },
        { field: 'tpm_limit', from: 400_000, to: 600_000 },
      ],
    ],
    [
      'limit.lower',
      { team: 'team-search', percent: '90' },
      [
        { target: 'litellm:team/team-search', field: 'rpm_limit', from: 300, to: 30 },
        { field: 'tpm_limit', from: 400_000, to: 40_000 },
      ],
    ],
    ['key.block', { key }, [{ target: `litellm:key/${key}`, field: 'blocked', from: false, to: true }]],
    [
      'alert.page_oncall',
      { summary: 'look at this', severity: 'warning' },
      [{ field: 'page', from: null, to: { summary: 'look at this', severity: 'warning' } }],
    ],
    [
      'guardrail.disable',
      { guardrail: 'pii-mask' },
      [{ target: `litellm:guardrail/${guardrail}`, field: 'default_on', from: true, to: false }],
    ],
    [
      'budget.raise_cap',
      { team: 'team-batch', percent: '20' },
      [{ target: 'litellm:team/team-batch', field: 'max_budget', from: 150, to: 180 }],
    ],
    [
      'sla.disable',
      { sla: 'chat' },
      [
        {
          target: 'scutum:sla/chat',
          field: 'suspended_until',
          from: null,
          to: expect.stringMatching(/:00:00\.000Z$/u),
        },
      ],
    ],
  ])('%s with valid parameters waits for its code: 8', async (type, params, changes) => {
    const outcome = await world.run(['run', type, ...paramArgs(params), '--reason', 'a test', '--json']);
    expect({ code: outcome.code, stderr: outcome.stderr }).toEqual({ code: 8, stderr: '' });
    const remediation = remediationOf(outcome);
    expect(remediation).toMatchObject({
      incidentId: null,
      revertOf: null,
      status: 'pending_approval',
      proposedBy: { kind: 'person', name: 'tester' },
      confidence: null,
      action: { type },
      changes,
      approvals: [],
      execution: null,
    });
    expect(remediation.inverse).toEqual(
      remediation.changes.map((one) => ({ ...one, from: one.to, to: one.from })).toReversed(),
    );
    expect(remediation.preconditions.length).toBeGreaterThanOrEqual(3);
    expect(remediation.gate.decision).toBe('require_approval');
  });

  test('nothing was written to the gateway by proposing', () => {
    expect(world.writes()).toEqual([]);
  });

  test.concurrent.each<[string, readonly string[], RegExp]>([
    [
      'limit.raise',
      ['team=team-payments', 'percent=51'],
      /`percent` is `"51"`: must be a whole number from 1 to 50/u,
    ],
    [
      'limit.raise',
      ['team=team-payments', 'percent=0'],
      /`percent` is `"0"`: must be a whole number from 1 to 50/u,
    ],
    ['limit.raise', ['team=team-payments', 'percent=1e1'], /`percent` is `"1e1"`/u],
    ['limit.raise', ['team=team-payments'], /`percent` is missing/u],
    ['limit.raise', ['tea=team-payments', 'percent=5'], /`team` is missing.*"tea"/u],
    ['limit.raise', ['team=', 'percent=5'], /`team` is `""`: must not be empty/u],
    ['limit.raise', ['percent=5', 'percent=6'], /--param names `percent` twice/u],
    [
      'limit.lower',
      ['team=a', `key=${'0'.repeat(64)}`, 'percent=5'],
      /exactly one of team and key must be given/u,
    ],
    ['limit.lower', ['team=a', 'percent=91'], /from 1 to 90/u],
    [
      'route.circuit_break',
      ['provider=bedrock', 'minutes=6'],
      /`minutes` is `"6"`: must be a whole number from 1 to 5/u,
    ],
    [
      'route.circuit_break',
      ['provider=bed\u001b[31mrock', 'minutes=5'],
      /must not hold control or invisible characters/u,
    ],
    ['alert.page_oncall', ['summary=x', 'severity=loud'], /`severity` is `"loud"`/u],
    ['key.block', ['key=sk-Qm3vT7xWb2Lk9RzYp4NdHg'], /must be the hash of the key, never the key itself/u],
    ['sla.disable', ['sla=chat', 'hours=4'], /"hours"/u],
  ])('%s %j is 2 and names the parameter', async (type, params, said) => {
    const { code, stdout, stderr } = await world.run([
      'run',
      type,
      ...params.flatMap((pair) => ['--param', pair]),
    ]);
    expect(stderr).toMatch(said);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toContain('sk-Qm3vT7xWb2Lk9RzYp4NdHg');
    expect(stderr).not.toContain('\u001b');
  });

  test.concurrent.each([
    ['route.circuitbreak', 'route.circuit_break'],
    ['limit.rise', 'limit.raise'],
    ['page_oncall', 'alert.page_oncall'],
  ])('the unknown action %s is 2 and names the nearest', async (type, nearest) => {
    const { code, stderr } = await world.run(['run', type]);
    expect(stderr).toContain(`\`${type}\` is not in the library; the nearest action is ${nearest}`);
    expect(code).toBe(2);
  });

  test.concurrent.each<[string, Record<string, string>, RegExp]>([
    ['limit.raise', { team: 'team-nobody', percent: '5' }, /refused: team\.known: /u],
    ['route.circuit_break', { provider: 'nobody', minutes: '5' }, /refused: provider\.deployments_known: /u],
    ['guardrail.disable', { guardrail: 'profanity' }, /refused: guardrail\.on_by_default: /u],
    [
      'route.fallback_swap',
      { model_group: 'gpt-4o', to: 'no-such-group' },
      /refused: model_group\.target_exists: /u,
    ],
  ])('%s %j is refused by a must: 7, and says which', async (type, params, said) => {
    const { code, stdout, stderr } = await world.run(['run', type, ...paramArgs(params)]);
    expect(stderr).toMatch(said);
    expect(stdout).toMatch(/^#\d+ .*: refused \(test\)\n$/u);
    expect(code).toBe(7);
    const id = /^#(\d+)/u.exec(stdout)?.[1] ?? '';
    const approve = await world.run(['approve', id]);
    expect(approve.stderr).toMatch(new RegExp(`remediation ${id} is refused`, 'u'));
    expect(approve.code).toBe(7);
  });

  test('a must that cannot be read is 75', async () => {
    world.gateway.faults.set('GET /model/info', { kind: 'status', status: 503 });
    const { code, stderr } = await world.run([
      'run',
      'route.circuit_break',
      ...paramArgs({ provider: 'azure', minutes: '5' }),
    ]);
    world.gateway.faults.clear();
    expect(stderr).toMatch(/refused: /u);
    expect(code).toBe(75);
  });

  test('an incident that is not there is 2', async () => {
    const args = ['run', 'key.block', '--param', `key=${key}`, '--incident'];
    expect(await world.run([...args, 'INC-9'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there is no incident INC-9/u),
    });
    expect(await world.run([...args, 'seven'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/`seven` is not an incident id/u),
    });
  });
});

describe.skipIf(postgresUrl === null)('what becomes of a proposal', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.insert([...usualTraffic, ...bedrockOutage]);
  });
  afterAll(() => world.stop());

  test('list and show say the same in words and in JSON', async () => {
    expect((await world.run(['triage', '--json'])).code).toBe(8);
    const [incidents, remediations, one, incident] = await Promise.all([
      world.run(['list', '--json']),
      world.run(['list', 'remediations', '--json']),
      world.run(['show', '1', '--json']),
      world.run(['show', 'inc-1', '--json']),
    ]);
    expect(documentSchemas.incidents.parse(JSON.parse(incidents.stdout))).toMatchObject({
      deployment: 'test',
      cut: false,
      incidents: [{ id: 'INC-1', kind: 'provider.unhealthy', closedAt: null }],
    });
    const listed = documentSchemas.remediations.parse(JSON.parse(remediations.stdout));
    expect(listed.remediations).toEqual([remediationOf(one)]);
    expect(documentSchemas.incident.parse(JSON.parse(incident.stdout))).toMatchObject({
      incident: { id: 'INC-1', remediation: { id: 1 } },
      remediationIds: [1],
    });

    const [words, table, breakdown] = await Promise.all([
      world.run(['list']),
      world.run(['list', 'remediations']),
      world.run(['show', '1']),
    ]);
    expect(words.stdout).toMatch(/INC-1 +open +provider\.unhealthy/u);
    expect(table.stdout).toMatch(
      /#1 +pending_approval +route\.circuit_break +41\.43 +INC-1 .*provider=bedrock minutes=5/u,
    );
    expect(breakdown.stdout).toContain(remediationOf(one).digest.slice(0, 40));
    for (const { code, stderr } of [words, table, breakdown])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('reject closes it for good, with its reason on record', async () => {
    const first = await world.run(['reject', '1', '--reason', 'bedrock says it is over', '--json']);
    expect(first.code).toBe(0);
    expect(remediationOf(first).status).toBe('rejected');
    const again = await world.run(['reject', '1', '--reason', 'again']);
    expect(again.stderr).toMatch(/remediation 1 is rejected, not pending/u);
    expect(again.code).toBe(5);
    expect(await world.run(['approve', '1'])).toMatchObject({ code: 5 });
    expect(await world.run(['revert', '1'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/remediation 1 is rejected; only one that is in force can be undone/u),
    });
    const trail = await world.run(['export-audit', '--jsonl']);
    expect(trail.stdout).toMatch(/bedrock says it is over/u);
  });

  test('a person who triages again gets a new proposal; somebody who acts on the same target does not', async () => {
    const outcome = await world.run(['triage', '--json']);
    expect(outcome.code).toBe(8);
    const listed = await world.run(['list', 'remediations', '--json']);
    const { remediations } = documentSchemas.remediations.parse(JSON.parse(listed.stdout));
    expect(remediations.map(({ id, status }) => ({ id, status }))).toEqual([
      { id: 2, status: 'pending_approval' },
      { id: 1, status: 'rejected' },
    ]);
    const same = await world.run([
      'run',
      'route.circuit_break',
      ...paramArgs({ provider: 'bedrock', minutes: '1' }),
    ]);
    expect(same.stderr).toMatch(/remediation 2 already holds the same incident or target/u);
    expect(same.code).toBe(5);
    const other = [
      'run',
      'limit.lower',
      ...paramArgs({ team: 'team-support', percent: '5' }),
      '--incident',
      'INC-1',
    ];
    expect((await world.run(other)).code).toBe(5);
  });

  test('unknown ids are 2 everywhere, and name the deployment', async () => {
    const commands = [
      ['approve', '77'],
      ['reject', '77', '--reason', 'r'],
      ['revert', '77'],
      ['resolve', '77', '--as', 'kept', '--reason', 'r'],
      ['show', '77'],
    ];
    for (const { code, stderr } of await Promise.all(commands.map((args) => world.run(args)))) {
      expect(stderr).toMatch(/there is no remediation 77 in deployment test/u);
      expect(code).toBe(2);
    }
  });

  test('suspend and resume are on record, once each, with document and words', async () => {
    const on = await world.run(['suspend', '--reason', 'provider maintenance', '--json']);
    expect(documentSchemas.suspension.parse(JSON.parse(on.stdout))).toMatchObject({
      deployment: 'test',
      suspended: true,
      reason: 'provider maintenance',
    });
    const off = await world.run(['resume']);
    expect(off.stderr).toBe('test is not suspended.\n');
    expect(off.code).toBe(0);
    const { stdout } = await world.run(['export-audit']);
    expect(stdout.match(/,suspended,/gu)).toHaveLength(1);
    expect(stdout.match(/,resumed,/gu)).toHaveLength(1);
  });
});
