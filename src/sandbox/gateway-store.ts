import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import type { GatewayState } from './gateway-state.ts';
import type { SandboxDatabase, SandboxValue } from './sandbox-database.ts';
import { requestIdPrefix, spendLogColumns, type SpendLogRow } from './spend-log-row.ts';
import { litellmTableStatements } from './tables.ts';
import {
  initialTeams,
  organization,
  type SimulatedBudget,
  type SimulatedDeployment,
  type SimulatedGuardrail,
  type SimulatedKey,
  type SimulatedTeam,
} from './world.ts';

/** The simulated gateway's side of its own tables. Each save writes all that can change of one record. */
export interface GatewayStore {
  readonly saveDeployment: (row: SimulatedDeployment) => Promise<void>;
  readonly saveTeam: (row: SimulatedTeam) => Promise<void>;
  readonly saveKey: (row: SimulatedKey) => Promise<void>;
  readonly saveBudget: (row: SimulatedBudget) => Promise<void>;
  readonly saveGuardrail: (row: SimulatedGuardrail) => Promise<void>;
  readonly saveRouterSettings: (settings: JsonObject) => Promise<void>;
  readonly saveSpend: (state: GatewayState) => Promise<void>;
  readonly insertSpendLogs: (rows: readonly SpendLogRow[]) => Promise<void>;
  /** Drops every log row. */
  readonly clearSpendLogs: () => Promise<void>;
  /** Drops log rows older than this moment (milliseconds since 1970), as the gateway's own retention does. */
  readonly deleteSpendLogsBefore: (atMs: number) => Promise<void>;
}

/** Rows of one INSERT. */
const batchSize = 500;

/** Reads and writes through this database; the tables must be there. */
export function createGatewayStore(database: SandboxDatabase): GatewayStore {
  const run = async (text: string, params: readonly SandboxValue[] = []): Promise<void> => {
    await database.query(text, params);
  };
  return {
    saveDeployment: (row) =>
      run('UPDATE "LiteLLM_ProxyModelTable" SET "blocked" = $2 WHERE "model_id" = $1', [row.id, row.blocked]),
    saveTeam: (row) =>
      run(
        `UPDATE "LiteLLM_TeamTable"
         SET "max_budget" = $2, "rpm_limit" = $3, "tpm_limit" = $4, "blocked" = $5 WHERE "team_id" = $1`,
        [row.id, row.maxBudget, row.rpmLimit, row.tpmLimit, row.blocked],
      ),
    saveKey: (row) =>
      run(
        `UPDATE "LiteLLM_VerificationToken"
         SET "max_budget" = $2, "rpm_limit" = $3, "tpm_limit" = $4, "blocked" = $5 WHERE "token" = $1`,
        [row.token, row.maxBudget, row.rpmLimit, row.tpmLimit, row.blocked],
      ),
    saveBudget: (row) =>
      run('UPDATE "LiteLLM_BudgetTable" SET "max_budget" = $2 WHERE "budget_id" = $1', [
        row.id,
        row.maxBudget,
      ]),
    saveGuardrail: (row) =>
      run(
        `UPDATE "LiteLLM_GuardrailsTable"
         SET "litellm_params" = "litellm_params" || jsonb_build_object('default_on', $2::boolean)
         WHERE "guardrail_id" = $1`,
        [row.id, row.defaultOn],
      ),
    saveRouterSettings: (settings) =>
      run(
        `INSERT INTO "LiteLLM_Config" ("param_name", "param_value") VALUES ('router_settings', $1::jsonb)
         ON CONFLICT ("param_name") DO UPDATE SET "param_value" = excluded."param_value"`,
        [JSON.stringify(settings)],
      ),
    saveSpend: (state) => saveSpend(state, run),
    insertSpendLogs: async (rows) => {
      for (let from = 0; from < rows.length; from += batchSize)
        await run(insertSpendLogsSql, [JSON.stringify(rows.slice(from, from + batchSize))]);
    },
    clearSpendLogs: () => run('DELETE FROM "LiteLLM_SpendLogs"'),
    deleteSpendLogsBefore: (atMs) =>
      run(
        `DELETE FROM "LiteLLM_SpendLogs" WHERE "startTime" < (to_timestamp($1::float8 / 1000) AT TIME ZONE 'UTC')`,
        [atMs],
      ),
  };
}

const columnNames = Object.keys(spendLogColumns).map((name) => `"${name}"`);
const columnTypes = Object.entries(spendLogColumns).map(([name, type]) => `"${name}" ${type}`);
const insertSpendLogsSql = `INSERT INTO "LiteLLM_SpendLogs" (${columnNames.join(', ')})
  SELECT ${columnNames.join(', ')} FROM jsonb_to_recordset($1::jsonb) AS r(${columnTypes.join(', ')})`;

async function saveSpend(
  state: GatewayState,
  run: (text: string, params: readonly SandboxValue[]) => Promise<void>,
): Promise<void> {
  const teams = [...state.teams.values()].map(({ id, spend }) => ({ id, spend }));
  const keys = [...state.keys.values()].map(({ token, spend }) => ({ id: token, spend }));
  const record = 'jsonb_to_recordset($1::jsonb) AS r(id text, spend double precision)';
  await run(`UPDATE "LiteLLM_TeamTable" AS t SET "spend" = r.spend FROM ${record} WHERE t."team_id" = r.id`, [
    JSON.stringify(teams),
  ]);
  await run(
    `UPDATE "LiteLLM_VerificationToken" AS t SET "spend" = r.spend FROM ${record} WHERE t."token" = r.id`,
    [JSON.stringify(keys)],
  );
  await run('UPDATE "LiteLLM_OrganizationTable" SET "spend" = $2 WHERE "organization_id" = $1', [
    organization.id,
    state.organizationSpend,
  ]);
}

/**
 * Makes the tables where they are missing and throws when they hold a gateway that is not the sandbox's: simulated
 * traffic in a real gateway's tables would be taken for real.
 */
export async function prepareTables(database: SandboxDatabase): Promise<void> {
  for (const statement of litellmTableStatements()) await database.query(statement, []);
  const foreign = await database.query(
    `SELECT 1 FROM "LiteLLM_SpendLogs" WHERE "request_id" NOT LIKE $1
     UNION ALL SELECT 1 FROM "LiteLLM_TeamTable" WHERE NOT ($2::jsonb ? "team_id") LIMIT 1`,
    [`${requestIdPrefix}%`, JSON.stringify(initialTeams.map(({ id }) => id))],
  );
  if (foreign.length > 0) throw new Error('the database holds a gateway that is not the sandbox');
}

const teamCountSchema = z.object({ count: z.coerce.number() });

/** True when an earlier sandbox left its state here. */
export async function holdsState(database: SandboxDatabase): Promise<boolean> {
  const rows = await database.query('SELECT count(*)::int AS count FROM "LiteLLM_TeamTable"', []);
  return teamCountSchema.parse(rows[0]).count > 0;
}
