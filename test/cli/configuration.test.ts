import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, postgresUrl } from '../support/database.ts';
import { runProgram, type Outcome, type ProgramEnvironment } from '../support/program.ts';
import { startWorld, type World } from '../support/program-world.ts';

/** Nobody listens there. */
const nowhere = 'http://127.0.0.1:9';
/** Text of every secret a test gives; none may ever be printed. */
const secret = 'Zx7Qm3vT7xWb2Lk9RzYp4NdHg';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'scutum-home-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** A run that has nothing but a home of its own and what the test gives. */
function bare(args: readonly string[], env: ProgramEnvironment = {}, cwd = home): Promise<Outcome> {
  return runProgram(args, { env: { SCUTUM_SRE_HOME: home, ...env }, cwd });
}

describe.concurrent('a wrong configuration is exit 2 and says what is allowed', () => {
  test.each<[string, ProgramEnvironment, RegExp]>([
    [
      'a misspelt name',
      { SRE_RISK_TRESHOLD: '40' },
      /unknown variable SRE_RISK_TRESHOLD; the nearest known one is SRE_RISK_THRESHOLD/u,
    ],
    [
      'a threshold that is no number',
      { SRE_RISK_THRESHOLD: 'forty' },
      /SRE_RISK_THRESHOLD: `forty` is not allowed; allowed: a number from 0 to 100/u,
    ],
    [
      'a threshold over 100',
      { SRE_RISK_THRESHOLD: '100.1' },
      /`100\.1` is not allowed; allowed: a number from 0 to 100/u,
    ],
    ['a negative threshold', { SRE_RISK_THRESHOLD: '-1' }, /`-1` is not allowed/u],
    ['a threshold that means infinity', { SRE_RISK_THRESHOLD: '1e999' }, /`1e999` is not allowed/u],
    [
      'a truth value of another language',
      { SRE_AUTO_APPROVE: 'yes' },
      /SRE_AUTO_APPROVE: `yes` is not allowed; allowed: true or false/u,
    ],
    [
      'an unknown time zone',
      { SRE_TIMEZONE: 'Mars/Olympus' },
      /SRE_TIMEZONE: `Mars\/Olympus` is not allowed; allowed: an IANA time zone/u,
    ],
    [
      'a database of another kind',
      { DATABASE_URL: `mysql://u:${secret}@h/d` },
      /DATABASE_URL: .*\[redacted\].* is not allowed; allowed: a postgres:\/\/ address/u,
    ],
    [
      'a password with a slash',
      { DATABASE_URL: `mysql://u:p/${secret}?1@h/d` },
      /DATABASE_URL: .*\[redacted.* is not allowed/u,
    ],
    [
      'an address that is none',
      { PROMETHEUS_URL: `ftp://u:${secret}@h` },
      /PROMETHEUS_URL: .*an http or https address/u,
    ],
    [
      'a key with a space',
      { LITELLM_MASTER_KEY: `sk-${secret} x` },
      /LITELLM_MASTER_KEY: what was given \(not shown\) is not allowed/u,
    ],
    [
      'a fallback without an address',
      { SRE_AGENT_FALLBACKS: 'gpt-4o' },
      /`gpt-4o` is not allowed; allowed: model@baseURL#KEY_VARIABLE/u,
    ],
    [
      'a fallback whose key is not there',
      { SRE_AGENT_FALLBACKS: 'm@http://h/v1#NO_KEY' },
      /names NO_KEY for the key of m, but it is not set/u,
    ],
    ['a policy that would not be read', { SRE_POLICY_FILE: 'policy.yaml' }, /SRE_POLICY_FILE is set/u],
    [
      'a deployment name with a line break',
      { SRE_DEPLOYMENT: 'a\nb' },
      /SRE_DEPLOYMENT: `a\\u\{A\}b` is not allowed/u,
    ],
  ])('%s', async (_title, env, said) => {
    const { code, stdout, stderr } = await bare(['triage'], env);
    expect(stderr).toMatch(said);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toContain(secret);
  });

  test('the same with --json is one document on stdout', async () => {
    const { code, stdout, stderr } = await bare(['list', '--json'], { SRE_AUTO_APPROVE: '1' });
    const document: unknown = JSON.parse(stdout);
    expect(document).toEqual({
      schema: 'scutum-sre/error/v1',
      error: { exitCode: 2, message: 'SRE_AUTO_APPROVE: `1` is not allowed; allowed: true or false' },
    });
    expect(stderr).toContain('SRE_AUTO_APPROVE');
    expect(code).toBe(2);
  });
});

describe.concurrent('nothing to work with', () => {
  test.each([['triage'], ['watch']])(
    '%s without a source is exit 2 and points to the demo',
    async (command) => {
      const { code, stderr } = await bare([command]);
      expect(stderr).toMatch(/nothing to read incidents from/u);
      expect(stderr).toMatch(/LITELLM_DATABASE_URL.*PROMETHEUS_URL.*ALERTMANAGER_URL/u);
      expect(stderr).toMatch(/scutum-sre demo/u);
      expect(code).toBe(2);
    },
  );

  test.each<[readonly string[], RegExp]>([
    [['approve', 'forty-two'], /`forty-two` is not a remediation id; allowed: a whole number such as 42/u],
    [['approve', '0'], /`0` is not a remediation id/u],
    [['approve', '-1'], /-1/u],
    [['approve', '99999999999'], /is not a remediation id/u],
    [['reject', 'x', '--reason', 'r'], /is not a remediation id/u],
    [['reject', '1', '--reason', ' '], /the reason is empty/u],
    [['reject', '1'], /--reason/u],
    [['resolve', '1', '--as', 'maybe', '--reason', 'r'], /kept, reverted/u],
    [['show', 'INC-x'], /`INC-x` is not an incident id; allowed: INC-/u],
    [['show', '\u001b[31m'], /`\\u\{1B\}\[31m` is not a remediation id/u],
    [['list', 'everything'], /`everything` cannot be listed; allowed: incidents, remediations/u],
    [['run', 'key.block', '--param', 'key'], /expected name=value/u],
    [['export-audit', '--since', 'yesterday'], /--since: `yesterday` is not a time; allowed: 2026-11-20/u],
    [['export-audit', '--csv', '--jsonl'], /cannot be used with/u],
    [['verify-audit', '/no/such/file.csv'], /cannot read `\/no\/such\/file\.csv`: ENOENT/u],
    [['actions', 'shwo'], /`shwo` is not possible; allowed: list, show TYPE, pin/u],
    [['actions', 'pin'], /SRE_RUNBOOK_DIR is not set/u],
    [['frobnicate\u001b[31m'], /unknown command 'frobnicate\\u\{1B\}\[31m'/u],
    [['triage', '--jsonn'], /--json/u],
    [['triage', '--env-file', '/no/such/file'], /cannot read the env file `\/no\/such\/file`: no such file/u],
  ])('%j is exit 2', async (args, said) => {
    const { code, stderr } = await bare(args);
    expect(stderr).toMatch(said);
    expect(code).toBe(2);
  });

  test.each([['triage'], ['approve'], ['run'], ['export-audit'], ['sla']])(
    '%s --help is exit 0 with examples on stdout',
    async (command) => {
      const { code, stdout, stderr } = await bare([command, '--help']);
      expect(stdout).toContain(`  $ scutum-sre ${command}`);
      for (const flag of ['--json', '--no-input', '--no-color', '--env-file', '--sandbox', '--verbose'])
        expect(stdout).toContain(flag);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    },
  );

  test('--version is the version of the package', async () => {
    expect(await bare(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/u),
    });
  });
});

describe.concurrent('where variables come from', () => {
  const refusal = async (args: readonly string[], env: ProgramEnvironment, cwd: string) => {
    const { code, stderr } = await runProgram(args, { env, cwd });
    expect(code).toBe(2);
    return /SRE_AUTO_APPROVE: `(.*?)` is not allowed/u.exec(stderr)?.[1] ?? 'nothing';
  };
  const wrong = (value: string) => `SRE_AUTO_APPROVE=${value}\n`;

  test('the environment wins over --env-file, that over the home, and the working directory is never read', async () => {
    const own = await mkdtemp(join(tmpdir(), 'scutum-home-'));
    const here = await mkdtemp(join(tmpdir(), 'scutum-cwd-'));
    try {
      const file = join(here, 'named.env');
      await writeFile(join(here, '.env'), wrong('from-working-directory'));
      const env = { SCUTUM_SRE_HOME: own };
      expect(await refusal(['triage'], env, here)).toBe('nothing');
      await writeFile(join(own, '.env'), wrong('from-home'));
      expect(await refusal(['triage'], env, here)).toBe('from-home');
      await writeFile(file, wrong('from-file'));
      expect(await refusal(['triage', '--env-file', file], env, here)).toBe('from-file');
      const given = { ...env, SRE_AUTO_APPROVE: 'from-environment' };
      expect(await refusal(['triage', '--env-file', file], given, here)).toBe('from-environment');
      expect(await refusal(['triage'], { ...env, SRE_AUTO_APPROVE: '' }, here)).toBe('from-home');
    } finally {
      await rm(own, { recursive: true, force: true });
      await rm(here, { recursive: true, force: true });
    }
  });

  test('a secret of the env file is not printed when the file is wrong', async () => {
    const file = join(home, 'secret.env');
    await writeFile(file, `LITELLM_MASTER_KEY="sk-${secret} oops"\nOPENAI_API_KEY=sk-${secret}\n`);
    const { code, stdout, stderr } = await bare(['triage', '--env-file', file, '--verbose']);
    expect(code).toBe(2);
    expect(stdout + stderr).not.toContain(secret);
  });
});

describe.skipIf(postgresUrl === null)('the database of our own', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ migrated: false });
  });
  afterAll(() => world.stop());

  test('without our schema every command but init is exit 2 and says init; then init, twice, is exit 0', async () => {
    const commands = [
      ['triage'],
      ['list'],
      ['approve', '1'],
      ['watch'],
      ['export-audit'],
      ['suspend'],
      ['sla', 'list'],
    ];
    for (const { code, stderr } of await Promise.all(commands.map((args) => world.run(args)))) {
      expect(stderr).toMatch(/scutum-sre init/u);
      expect(code).toBe(2);
    }
    for (const args of [['init'], ['init']]) {
      const { code, stdout, stderr } = await world.run(args);
      expect(stderr).toMatch(/the schema scutum_sre of test is up to date/u);
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    }
    const json = await world.run(['init', '--json']);
    expect(JSON.parse(json.stdout)).toEqual({
      schema: 'scutum-sre/init/v1',
      deployment: 'test',
      migrated: true,
      runtimeRole: null,
    });
    expect(await world.run(['list'])).toMatchObject({ code: 0, stdout: 'no incidents\n' });
  });

  test('a runtime role may do the work and cannot touch the trail; a role that is not there is exit 2', async () => {
    await world.run(['init']);
    const role = `runtime_${process.pid}`;
    const unknown = await world.run(['init', '--runtime-role', role]);
    expect(unknown.stderr).toMatch(new RegExp(`there is no role \`${role}\`; allowed: an existing one`, 'u'));
    expect(unknown.code).toBe(2);
    expect(await world.run(['init', '--runtime-role', 'a b; drop'])).toMatchObject({ code: 2 });

    await world.sql(`CREATE ROLE ${role} LOGIN PASSWORD '${secret}'`);
    try {
      const granted = await world.run(['init', '--runtime-role', role]);
      expect(granted.stderr).toMatch(new RegExp(`role ${role} may run the program`, 'u'));
      expect(granted.code).toBe(0);
      const url = new URL(world.databaseUrl);
      url.username = role;
      url.password = secret;
      const asRole = { DATABASE_URL: url.href, LITELLM_DATABASE_URL: world.databaseUrl };
      const runs = [
        await world.run(['triage', '--no-input'], asRole),
        await world.run(['suspend', '--reason', 'by the runtime role'], asRole),
        await world.run(['resume'], asRole),
        await world.run(['sla', 'set', 's1', '--metric', 'p95_ms', '--target', '900'], asRole),
        await world.run(['sla', 'remove', 's1'], asRole),
        await world.run(['verify-audit'], asRole),
      ];
      expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
      for (const { stdout, stderr } of runs) expect(stdout + stderr).not.toContain(secret);
      const migrates = await world.run(['init'], asRole);
      expect(migrates.code).toBe(0);
    } finally {
      await world.sql(`DROP OWNED BY ${role}`);
      await world.sql(`DROP ROLE ${role}`);
    }
  });

  test('a role without rights is exit 4', async () => {
    await world.run(['init']);
    const role = `nobody_${process.pid}`;
    await world.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
    try {
      const url = new URL(world.databaseUrl);
      url.username = role;
      url.password = 'x';
      const { code, stderr } = await world.run(['list'], { DATABASE_URL: url.href });
      expect(stderr).toMatch(/did not permit|lacks a right/u);
      expect(code).toBe(4);
    } finally {
      await world.sql(`DROP ROLE ${role}`);
    }
  });

  test('a store that cannot be reached is exit 75, whether it refuses or says nothing', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const urls = [`postgres://u:${secret}@127.0.0.1:9/d`, `postgres://u:${secret}@127.0.0.1:${port}/d`];
      const runs = await Promise.all(
        urls.map((url) => world.run(['triage', '--json'], { DATABASE_URL: url })),
      );
      for (const { code, stdout, stderr } of runs) {
        expect(stderr).toMatch(/cannot be reached/u);
        expect(JSON.parse(stdout)).toMatchObject({ error: { exitCode: 75 } });
        expect(code).toBe(75);
        expect(stdout + stderr).not.toContain(secret);
      }
    } finally {
      silent.close();
    }
  });

  test('a database that is not there is exit 2', async () => {
    const url = new URL(world.databaseUrl);
    url.pathname = '/no_such_database';
    const { code, stderr } = await world.run(['list'], { DATABASE_URL: url.href });
    expect(stderr).toMatch(/no_such_database/u);
    expect(code).toBe(2);
  });

  test('DATABASE_URL alone, without gateway tables, is our own store and no source: exit 2', async () => {
    const empty = await createDatabase({ litellm: false });
    try {
      const env = { SCUTUM_SRE_HOME: world.home, DATABASE_URL: empty.url };
      expect((await runProgram(['init'], { env })).code).toBe(0);
      const { code, stderr } = await runProgram(['triage'], { env });
      expect(stderr).toMatch(/nothing to read incidents from/u);
      expect(code).toBe(2);
    } finally {
      await empty.drop();
    }
  });

  test('variables this version does not act on are said, and their values are not', async () => {
    await world.run(['init']);
    const env = { SLACK_WEBHOOK_URL: `https://hooks.example/${secret}`, PROMETHEUS_URL: nowhere };
    const { stdout, stderr } = await world.run(['triage', '--json'], env);
    expect(JSON.parse(stdout)).toMatchObject({
      warnings: expect.arrayContaining([
        { code: 'variable_ignored', detail: 'SLACK_WEBHOOK_URL is set, but this version does not act on it' },
      ]),
    });
    expect(stdout + stderr).not.toContain(secret);
  });
});
