import { z } from 'zod';
import type { ActionContext, ActionSubject } from '../src/core/action.ts';
import { defineAction } from '../src/core/action.ts';
import { countGiven, gatewayId, keyHash, wholeNumber } from '../src/core/action-params.ts';
import type { Change } from '../src/core/change.ts';
import type { Organization, Team, VirtualKey } from '../src/core/evidence.ts';
import { known } from '../src/core/evidence.ts';
import { findKey, findOrganization, findTeam, onReading, onRow } from '../src/core/gateway-rows.ts';
import type { Lookup } from '../src/core/gateway-rows.ts';
import {
  ownerChange,
  raisedBudget,
  storedValueExpectation,
  withinPercentOfOriginal,
} from '../src/core/percent-change.ts';
import { fails, holds, unknown, verdict } from '../src/core/precondition.ts';
import type { Check } from '../src/core/precondition.ts';
import { describeGrowth, sameGateway } from '../src/core/required-checks.ts';
import type { Reach } from '../src/core/risk/blast-radius.ts';
import { shownNumber } from '../src/core/shown-number.ts';
import { isRunaway } from '../src/core/spend-outlier.ts';
import { cellInOrgs, tenantReach } from '../src/core/traffic-reach.ts';

const percentMax = 50;

const paramsSchema = z
  .strictObject({
    team: gatewayId().exactOptional(),
    org: gatewayId().exactOptional(),
    key: keyHash().exactOptional(),
    percent: wholeNumber({ min: 1, max: percentMax }),
  })
  .refine(
    ({ team, org, key }) => countGiven([team, org, key]) === 1,
    'exactly one of team, org and key must be given',
  );
type Params = Readonly<z.infer<typeof paramsSchema>>;
type Holder = Team | Organization | VirtualKey;

/** Raises the hard budget of one team, organisation or key. The inverse restores the cap, not the money spent. */
export const budgetRaiseCap = defineAction<Params>({
  type: 'budget.raise_cap',
  version: 1,
  baseline: 75,
  reversibility: 'audit_trail_only',
  summary:
    'Raise the hard budget of one team, organisation or key by at most 50 %; spent money is not undone.',
  params: paramsSchema,
  kinds: ['budget.exceeded'],
  readings: [
    'gateway.identity',
    'gateway.teams',
    'gateway.organizations',
    'gateway.keys',
    'traffic.day',
    'spend.growth',
    'own.original_values',
  ],
  subject: subjectOf,
  preconditions: [
    {
      id: 'budget.holder_known',
      severity: 'must',
      check: (params, context) => onHolder(params, context, (row) => holds(`\`${row.id}\` exists`)),
    },
    {
      id: 'budget.cap_set',
      severity: 'must',
      check: (params, context) =>
        onHolder(params, context, ({ maxBudget }) =>
          verdict(maxBudget !== null && maxBudget > 0, `max_budget is ${maxBudget ?? 'none: unlimited'}`),
        ),
    },
    {
      id: 'budget.within_percent',
      severity: 'must',
      check: (params, context) =>
        onHolder(params, context, () =>
          withinPercentOfOriginal(context, plan(params, context), { direction: 'up', percentMax }),
        ),
    },
    { id: 'budget.within_org_cap', severity: 'must', check: checkOrgCap },
    sameGateway,
    {
      id: 'budget.reached',
      severity: 'should',
      check: (params, context) =>
        onHolder(params, context, (row) => {
          const soft = 'softBudget' in row ? row.softBudget : null;
          const limits = [row.maxBudget, soft].filter((limit) => limit !== null);
          return verdict(
            limits.some((limit) => row.spend >= limit),
            `${shownNumber(row.spend)} of ${limits.map(shownNumber).join(' / ') || 'unlimited'} USD spent`,
          );
        }),
    },
    { id: 'budget.no_runaway', severity: 'should', check: checkNoRunaway },
    { id: 'budget.not_shared', severity: 'should', check: checkNotShared },
  ],
  plan,
  reach,
  revert: () => ({ kind: 'on_request' }),
  expectation: (params, context) =>
    storedValueExpectation(subjectOf(params), plan(params, context), 'higher'),
  revertsWhenWorse: true,
});

function subjectOf({ team, org, key }: Params): ActionSubject & { readonly kind: 'team' | 'org' | 'key' } {
  if (team !== undefined) return { kind: 'team', id: team };
  return org === undefined ? { kind: 'key', id: key ?? '' } : { kind: 'org', id: org };
}

function findHolder(params: Params, context: ActionContext): Lookup<Holder> {
  const { kind, id } = subjectOf(params);
  if (kind === 'team') return findTeam(context.evidence, id);
  return kind === 'org' ? findOrganization(context.evidence, id) : findKey(context.evidence, id);
}

function onHolder(params: Params, context: ActionContext, check: (row: Holder) => Check): Check {
  return onRow(findHolder(params, context), check);
}

function plan(params: Params, context: ActionContext): readonly Change[] {
  const found = findHolder(params, context);
  if (found.status !== 'found' || found.row.maxBudget === null) return [];
  const from = found.row.maxBudget;
  const to = raisedBudget(from, params.percent);
  if (!(to > from)) return [];
  const { kind, id } = subjectOf(params);
  if (kind !== 'org') return [ownerChange({ kind, id }, { field: 'max_budget', from, to })];
  // An organisation's cap lives in a budget row that others may share (facts/litellm.md B.7).
  if (!('budgetId' in found.row)) return [];
  return [{ target: `litellm:budget/${found.row.budgetId}`, field: 'max_budget', from, to }];
}

/** LiteLLM refuses a team cap above its organisation's (facts/litellm.md B.6). */
function checkOrgCap(params: Params, context: ActionContext): Check {
  return onHolder(params, context, (row) => {
    const { kind } = subjectOf(params);
    if (kind !== 'team' || !('orgId' in row) || row.orgId === null)
      return holds('no cap of an organisation above it');
    return onRow(findOrganization(context.evidence, row.orgId), ({ id, maxBudget }) => {
      const [change] = plan(params, context);
      const to = typeof change?.to === 'number' ? change.to : row.maxBudget;
      const fits = maxBudget === null || to === null || to <= maxBudget;
      return verdict(fits, `${to ?? 'none'} under organisation \`${id}\`: ${maxBudget ?? 'unlimited'} USD`);
    });
  });
}

/** More budget for something that runs away only lets it run further. */
function checkNoRunaway(params: Params, context: ActionContext): Check {
  return onReading(context.evidence, 'spend.growth', (rows) => {
    const { kind, id } = subjectOf(params);
    const mine = rows.filter((row) =>
      kind === 'org' ? row.orgId === id : row.kind === kind && row.id === id,
    );
    const wild = mine.find(isRunaway);
    if (wild !== undefined) return fails(`${wild.kind} \`${wild.id}\`: ${describeGrowth(wild)}`);
    if (mine.length === 0) return unknown(`${kind} \`${id}\` is not in spend.growth`);
    return holds(`of ${mine.length} none is at three times its mean hour`);
  });
}

function checkNotShared(params: Params, context: ActionContext): Check {
  return onHolder(params, context, (row) => {
    const sharers = 'budgetSharers' in row ? row.budgetSharers : 1;
    return verdict(sharers <= 1, `the budget row is used by ${sharers}`);
  });
}

/** A shared budget row touches all who share it; those that cannot be named make the reach unknown. */
function reach(params: Params, context: ActionContext): Reach {
  const { kind, id } = subjectOf(params);
  if (kind === 'team') return tenantReach(context, (cell) => cell.team === id);
  if (kind === 'key') return tenantReach(context, (cell) => cell.key === id);
  const found = findOrganization(context.evidence, id);
  if (found.status !== 'found') return { status: 'unknown', reason: found.detail };
  const { budgetId, budgetSharers } = found.row;
  const sharing = (known(context.evidence, 'gateway.organizations') ?? []).filter(
    (org) => org.budgetId === budgetId,
  );
  if (budgetSharers > sharing.length)
    return {
      status: 'unknown',
      reason: `budget row \`${budgetId}\` is used by ${budgetSharers}, of which ${sharing.length} can be named`,
    };
  return tenantReach(context, cellInOrgs(context.evidence, new Set(sharing.map((org) => org.id))));
}
