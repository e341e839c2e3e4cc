import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { actionLibrary } from '../../actions/library.ts';
import { createLitellmGateway } from '../../src/adapters/litellm/gateway.ts';
import type { Database } from '../../src/adapters/postgres/database.ts';
import { createGatewayFacts } from '../../src/adapters/postgres/gateway-facts.ts';
import { createGatewayReads } from '../../src/adapters/postgres/gateway-reads.ts';
import { createGatewaySource } from '../../src/adapters/postgres/gateway-source.ts';
import { migrate } from '../../src/adapters/postgres/migrate.ts';
import { openPostgres } from '../../src/adapters/postgres/pool.ts';
import { createSlaEffects } from '../../src/adapters/postgres/sla-effects.ts';
import { createStores, type Stores } from '../../src/adapters/postgres/stores.ts';
import { createPagerDuty } from '../../src/adapters/pagerduty/pager.ts';
import { systemRandomness } from '../../src/adapters/system/clock.ts';
import type { DecideDeps } from '../../src/app/decide.ts';
import { verifyLiveTrail } from '../../src/app/export-audit.ts';
import type { Clock, EffectPort, PagerPort, SignalSourcePort } from '../../src/app/ports.ts';
import type { AuditRow } from '../../src/core/audit/audit-record.ts';
import { defaultDetectionSettings } from '../../src/core/detection.ts';
import { defaultPolicy } from '../../src/core/policy/default-policy.ts';
import { defaultRiskSettings } from '../../src/core/risk/risk-score.ts';
import { realTempo } from '../../src/core/tempo.ts';
import { startSimulatedGateway, type SimulatedGateway } from '../../src/sandbox/simulated-gateway.ts';
import { initialDeployments, initialTeams } from '../../src/sandbox/world.ts';
import { createDatabase } from './database.ts';

/** Everything the use-cases meet, real: PostgreSQL, a gateway that answers over HTTP, a pager; only the clock is set. */
export interface AppWorld {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly stores: Stores;
  readonly gateway: SimulatedGateway;
  readonly clock: SetClock;
  /** The gateway's own effects, without anything in between. */
  readonly effects: readonly EffectPort[];
  /** The same, but a write is given up after a quarter of a second: for a gateway that hangs. */
  readonly hastyEffects: readonly EffectPort[];
  readonly pager: PagerPort;
  readonly deps: DecideDeps;
  /** The detectors over the gateway's tables, reading anew. */
  readonly source: () => SignalSourcePort;
  /** Lets a team reach its budget, so that there is an incident about it; what it spent is small after a reset. */
  readonly overspend: (team: string) => Promise<void>;
  /** Sets times of a remediation a second back by the database clock. */
  readonly lapse: (
    id: number,
    ...columns: readonly ('expires_at' | 'lease_until' | 'revert_due_at')[]
  ) => Promise<void>;
  /** Sets how often a process already began to recover or to undo it. */
  readonly setTries: (id: number, tries: number) => Promise<void>;
  /** `blocked` of these deployments, as the gateway says. */
  readonly blocked: (ids: readonly string[]) => Promise<readonly boolean[]>;
  /** Calls the admin API as somebody else would. */
  readonly admin: (path: string, body: object) => Promise<void>;
  /** The audit rows of a remediation, oldest first. */
  readonly trail: (id: number) => Promise<readonly AuditRow[]>;
  readonly suspend: (reason: string) => Promise<void>;
  /** Limits per minute of a team, requests and tokens, by what the gateway's tables hold. */
  readonly limits: (team: string) => Promise<readonly (number | null)[]>;
  readonly reset: () => Promise<void>;
  /** Verifies the whole trail first. */
  readonly close: () => Promise<void>;
}

export interface SetClock extends Clock {
  /** Lets time pass. */
  readonly pass: (ms: number) => void;
}

/** A clock that moves only when it is told to, and through every sleep at once. */
export function createSetClock(startMs: number = Date.now()): SetClock {
  let ms = 0;
  const pass = (by: number) => {
    ms += by;
  };
  return {
    now: () => new Date(startMs + ms).toISOString(),
    monotonicMs: () => ms,
    sleep: async (by, signal) => {
      if (signal?.aborted !== true) pass(by);
      await new Promise((resolve) => setImmediate(resolve));
    },
    pass,
  };
}

/**
 * A world for a test file, on a database of its own. `reset` it before each test: nothing is open, due, blocked, suspended,
 * limited or faulty then, and the trail goes on.
 */
export async function openAppWorld(): Promise<AppWorld> {
  const made = await createDatabase({ litellm: false });
  const database = openPostgres(made.url, { max: 12 });
  await migrate(database);
  const gateway = await startSimulatedGateway({
    database: { query: (text, params) => database.query(text, params) },
    tempo: realTempo,
    seed: 7,
    scenario: 'steady',
    traffic: 'manual',
    history: 'none',
  });
  const stores = createStores(database, {
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    deployment: 'test',
  });
  const clock = createSetClock();
  const access = { baseUrl: gateway.adminUrl, masterKey: gateway.masterKey };
  const litellm = createLitellmGateway(access);
  const hasty = createLitellmGateway({ ...access, timeoutMs: 250 });
  const paging = { routingKey: 'test0000000000000000000000000key', eventsUrl: gateway.pagerUrl };
  const pagerDuty = createPagerDuty(paging);
  const hastyPager = createPagerDuty({ ...paging, timeoutMs: 500 });
  const effects = [litellm.effects, createSlaEffects(database), pagerDuty.effects];
  const hastyEffects = [{ ...litellm.effects, write: hasty.effects.write }, hastyPager.effects];
  const reads = () =>
    createGatewayReads({
      query: (text, params) => database.query(text, params),
      settings: { ...defaultDetectionSettings, tempo: realTempo, lagSeconds: 0 },
      listSlas: stores.slas.listSlas,
    });
  const deps: DecideDeps = {
    remediations: stores.remediations,
    control: stores.control,
    incidents: stores.incidents,
    effects,
    clock,
    randomness: systemRandomness,
    tempo: realTempo,
    operator: 'tester',
    library: actionLibrary,
    deployment: 'test',
    tau: 40,
    autoApprove: false,
    timeZone: 'UTC',
    riskSettings: defaultRiskSettings,
    policy: defaultPolicy,
    prepare: (action) => Promise.resolve(action),
    freshReaders: () => [createGatewayFacts(reads()), litellm.facts, stores.ownFacts],
  };
  const admin = (path: string, body: object) => callAdmin(gateway, path, body);
  return {
    database,
    databaseUrl: made.url,
    stores,
    gateway,
    clock,
    effects,
    hastyEffects,
    pager: pagerDuty.pager,
    deps,
    source: () => createGatewaySource({ reads: reads() }),
    overspend: async (team) => {
      await database.query('UPDATE "LiteLLM_TeamTable" SET spend = 10000 WHERE team_id = $1', [team]);
    },
    lapse: async (id, ...columns) => {
      const back = columns.map((column) => `${column} = clock_timestamp() - interval '1 second'`);
      await database.query(`UPDATE scutum_sre.remediations SET ${back.join(', ')} WHERE id = $1`, [id]);
    },
    setTries: async (id, tries) => {
      await database.query(
        `UPDATE scutum_sre.remediations SET execution = (execution::jsonb || jsonb_build_object('tries', $2::int))::json
          WHERE id = $1`,
        [id, tries],
      );
    },
    blocked: (ids) => blockedOf(gateway, ids),
    admin,
    trail: (id) => trailOf(stores, id),
    suspend: (reason) =>
      stores.control.setSuspension(true, reason, {
        kind: 'suspended',
        at: clock.now(),
        incidentNumber: null,
        remediationId: null,
        executionId: null,
        actor: 'tester',
        body: { reason },
      }),
    limits: async (team) => {
      const [row] = await database.query(
        'SELECT rpm_limit::float8 AS rpm, tpm_limit::float8 AS tpm FROM "LiteLLM_TeamTable" WHERE team_id = $1',
        [team],
        z.object({ rpm: z.number().nullable(), tpm: z.number().nullable() }),
      );
      return [row?.rpm ?? null, row?.tpm ?? null];
    },
    reset: async () => {
      await database.query(forgetSql, []);
      gateway.faults.clear();
      await restoreGateway(gateway, admin);
    },
    close: async () => {
      const verified = await verifyLiveTrail(stores.audit);
      await gateway.stop();
      await database.close();
      await made.drop();
      if (verified.status !== 'intact') throw new Error(`the audit trail broke: ${verified.detail}`);
    },
  };
}

const forgetSql = `
  DROP TRIGGER IF EXISTS refuse_one ON scutum_sre.sre_actions;
  UPDATE scutum_sre.remediations SET status = 'failed', holds = false, revert_due_at = NULL, lease_until = NULL,
    pattern_key = 'past', executed_at = executed_at - interval '2 days';
  UPDATE scutum_sre.remediation_locks SET open = false;
  UPDATE scutum_sre.incidents SET closed_at = clock_timestamp() WHERE closed_at IS NULL;
  UPDATE scutum_sre.suspension SET suspended = false;
  DELETE FROM scutum_sre.pages;
  DELETE FROM scutum_sre.workers;
  UPDATE "LiteLLM_TeamTable" SET spend = 10;
  DELETE FROM "LiteLLM_SpendLogs"`;

async function restoreGateway(
  gateway: SimulatedGateway,
  admin: (path: string, body: object) => Promise<void>,
): Promise<void> {
  const ids = initialDeployments.map((row) => row.id);
  const blocked = await blockedOf(gateway, ids);
  for (const [index, id] of ids.entries())
    if (blocked[index] === true) await admin('/model/unblock', { model_id: id });
  for (const { id, rpmLimit, tpmLimit, maxBudget } of initialTeams)
    await admin('/team/update', {
      team_id: id,
      rpm_limit: rpmLimit,
      tpm_limit: tpmLimit,
      max_budget: maxBudget,
    });
}

const modelInfo = z.object({
  data: z.array(z.object({ model_info: z.object({ id: z.string(), blocked: z.boolean() }) })),
});

async function blockedOf(gateway: SimulatedGateway, ids: readonly string[]): Promise<readonly boolean[]> {
  const answer = await fetch(`${gateway.adminUrl}/model/info`, { headers: headersOf(gateway) });
  const rows = modelInfo.parse(await answer.json()).data;
  return ids.map((id) => rows.find((row) => row.model_info.id === id)?.model_info.blocked ?? false);
}

async function callAdmin(gateway: SimulatedGateway, path: string, body: object): Promise<void> {
  const answer = await fetch(`${gateway.adminUrl}${path}`, {
    method: 'POST',
    headers: { ...headersOf(gateway), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
}

function headersOf(gateway: SimulatedGateway) {
  return { authorization: `Bearer ${gateway.masterKey}` };
}

async function trailOf(stores: Stores, id: number): Promise<readonly AuditRow[]> {
  const rows: AuditRow[] = [];
  for await (const row of stores.audit.rows({})) if (row.remediationId === String(id)) rows.push(row);
  return rows;
}
