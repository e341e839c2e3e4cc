import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentSchemas } from '../../src/cli/documents.ts';
import { builtInActionTypes } from '../../src/core/action.ts';
import { postgresUrl } from '../support/database.ts';
import { runProgram } from '../support/program.ts';
import { startWorld, usualTraffic, type World } from '../support/program-world.ts';
import { copyRunbook, type RunbookFolder } from '../support/runbook-folder.ts';

describe.concurrent('actions', () => {
  const bare = (args: readonly string[]) =>
    runProgram(args, { env: { SCUTUM_SRE_HOME: '/nonexistent/home' } });

  test('lists the closed library without any configuration', async () => {
    const [words, json] = await Promise.all([bare(['actions']), bare(['actions', 'list', '--json'])]);
    const { actions } = documentSchemas.actions.parse(JSON.parse(json.stdout));
    expect(actions.map(({ type }) => type)).toEqual([...builtInActionTypes]);
    for (const type of builtInActionTypes) expect(words.stdout).toContain(type);
    expect([words.code, json.code, words.stderr]).toEqual([0, 0, '']);
  });

  test.each(builtInActionTypes.map((type) => [type]))(
    'shows %s with parameters and preconditions',
    async (type) => {
      const { code, stdout } = await bare(['actions', 'show', type, '--json']);
      const { action } = documentSchemas.action.parse(JSON.parse(stdout));
      expect(action.type).toBe(type);
      expect(action.preconditions.length).toBeGreaterThanOrEqual(3);
      expect(action.params['type']).toBe('object');
      expect(code).toBe(0);
    },
  );

  test('an unknown one is 2 and names the nearest', async () => {
    const { code, stderr } = await bare(['actions', 'show', 'sla.enable']);
    expect(stderr).toMatch(/`sla\.enable` is not in the library; the nearest action is sla\.disable/u);
    expect(code).toBe(2);
  });
});

describe.skipIf(postgresUrl === null)('what the store of our own holds', () => {
  let world: World;
  let runbooks: RunbookFolder;
  beforeAll(async () => {
    [world, runbooks] = await Promise.all([startWorld(), copyRunbook()]);
    await world.insert(usualTraffic);
  });
  afterAll(async () => {
    await world.stop();
    await runbooks.remove();
  });

  test('a runbook is nothing until it is pinned; a changed script is nothing again', async () => {
    const env = { SRE_RUNBOOK_DIR: runbooks.directory };
    const before = await world.run(['actions'], env);
    expect(before.stdout).not.toContain('runbook.drain-cache');
    const pinned = await world.run(['actions', 'pin', '--json'], env);
    expect(documentSchemas.pins.parse(JSON.parse(pinned.stdout))).toMatchObject({ problems: [] });
    expect(pinned.code).toBe(0);
    expect((await world.run(['actions'], env)).stdout).toContain('runbook.drain-cache');
    expect((await world.run(['export-audit'])).stdout).toMatch(/,actions_pinned,/u);

    await runbooks.write('apply.mjs', 'process.exit(0);\n');
    const after = await world.run(['actions'], env);
    expect(after.stdout).not.toContain('runbook.drain-cache');
    expect(after.stderr).toMatch(/warning: /u);
    const proposed = await world.run(['run', 'runbook.drain-cache', '--param', 'pool=north'], env);
    expect(proposed.code).toBe(2);
  });

  test('service levels are set, listed, replaced and removed', async () => {
    const set = (...more: readonly string[]) =>
      world.run(['sla', 'set', 'chat-p95', '--metric', 'p95_ms', '--target', '2000', ...more]);
    expect(await set('--scope', 'provider=anthropic', '--scope', 'team=team-search')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'set chat-p95: p95_ms 2000 over 5 min\n',
    });
    expect((await set('--window', '60')).code).toBe(0);
    const listed = await world.run(['sla', 'list', '--json']);
    expect(documentSchemas.slas.parse(JSON.parse(listed.stdout)).slas).toEqual([
      { id: 'chat-p95', scope: {}, metric: 'p95_ms', target: 2000, windowMinutes: 60, suspendedUntil: null },
    ]);
    expect((await world.run(['sla'])).stdout).toMatch(/chat-p95 +p95_ms +2000 +60 min/u);
    expect((await world.run(['sla', 'remove', 'chat-p95'])).code).toBe(0);
    expect((await world.run(['sla', 'list'])).stdout).toBe(
      'no service levels; sla.violation is not measured\n',
    );
    expect(await world.run(['sla', 'remove', 'chat-p95'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there is no service level `chat-p95` in deployment test/u),
    });
    expect((await world.run(['export-audit'])).stdout.match(/,sla_changed,/gu)).toHaveLength(3);
  });

  test.concurrent.each<[readonly string[], RegExp]>([
    [['set'], /--metric is needed|an id is needed/u],
    [['set', '--metric', 'p95_ms', '--target', '1'], /an id is needed/u],
    [['set', 'x', '--metric', 'p50_ms', '--target', '1'], /p95_ms, p99_ms, success_rate/u],
    [['set', 'x', '--metric', 'p95_ms'], /--target: `` is not allowed; allowed: 1 to 3600000/u],
    [['set', 'x', '--metric', 'p95_ms', '--target', '0'], /--target: `0` is not allowed/u],
    [['set', 'x', '--metric', 'p95_ms', '--target', '1e3'], /--target: `1e3` is not allowed/u],
    [['set', 'x', '--metric', 'success_rate', '--target', '101'], /allowed: 0 to 100/u],
    [
      ['set', 'x', '--metric', 'p95_ms', '--target', '5', '--window', '0'],
      /--window: `0` is not allowed; allowed: 1 to 1440/u,
    ],
    [['set', 'x', '--metric', 'p95_ms', '--target', '5', '--window', '1.5'], /whole minutes/u],
    [
      ['set', 'x', '--metric', 'p95_ms', '--target', '5', '--scope', 'city=berlin'],
      /`city` is not allowed; allowed: provider, model_group, team/u,
    ],
    [['set', 'x y', '--metric', 'p95_ms', '--target', '5'], /`x y` is not an id/u],
    [['set', '../x', '--metric', 'p95_ms', '--target', '5'], /`\.\.\/x` is not an id/u],
    [['remove'], /an id is needed/u],
    [['destroy'], /`destroy` is not possible; allowed: list, set, remove/u],
  ])('sla %j is 2', async (args, said) => {
    const { code, stdout, stderr } = await world.run(['sla', ...args]);
    expect(stderr).toMatch(said);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('a violated service level is an incident, a suspended one is not', async () => {
    const strict = ['--metric', 'p95_ms', '--target', '100', '--scope', 'provider=openai'];
    await world.run(['sla', 'set', 'strict', ...strict]);
    const seen = await world.run(['triage', '--json']);
    expect(seen.stdout).toContain('"kind":"sla.violation","scope":{"provider":"openai","sla":"strict"}');
    await world.sql(
      `UPDATE scutum_sre.sla_contracts SET suspended_until = clock_timestamp() + interval '1 hour'`,
    );
    await world.sql(`UPDATE scutum_sre.incidents SET last_seen_at = last_seen_at - interval '1 hour'`);
    const suspended = await world.run(['triage', '--json']);
    expect(suspended.stdout).toContain('"incidents":[]');
    expect(suspended.code).toBe(0);
  });
});
