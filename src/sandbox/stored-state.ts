import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { GatewayState } from './gateway-state.ts';
import type { SandboxDatabase } from './sandbox-database.ts';
import { organization, type SimulatedDeployment } from './world.ts';

const now = "(clock_timestamp() AT TIME ZONE 'UTC')";

/** Writes a fresh gateway into empty tables. */
export async function seedTables(database: SandboxDatabase, state: GatewayState): Promise<void> {
  const insert = (sql: string, rows: readonly object[]) => database.query(sql, [JSON.stringify(rows)]);
  await insert(
    `INSERT INTO "LiteLLM_BudgetTable" ("budget_id", "max_budget", "soft_budget", "created_by", "updated_by")
     SELECT id, "maxBudget", "softBudget", 'sandbox', 'sandbox'
     FROM jsonb_to_recordset($1::jsonb) AS r(id text, "maxBudget" float8, "softBudget" float8)`,
    [...state.budgets.values()],
  );
  await insert(
    `INSERT INTO "LiteLLM_OrganizationTable"
       ("organization_id", "organization_alias", "budget_id", "spend", "created_by", "updated_by")
     SELECT id, alias, "budgetId", spend, 'sandbox', 'sandbox'
     FROM jsonb_to_recordset($1::jsonb) AS r(id text, alias text, "budgetId" text, spend float8)`,
    [organization],
  );
  await insert(
    `INSERT INTO "LiteLLM_TeamTable" ("team_id", "team_alias", "organization_id", "spend", "max_budget", "soft_budget",
       "rpm_limit", "tpm_limit", "blocked")
     SELECT id, alias, '${organization.id}', spend, "maxBudget", "softBudget", "rpmLimit", "tpmLimit", blocked
     FROM jsonb_to_recordset($1::jsonb) AS r(id text, alias text, spend float8, "maxBudget" float8,
       "softBudget" float8, "rpmLimit" bigint, "tpmLimit" bigint, blocked boolean)`,
    [...state.teams.values()],
  );
  await insert(
    `INSERT INTO "LiteLLM_VerificationToken" ("token", "key_name", "key_alias", "team_id", "organization_id", "spend",
       "max_budget", "rpm_limit", "tpm_limit", "blocked")
     SELECT token, 'sk-...', alias, "teamId", '${organization.id}', spend, "maxBudget", "rpmLimit", "tpmLimit", blocked
     FROM jsonb_to_recordset($1::jsonb) AS r(token text, alias text, "teamId" text, spend float8, "maxBudget" float8,
       "rpmLimit" bigint, "tpmLimit" bigint, blocked boolean)`,
    [...state.keys.values()],
  );
  await insert(
    `INSERT INTO "LiteLLM_ProxyModelTable"
       ("model_id", "model_name", "litellm_params", "model_info", "blocked", "created_by", "updated_by")
     SELECT id, "modelGroup", params, jsonb_build_object('id', id, 'db_model', true), blocked, 'sandbox', 'sandbox'
     FROM jsonb_to_recordset($1::jsonb) AS r(id text, "modelGroup" text, params jsonb, blocked boolean)`,
    [...state.deployments.values()]
      .filter((row) => row.inDatabase)
      .map((row) => ({ ...row, params: sealedParams(row) })),
  );
  await insert(
    `INSERT INTO "LiteLLM_GuardrailsTable" ("guardrail_id", "guardrail_name", "litellm_params", "updated_at")
     SELECT id, name, jsonb_build_object('guardrail', 'custom', 'mode', 'pre_call', 'default_on', "defaultOn"), ${now}
     FROM jsonb_to_recordset($1::jsonb) AS r(id text, name text, "defaultOn" boolean)`,
    [...state.guardrails.values()].filter((row) => row.inDatabase),
  );
}

/** The real gateway encrypts every string here: provider and model cannot be read from the table (facts/litellm.md A.2). */
function sealedParams(row: SimulatedDeployment): object {
  const seal = (text: string) => createHash('sha512').update(`${row.id} ${text}`).digest('base64url');
  return { model: seal(row.model), api_key: seal('key'), custom_llm_provider: seal(row.provider) };
}

const limit = z.coerce.number().nullable();
const storedLimits = { max_budget: limit, rpm_limit: limit, tpm_limit: limit };

/** Takes over what an earlier sandbox left in its tables: everything that can change, by id. */
export async function loadState(database: SandboxDatabase, state: GatewayState): Promise<void> {
  const rows = async <T>(sql: string, schema: z.ZodType<T>) =>
    z.array(schema).parse(await database.query(sql, []));
  const limits = '"max_budget", "rpm_limit"::float8, "tpm_limit"::float8, "spend", "blocked"';
  for (const row of await rows(
    `SELECT "team_id" AS id, ${limits} FROM "LiteLLM_TeamTable"`,
    z.object({ id: z.string(), spend: z.number(), blocked: z.boolean(), ...storedLimits }),
  ))
    merge(state.teams, row.id, { ...limitsOf(row), spend: row.spend, blocked: row.blocked });
  for (const row of await rows(
    `SELECT "token" AS id, ${limits} FROM "LiteLLM_VerificationToken"`,
    z.object({ id: z.string(), spend: z.number(), blocked: z.boolean().nullable(), ...storedLimits }),
  ))
    merge(state.keys, row.id, { ...limitsOf(row), spend: row.spend, blocked: row.blocked });
  for (const row of await rows(
    'SELECT "model_id" AS id, "blocked" FROM "LiteLLM_ProxyModelTable"',
    z.object({ id: z.string(), blocked: z.boolean() }),
  ))
    merge(state.deployments, row.id, { blocked: row.blocked });
  for (const row of await rows(
    'SELECT "budget_id" AS id, "max_budget" FROM "LiteLLM_BudgetTable"',
    z.object({ id: z.string(), max_budget: limit }),
  ))
    merge(state.budgets, row.id, { maxBudget: row.max_budget });
  for (const row of await rows(
    `SELECT "guardrail_id" AS id, ("litellm_params"->>'default_on')::boolean AS on FROM "LiteLLM_GuardrailsTable"`,
    z.object({ id: z.string(), on: z.boolean().nullable() }),
  ))
    merge(state.guardrails, row.id, { defaultOn: row.on === true });
  const [organizationRow] = await rows(
    `SELECT "spend" FROM "LiteLLM_OrganizationTable" WHERE "organization_id" = '${organization.id}'`,
    z.object({ spend: z.number() }),
  );
  state.organizationSpend = organizationRow?.spend ?? state.organizationSpend;
  const [settings] = await rows(
    `SELECT "param_value" AS value FROM "LiteLLM_Config" WHERE "param_name" = 'router_settings'`,
    z.object({ value: z.record(z.string(), z.json()).nullable() }),
  );
  state.storedRouterSettings = settings?.value ?? null;
}

function limitsOf(row: { max_budget: number | null; rpm_limit: number | null; tpm_limit: number | null }) {
  return { maxBudget: row.max_budget, rpmLimit: row.rpm_limit, tpmLimit: row.tpm_limit };
}

function merge<Row>(rows: Map<string, Row>, id: string, changed: Partial<Row>): void {
  const row = rows.get(id);
  if (row !== undefined) rows.set(id, { ...row, ...changed });
}
