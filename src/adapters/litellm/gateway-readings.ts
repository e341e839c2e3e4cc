import type { z } from 'zod';
import type {
  Aliases,
  Deployment,
  GatewayCapabilities,
  GatewayIdentity,
  Guardrail,
  Team,
} from '../../core/evidence.ts';
import { visibleText } from '../../core/plain-text.ts';
import { SourceError } from '../../app/ports.ts';
import { describeFailure } from './answers.ts';
import { withQuery, type ApiAnswer, type LitellmClient } from './client.ts';
import { toDeployment } from './deployments.ts';
import { readRouterSettings } from './router-settings.ts';
import {
  guardrailListSchema,
  modelInfoSchema,
  openapiSchema,
  readinessSchema,
  teamListSchema,
  teamPageSchema,
  type TeamRow,
} from './wire.ts';

/** More than this and the reading is unknown: a cut list would hide deployments that stay open. */
const deploymentsMax = 5_000;
const teamsMax = 5_000;
const teamPageSize = 100;

/** Every deployment of the gateway. One row of an unknown shape makes the reading unknown. */
export async function readDeployments(
  client: LitellmClient,
  signal: AbortSignal,
): Promise<readonly Deployment[]> {
  const rows = parsed(await client.get('/model/info', signal), '/model/info', modelInfoSchema);
  return bounded(rows, deploymentsMax, 'deployments').map(toDeployment);
}

/** What this release can do, from readiness, the route list and the flags it reports (facts/litellm.md B.2). */
export async function readCapabilities(
  client: LitellmClient,
  deployments: Promise<readonly Deployment[]>,
  signal: AbortSignal,
): Promise<GatewayCapabilities> {
  const [readiness, openapi, known] = await Promise.all([
    client.get('/health/readiness', signal),
    client.get('/openapi.json', signal),
    deployments,
  ]);
  const routes = openapi.status === 'ok' ? openapiSchema.safeParse(openapi.body).data : undefined;
  return {
    version: versionOf(readiness),
    canBlockDeployments:
      routes?.['/model/block']?.['post'] !== undefined || known.some((row) => row.blocked !== null),
    // Deployments from the database are only loaded while the switch is on; without any it cannot be told.
    storesModelsInDb: known.some((row) => row.inDatabase) ? true : null,
    canPatchGuardrails:
      routes === undefined
        ? (await client.get('/v2/guardrails/list', signal)).status === 'ok'
        : routes['/guardrails/{guardrail_id}']?.['patch'] !== undefined,
  };
}

/** Whether recent requests in the gateway's tables went through deployments that this admin API knows. */
export function judgeIdentity(
  deployments: readonly Deployment[],
  logged: readonly string[] | null,
): GatewayIdentity {
  const ids = new Set((logged ?? []).filter((id) => id !== ''));
  if (ids.size === 0)
    return { match: 'not_logged', detail: 'the gateway tables hold no deployment ids of recent requests' };
  const shared = deployments.filter((row) => ids.has(row.id)).length;
  const detail = `${shared} of ${ids.size} recently used deployments are known to the admin API`;
  return { match: shared > 0 ? 'same' : 'different', detail };
}

/** The alias map in force, objects reduced to the group they name. */
export async function readAliases(client: LitellmClient, signal: AbortSignal): Promise<Aliases> {
  const read = await readRouterSettings(client, signal);
  if (read.status === 'failed') throw unreadable('/get/config/callbacks', read.answer);
  const entries = Object.entries(read.settings.aliases);
  return { map: Object.fromEntries(entries.map(([group, { model }]) => [shown(group), shown(model)])) };
}

/** Guardrails with where they are defined; only those from the database can be changed. */
export async function readGuardrails(
  client: LitellmClient,
  signal: AbortSignal,
): Promise<readonly Guardrail[]> {
  const newer = await client.get('/v2/guardrails/list', signal);
  const missing = newer.status === 'error' && newer.routeMissing;
  const answer = missing ? await client.get('/guardrails/list', signal) : newer;
  const rows = parsed(answer, '/guardrails/list', guardrailListSchema);
  return bounded(rows, 1_000, 'guardrails').map((row) => ({
    id: shown(row.guardrail_id ?? row.guardrail_name),
    name: shown(row.guardrail_name),
    defaultOn: row.litellm_params?.default_on ?? false,
    inDatabase: row.guardrail_definition_location === 'db',
  }));
}

/** All teams, page by page, or from the older list that has no pages. */
export async function readTeams(client: LitellmClient, signal: AbortSignal): Promise<readonly Team[]> {
  const rows: TeamRow[] = [];
  for (let page = 1; page <= teamsMax / teamPageSize; page += 1) {
    const query = { page: String(page), page_size: String(teamPageSize) };
    const answer = await client.get(withQuery('/v2/team/list', query), signal);
    if (answer.status === 'error' && answer.routeMissing) {
      const all = parsed(await client.get('/team/list', signal), '/team/list', teamListSchema);
      return bounded(all, teamsMax, 'teams').map(toTeam);
    }
    const { teams, total_pages: pages } = parsed(answer, '/v2/team/list', teamPageSchema);
    rows.push(...teams);
    if (page >= pages) return bounded(rows, teamsMax, 'teams').map(toTeam);
  }
  throw new SourceError('litellm_too_large', `more than ${teamsMax} teams`);
}

function toTeam(row: TeamRow): Team {
  return {
    id: shown(row.team_id),
    alias: orNull(row.team_alias),
    orgId: orNull(row.organization_id),
    spend: row.spend ?? 0,
    maxBudget: row.max_budget ?? null,
    softBudget: row.soft_budget ?? null,
    rpmLimit: row.rpm_limit ?? null,
    tpmLimit: row.tpm_limit ?? null,
    blocked: row.blocked ?? false,
  };
}

function versionOf(readiness: ApiAnswer): string | null {
  if (readiness.status !== 'ok') return null;
  const version = readinessSchema.safeParse(readiness.body).data?.litellm_version ?? readiness.version;
  return version === null ? null : visibleText(version, { maxLength: 64 });
}

function parsed<Schema extends z.ZodType>(answer: ApiAnswer, path: string, schema: Schema): z.output<Schema> {
  if (answer.status !== 'ok') throw unreadable(path, answer);
  const result = schema.safeParse(answer.body);
  if (!result.success)
    throw new SourceError('litellm_bad_answer', `${path}: the answer has an unknown shape`);
  return result.data;
}

function unreadable(path: string, answer: Exclude<ApiAnswer, { status: 'ok' }>): SourceError {
  return new SourceError('litellm_unreachable', `${path}: ${describeFailure(answer)}`);
}

function bounded<T>(rows: readonly T[], max: number, what: string): readonly T[] {
  if (rows.length > max) throw new SourceError('litellm_too_large', `more than ${max} ${what}`);
  return rows;
}

const shown = (text: string) => visibleText(text, { maxLength: 512 });
const orNull = (text: string | null | undefined) =>
  text === null || text === undefined || text === '' ? null : shown(text);
