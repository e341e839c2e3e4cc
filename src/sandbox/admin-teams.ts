import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import { detailError, ok, proxyError, withBody, type AdminHandler, type AdminReply } from './admin-reply.ts';
import { organization, type SimulatedTeam } from './world.ts';

/** GET /team/info (facts/litellm.md B.6). */
export const teamInfo: AdminHandler = ({ query }, { state }) => {
  const team = state.teams.get(query.get('team_id') ?? '');
  if (team === undefined) return unknownTeam(query.get('team_id') ?? '');
  return ok({ team_id: team.id, team_info: teamRow(team), keys: [], team_memberships: [] });
};

/** GET /team/list. */
export const teamList: AdminHandler = (_call, { state }) => ok([...state.teams.values()].map(teamRow));

/** GET /v2/team/list: pages counted from 1. */
export const teamPages: AdminHandler = ({ query }, { state }) => {
  const page = Number(query.get('page') ?? 1);
  const size = Number(query.get('page_size') ?? 10);
  if (!(page >= 1) || !(size >= 1 && size <= 100))
    return detailError(400, { error: 'page or page_size out of range' });
  const all = [...state.teams.values()].map(teamRow);
  return ok({
    teams: all.slice((page - 1) * size, page * size),
    total: all.length,
    page,
    page_size: size,
    total_pages: Math.ceil(all.length / size),
  });
};

export const limitFields = {
  max_budget: z.number().nullable().optional(),
  rpm_limit: z.number().int().nullable().optional(),
  tpm_limit: z.number().int().nullable().optional(),
};

/** POST /team/update: only what is sent is written; null clears. */
export const updateTeam = withBody(z.object({ team_id: z.string(), ...limitFields }), (body, context) => {
  const team = context.state.teams.get(body.team_id);
  if (team === undefined) return unknownTeam(body.team_id);
  const next = withLimits(team, body);
  const cap = context.state.budgets.get(organization.budgetId)?.maxBudget ?? null;
  const wrong = capProblem(next, cap);
  if (wrong !== null) return proxyError(400, 'bad_request_error', wrong);
  return ok({ team_id: team.id, data: teamRow(next) }, async () => {
    const current = withLimits(context.state.teams.get(team.id) ?? team, body);
    await context.store.saveTeam(current);
    context.state.teams.set(team.id, current);
  });
});

/** The record with the sent limits; what is absent stays. */
export function withLimits<Row extends Pick<SimulatedTeam, 'maxBudget' | 'rpmLimit' | 'tpmLimit'>>(
  row: Row,
  sent: z.infer<z.ZodObject<typeof limitFields>>,
): Row {
  return {
    ...row,
    ...(sent.max_budget === undefined ? {} : { maxBudget: sent.max_budget }),
    ...(sent.rpm_limit === undefined ? {} : { rpmLimit: sent.rpm_limit }),
    ...(sent.tpm_limit === undefined ? {} : { tpmLimit: sent.tpm_limit }),
  };
}

function capProblem(team: SimulatedTeam, organizationCap: number | null): string | null {
  const { maxBudget, softBudget } = team;
  if (maxBudget === null) return null;
  if (maxBudget < 0) return 'max_budget cannot be negative';
  if (softBudget !== null && maxBudget <= softBudget) return 'max_budget must be above soft_budget';
  if (organizationCap !== null && maxBudget > organizationCap)
    return `max_budget=${maxBudget} is above the organization's ${organizationCap}`;
  return null;
}

function unknownTeam(id: string): AdminReply {
  return proxyError(404, 'not_found_error', `Team not found, passed team_id=${id}`);
}

function teamRow(team: SimulatedTeam): JsonObject {
  return {
    team_id: team.id,
    team_alias: team.alias,
    organization_id: organization.id,
    max_budget: team.maxBudget,
    soft_budget: team.softBudget,
    spend: team.spend,
    tpm_limit: team.tpmLimit,
    rpm_limit: team.rpmLimit,
    max_parallel_requests: null,
    budget_duration: null,
    budget_reset_at: null,
    blocked: team.blocked,
    metadata: {},
    models: [],
  };
}
