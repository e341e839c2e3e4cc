import { z } from 'zod';
import type { ActionContext } from '../src/core/action.ts';
import { defineAction } from '../src/core/action.ts';
import { gatewayId, wholeNumber } from '../src/core/action-params.ts';
import type { Change } from '../src/core/change.ts';
import type { Team } from '../src/core/evidence.ts';
import { findOrganization, findTeam, onRow } from '../src/core/gateway-rows.ts';
import { limitChanges, storedValueExpectation, withinPercentOfOriginal } from '../src/core/percent-change.ts';
import { fails, holds, verdict } from '../src/core/precondition.ts';
import type { Check } from '../src/core/precondition.ts';
import { activeIn24h, sameGateway } from '../src/core/required-checks.ts';
import { shownNumber } from '../src/core/shown-number.ts';
import { tenantReach } from '../src/core/traffic-reach.ts';

const percentMax = 50;
const paramsSchema = z.strictObject({
  team: gatewayId(),
  percent: wholeNumber({ min: 1, max: percentMax }),
});
type Params = Readonly<z.infer<typeof paramsSchema>>;

/** Raises the request and token limits of one team that are set; a limit that is null is none and stays so. */
export const limitRaise = defineAction<Params>({
  type: 'limit.raise',
  version: 1,
  baseline: 30,
  reversibility: 'trivially_reversible',
  summary: 'Raise the request and token limits per minute of one team by at most 50 %.',
  params: paramsSchema,
  kinds: ['sla.violation'],
  readings: [
    'gateway.identity',
    'gateway.teams',
    'gateway.organizations',
    'traffic.day',
    'sla.contracts',
    'own.original_values',
  ],
  subject: ({ team }) => ({ kind: 'team', id: team }),
  preconditions: [
    {
      id: 'team.known',
      severity: 'must',
      check: ({ team }, context) => onTeam(team, context, (row) => holds(`team \`${row.id}\` exists`)),
    },
    {
      id: 'team.limits_set',
      severity: 'must',
      check: ({ team }, context) =>
        onTeam(team, context, (row) =>
          verdict(
            row.rpmLimit !== null || row.tpmLimit !== null,
            `rpm_limit ${row.rpmLimit ?? 'none'}, tpm_limit ${row.tpmLimit ?? 'none'}`,
          ),
        ),
    },
    {
      id: 'team.limits_within_percent',
      severity: 'must',
      check: (params, context) =>
        onTeam(params.team, context, () =>
          withinPercentOfOriginal(context, plan(params, context), { direction: 'up', percentMax }),
        ),
    },
    { id: 'team.within_org_limits', severity: 'must', check: checkOrgLimits },
    sameGateway,
    {
      id: 'team.not_blocked',
      severity: 'should',
      check: ({ team }, context) =>
        onTeam(team, context, (row) => verdict(!row.blocked, row.blocked ? 'blocked' : 'not blocked')),
    },
    {
      id: 'team.active',
      severity: 'should',
      check: ({ team }, context) => activeIn24h(context, (cell) => cell.team === team),
    },
    {
      id: 'team.budget_left',
      severity: 'should',
      check: ({ team }, context) =>
        onTeam(team, context, ({ spend, maxBudget }) =>
          verdict(
            maxBudget === null || spend < maxBudget,
            `${shownNumber(spend)} of ${maxBudget === null ? 'unlimited' : shownNumber(maxBudget)} USD spent`,
          ),
        ),
    },
  ],
  plan,
  reach: ({ team }, context) => tenantReach(context, (cell) => cell.team === team),
  revert: () => ({ kind: 'on_request' }),
  expectation: (params, context) =>
    storedValueExpectation({ kind: 'team', id: params.team }, plan(params, context), 'higher'),
  revertsWhenWorse: true,
});

function plan({ team, percent }: Params, context: ActionContext): readonly Change[] {
  const found = findTeam(context.evidence, team);
  if (found.status !== 'found') return [];
  return limitChanges({ kind: 'team', id: team }, found.row, { direction: 'up', percent });
}

function onTeam(id: string, context: ActionContext, check: (row: Team) => Check): Check {
  return onRow(findTeam(context.evidence, id), check);
}

/** LiteLLM refuses a team limit above its organisation's (facts/litellm.md B.6). */
function checkOrgLimits(params: Params, context: ActionContext): Check {
  return onTeam(params.team, context, (team) => {
    if (team.orgId === null) return holds('the team is in no organisation');
    return onRow(findOrganization(context.evidence, team.orgId), (org) => {
      const limits = { rpm_limit: org.rpmLimit, tpm_limit: org.tpmLimit };
      for (const change of plan(params, context)) {
        const limit =
          change.field === 'rpm_limit' || change.field === 'tpm_limit' ? limits[change.field] : null;
        if (limit !== null && typeof change.to === 'number' && change.to > limit)
          return fails(`${change.field} ${change.to} is over the organisation's ${limit}`);
      }
      return holds(
        `organisation \`${org.id}\`: rpm_limit ${org.rpmLimit ?? 'none'}, tpm_limit ${org.tpmLimit ?? 'none'}`,
      );
    });
  });
}
