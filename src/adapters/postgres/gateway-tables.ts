import { z } from 'zod';
import type { Organization, Team, VirtualKey } from '../../core/evidence.ts';
import type { JsonObject } from '../../core/json.ts';
import type { GatewayTable } from './gateway-layout.ts';
import {
  amount,
  optionalAmount,
  optionalName,
  parseGatewayRows,
  shownName,
  type GatewayRows,
} from './gateway-rows.ts';
import type { GatewayQuery } from './gateway-traffic.ts';
import { spendLogs } from './spend-logs-sql.ts';

/** Most teams, organizations or keys taken; with more the reading is unknown rather than half true. */
export const entitiesMax = 20_000;

const limits = { max_budget: optionalAmount, rpm_limit: optionalAmount, tpm_limit: optionalAmount };

const teamSchema = z
  .object({
    ...limits,
    id: shownName,
    alias: optionalName,
    org: optionalName,
    spend: amount,
    soft_budget: optionalAmount,
    blocked: z.boolean().nullable(),
  })
  .transform((row): Team => ({
    id: row.id,
    alias: row.alias,
    orgId: row.org,
    spend: row.spend,
    maxBudget: row.max_budget,
    softBudget: row.soft_budget,
    rpmLimit: row.rpm_limit,
    tpmLimit: row.tpm_limit,
    blocked: row.blocked ?? false,
  }));

/** All teams; those over a budget first, so that a cut never hides one. */
export async function readTeams({ query, layout }: GatewayQuery): Promise<GatewayRows<Team>> {
  const column = (name: string, type: string) => layout.column('LiteLLM_TeamTable', name, type);
  const rows = await query(
    `SELECT team_id AS id, ${column('team_alias', 'text')} AS alias, ${column('organization_id', 'text')} AS org,
            spend, max_budget, ${column('soft_budget', 'float8')} AS soft_budget,
            ${column('rpm_limit', 'int8')}::text AS rpm_limit, ${column('tpm_limit', 'int8')}::text AS tpm_limit,
            ${column('blocked', 'boolean')} AS blocked
     FROM ${layout.table('LiteLLM_TeamTable')}
     ORDER BY coalesce(spend >= max_budget OR spend >= ${column('soft_budget', 'float8')}, false) DESC, team_id
     LIMIT ${entitiesMax + 1}`,
    [],
  );
  return parseGatewayRows(rows, teamSchema, { max: entitiesMax, what: 'teams' });
}

const organizationSchema = z
  .object({
    ...limits,
    id: shownName,
    alias: optionalName,
    spend: amount,
    budget_id: shownName,
    soft_budget: optionalAmount,
    sharers: amount,
  })
  .transform((row): Organization => ({
    id: row.id,
    alias: row.alias,
    spend: row.spend,
    budgetId: row.budget_id,
    maxBudget: row.max_budget,
    softBudget: row.soft_budget,
    rpmLimit: row.rpm_limit,
    tpmLimit: row.tpm_limit,
    budgetSharers: row.sharers,
  }));

/** All organizations with the budget row that limits them, which they may share; those over budget first. */
export async function readOrganizations(gateway: GatewayQuery): Promise<GatewayRows<Organization>> {
  const { query, layout } = gateway;
  const missing = (['LiteLLM_OrganizationTable', 'LiteLLM_BudgetTable'] as const).some(
    (table) => !layout.has(table),
  );
  if (missing) return { rows: [], cut: null, malformed: 0 };
  const budget = (name: string, type: string) => layout.column('LiteLLM_BudgetTable', name, type, 'b');
  const rows = await query(
    `SELECT o.organization_id AS id, ${layout.column('LiteLLM_OrganizationTable', 'organization_alias', 'text', 'o')} AS alias,
            o.spend, o.budget_id, b.max_budget, ${budget('soft_budget', 'float8')} AS soft_budget,
            ${budget('rpm_limit', 'int8')}::text AS rpm_limit, ${budget('tpm_limit', 'int8')}::text AS tpm_limit,
            coalesce(u.sharers, 0)::int AS sharers
     FROM ${layout.table('LiteLLM_OrganizationTable')} o
     LEFT JOIN ${layout.table('LiteLLM_BudgetTable')} b ON b.budget_id = o.budget_id
     LEFT JOIN (SELECT budget_id, count(*) AS sharers FROM (${budgetReferences(gateway)}) r GROUP BY budget_id) u
       ON u.budget_id = o.budget_id
     ORDER BY coalesce(o.spend >= b.max_budget OR o.spend >= ${budget('soft_budget', 'float8')}, false) DESC, 1
     LIMIT ${entitiesMax + 1}`,
    [],
  );
  return parseGatewayRows(rows, organizationSchema, { max: entitiesMax, what: 'organizations' });
}

/** Every reference to a budget row: organizations, keys and end users. */
function budgetReferences({ layout }: GatewayQuery): string {
  const tables: readonly GatewayTable[] = [
    'LiteLLM_OrganizationTable',
    'LiteLLM_VerificationToken',
    'LiteLLM_EndUserTable',
  ];
  return tables
    .filter((table) => layout.has(table, 'budget_id'))
    .map((table) => `SELECT budget_id FROM ${layout.table(table)}`)
    .join(' UNION ALL ');
}

const keySchema = z
  .object({
    ...limits,
    id: shownName,
    alias: optionalName,
    team: optionalName,
    org: optionalName,
    spend: amount,
    blocked: z.boolean().nullable(),
  })
  .transform((row): VirtualKey => ({
    id: row.id,
    alias: row.alias,
    teamId: row.team,
    orgId: row.org,
    spend: row.spend,
    maxBudget: row.max_budget,
    rpmLimit: row.rpm_limit,
    tpmLimit: row.tpm_limit,
    blocked: row.blocked ?? false,
  }));

/** The keys with these hashes; more than `entitiesMax` are not even asked for. */
export async function readKeys(
  { query, layout }: GatewayQuery,
  hashes: readonly string[],
): Promise<GatewayRows<VirtualKey>> {
  if (hashes.length > entitiesMax)
    return { rows: [], cut: `more than ${entitiesMax} keys with traffic`, malformed: 0 };
  if (!layout.has('LiteLLM_VerificationToken')) return { rows: [], cut: null, malformed: 0 };
  const column = (name: string, type: string) => layout.column('LiteLLM_VerificationToken', name, type);
  const rows = await query(
    `SELECT token AS id, ${column('key_alias', 'text')} AS alias, ${column('team_id', 'text')} AS team,
            ${column('organization_id', 'text')} AS org, spend, max_budget,
            ${column('rpm_limit', 'int8')}::text AS rpm_limit, ${column('tpm_limit', 'int8')}::text AS tpm_limit,
            ${column('blocked', 'boolean')} AS blocked
     FROM ${layout.table('LiteLLM_VerificationToken')} WHERE token = ANY($1) ORDER BY token`,
    [hashes],
  );
  return parseGatewayRows(rows, keySchema, { max: entitiesMax, what: 'keys' });
}

const deploymentIdsMax = 1_000;

/** Deployments that served requests of the long window; null when none is logged. */
export async function readDeploymentIds({
  query,
  layout,
  windows,
}: GatewayQuery): Promise<readonly string[] | null> {
  const rows = await query(
    `SELECT DISTINCT model_id AS id FROM ${spendLogs(layout, { from: '$1::timestamp', until: '$2::timestamp' })} s
     WHERE model_id <> '' LIMIT ${deploymentIdsMax}`,
    [windows.longFrom, windows.until],
  );
  const found = z.array(z.object({ id: shownName })).parse(rows);
  return found.length === 0 ? null : found.map((row) => row.id);
}

const settingsSchema = z.record(z.string(), z.json());

/** What was stored of the router settings; null without such a row. Throws when it is not an object. */
export async function readRouterSettings({ query, layout }: GatewayQuery): Promise<JsonObject | null> {
  if (!layout.has('LiteLLM_Config', 'param_value')) return null;
  const rows = await query(
    `SELECT param_value::text AS value FROM ${layout.table('LiteLLM_Config')}
     WHERE param_name = 'router_settings' AND param_value IS NOT NULL LIMIT 1`,
    [],
  );
  const [row] = z.array(z.object({ value: z.string() })).parse(rows);
  if (row === undefined) return null;
  const value: unknown = JSON.parse(row.value);
  // The column may hold a JSON string that holds the JSON.
  return settingsSchema.parse(typeof value === 'string' ? JSON.parse(value) : value);
}
