import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { migrate } from '../../src/adapters/postgres/migrate.ts';
import { openPostgres } from '../../src/adapters/postgres/pool.ts';
import { realTempo } from '../../src/core/tempo.ts';
import { startSimulatedGateway, type SimulatedGateway } from '../../src/sandbox/simulated-gateway.ts';
import { initialDeployments, initialKeys } from '../../src/sandbox/world.ts';
import { createDatabase } from './database.ts';
import {
  launcher,
  launcherPath,
  runProgram,
  startProgram,
  type Outcome,
  type ProgramEnvironment,
  type RunningProgram,
} from './program.ts';
import { openPty, type Pty } from './pty.ts';
import { startRecordingProxy, type RecordingProxy } from './recording-proxy.ts';
import { failure, insertLogs, times, type LogRow } from './spend-logs.ts';

/** Everything the program meets: a database with LiteLLM's tables, a gateway that answers and remembers, a home. */
export interface World {
  /** What a run is configured with; no model, no Prometheus, no pager. */
  readonly env: ProgramEnvironment;
  readonly databaseUrl: string;
  readonly home: string;
  readonly gateway: SimulatedGateway;
  /** The way to the gateway, with what was asked of it. */
  readonly proxy: RecordingProxy;
  readonly run: (args: readonly string[], more?: ProgramEnvironment) => Promise<Outcome>;
  readonly start: (args: readonly string[], more?: ProgramEnvironment) => RunningProgram;
  /** The same in a real terminal. */
  readonly terminal: (args: readonly string[], more?: ProgramEnvironment) => Pty;
  readonly sql: (text: string, params?: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;
  /** Changes a team as somebody else would: through the gateway's own API, not through the recorded way. */
  readonly setTeam: (team: string, fields: Readonly<Record<string, number>>) => Promise<void>;
  readonly insert: (rows: readonly LogRow[]) => Promise<void>;
  /** `blocked` of every deployment of a provider, as the gateway itself says. */
  readonly blocked: (provider: string) => Promise<readonly boolean[]>;
  /** Resolves when the gateway was asked this effect (`METHOD path`); rejects after 20 s. */
  readonly called: (route: string) => Promise<void>;
  /** Effects asked of the gateway so far, `METHOD path`; without a worker's proofs that it could undo something. */
  readonly writes: () => readonly string[];
  readonly stop: () => Promise<void>;
}

export interface WorldOptions {
  /** False leaves our schema to `init`; default true. */
  readonly migrated?: boolean;
  /** A day of simulated traffic that ends in an outage of anthropic, instead of what the test inserts. */
  readonly story?: 'outage';
}

/** A world of its own for a test file; `stop` it in `afterAll`. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const made = await createDatabase({ litellm: true });
  const home = await mkdtemp(join(tmpdir(), 'scutum-home-'));
  if (options.migrated !== false) await migrateOnce(made.url);
  const pool = new pg.Pool({ connectionString: made.url, max: 3 });
  // Dropping the database at the end ends connections, which is no failure of a test.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const sql = async (text: string, params: readonly unknown[] = []) =>
    z.array(z.record(z.string(), z.unknown())).parse((await pool.query(text, [...params])).rows);
  const gateway = await startSimulatedGateway({
    database: { query: (text, params) => sql(text, params) },
    tempo: realTempo,
    seed: 11,
    scenario: options.story === 'outage' ? 'provider_outage' : 'steady',
    traffic: 'manual',
    history: options.story === 'outage' ? 'day' : 'none',
  });
  const proxy = await startRecordingProxy(gateway.adminUrl);
  const env: ProgramEnvironment = {
    SCUTUM_SRE_HOME: home,
    DATABASE_URL: made.url,
    LITELLM_BASE_URL: proxy.url,
    LITELLM_MASTER_KEY: gateway.masterKey,
    SRE_DEPLOYMENT: 'test',
    SRE_OPERATOR: 'tester',
  };
  return {
    env,
    databaseUrl: made.url,
    home,
    gateway,
    proxy,
    run: (args, more) => runProgram(args, { env: { ...env, ...more }, cwd: home }),
    start: (args, more) => startProgram(args, { env: { ...env, ...more }, cwd: home, deadlineMs: 90_000 }),
    terminal: (args, more) =>
      openPty([launcher, ...args], {
        columns: 100,
        rows: 40,
        env: { PATH: launcherPath, ...env, ...more },
      }),
    sql,
    setTeam: (team, fields) => setTeam(gateway, { team_id: team, ...fields }),
    insert: (rows) => insertLogs(sql, rows),
    blocked: (provider) => blockedOf(gateway, provider),
    called: async (route) => {
      for (let look = 0; look < 400; look += 1) {
        if (effectsIn(proxy).includes(route)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`the gateway was never asked ${route}`);
    },
    writes: () => effectsIn(proxy),
    stop: async () => {
      await proxy.stop();
      await gateway.stop();
      await pool.end();
      await made.drop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function migrateOnce(url: string): Promise<void> {
  const database = openPostgres(url);
  try {
    await migrate(database);
  } finally {
    await database.close();
  }
}

const modelInfo = z.object({
  data: z.array(
    z.object({
      model_info: z.object({ id: z.string(), litellm_provider: z.string(), blocked: z.boolean() }),
    }),
  ),
});

async function blockedOf(gateway: SimulatedGateway, provider: string): Promise<readonly boolean[]> {
  const answer = await fetch(`${gateway.adminUrl}/model/info`, {
    headers: { authorization: `Bearer ${gateway.masterKey}` },
  });
  return modelInfo
    .parse(await answer.json())
    .data.filter((row) => row.model_info.litellm_provider === provider)
    .map((row) => row.model_info.blocked);
}

function effectsIn({ requests }: RecordingProxy): readonly string[] {
  return requests
    .filter(({ method, body }) => method !== 'GET' && !body.includes('scutum-sre-write-probe'))
    .map(({ method, url }) => `${method} ${url}`);
}

async function setTeam(gateway: SimulatedGateway, body: object): Promise<void> {
  const answer = await fetch(`${gateway.adminUrl}/team/update`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.masterKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`the gateway answers ${answer.status}`);
}

/** Requests of the last minutes as they are when all is well: five teams, six groups, five providers. */
export const usualTraffic: readonly LogRow[] = [
  ...requests(30, { group: 'gpt-4o', provider: 'openai', team: 'team-payments' }),
  ...requests(30, { group: 'gpt-4o-mini', provider: 'azure', team: 'team-search' }),
  ...requests(20, { group: 'claude-haiku-4-5', provider: 'anthropic', team: 'team-support' }),
  ...requests(20, { group: 'claude-sonnet-4-6', provider: 'anthropic', team: 'team-research' }),
  ...requests(20, { group: 'text-embedding-3-small', provider: 'openai', team: 'team-batch' }),
  ...times(10, { modelGroup: 'mistral-small', provider: 'mistral', team: 'team-batch', modelId: '' }),
];

/** One provider with little traffic fails eight of ten requests: a fifth of teams and providers meets it, no more. */
export const bedrockOutage: readonly LogRow[] = failing({
  group: 'claude-haiku-4-5',
  provider: 'bedrock',
  team: 'team-support',
});

/** Eight of ten requests of this stream fail at the provider. */
export function failing(stream: Stream, message = 'overloaded'): readonly LogRow[] {
  const error = failure({
    code: '503',
    class: 'ServiceUnavailableError',
    provider: stream.provider,
    message,
  });
  return [
    ...requests(2, stream),
    ...requests(8, stream).map((row) => ({ ...row, ...error, modelGroup: stream.group, spend: 0 })),
  ];
}

interface Stream {
  readonly group: string;
  readonly provider: string;
  readonly team: string;
}

/** Requests spread over two minutes that are in every window for the next two. */
export function requests(count: number, stream: Stream): readonly LogRow[] {
  const deployment = initialDeployments.find(
    ({ modelGroup, provider }) => modelGroup === stream.group && provider === stream.provider,
  );
  return Array.from({ length: count }, (_, index) => ({
    modelGroup: stream.group,
    provider: stream.provider,
    team: stream.team,
    modelId: deployment?.id ?? '',
    key: keyOf(stream.team),
    ago: 100 + (120 * index) / count,
  }));
}

/** The hash of a key of this team that has traffic. */
export function keyOf(team: string): string {
  return initialKeys.find(({ teamId }) => teamId === team)?.token ?? '';
}
