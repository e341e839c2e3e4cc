import { z } from 'zod';
import type { ActionContext } from '../src/core/action.ts';
import { defineAction } from '../src/core/action.ts';
import { countGiven, gatewayId, keyHash, wholeNumber } from '../src/core/action-params.ts';
import type { Change } from '../src/core/change.ts';
import type { Team, VirtualKey } from '../src/core/evidence.ts';
import { findKey, findTeam, onRow } from '../src/core/gateway-rows.ts';
import type { Lookup } from '../src/core/gateway-rows.ts';
import { limitChanges, storedValueExpectation, withinPercentOfOriginal } from '../src/core/percent-change.ts';
import type { LimitOwner } from '../src/core/percent-change.ts';
import { holds, verdict } from '../src/core/precondition.ts';
import type { Check } from '../src/core/precondition.ts';
import { activeIn24h, sameGateway, spendsAboveUsual } from '../src/core/required-checks.ts';
import { tenantReach } from '../src/core/traffic-reach.ts';

const percentMax = 90;

const paramsSchema = z
  .strictObject({
    team: gatewayId().exactOptional(),
    key: keyHash().exactOptional(),
    percent: wholeNumber({ min: 1, max: percentMax }),
  })
  .refine(({ team, key }) => countGiven([team, key]) === 1, 'exactly one of team and key must be given');
type Params = Readonly<z.infer<typeof paramsSchema>>;

/** Throttles one runaway team or key by lowering those of its limits that are set. */
export const limitLower = defineAction<Params>({
  type: 'limit.lower',
  version: 1,
  baseline: 30,
  reversibility: 'trivially_reversible',
  summary:
    'Throttle one team or one virtual key whose spend runs away: lower its request and token limits per minute by at most 90 %.',
  params: paramsSchema,
  kinds: ['budget.exceeded'],
  readings: [
    'gateway.identity',
    'gateway.teams',
    'gateway.keys',
    'traffic.day',
    'spend.growth',
    'own.original_values',
  ],
  subject: ownerOf,
  preconditions: [
    {
      id: 'limit.target_known',
      severity: 'must',
      check: (params, context) => onOwner(params, context, () => holds(`${ownerName(params)} exists`)),
    },
    {
      id: 'limit.limits_set',
      severity: 'must',
      check: (params, context) =>
        onOwner(params, context, (row) =>
          verdict(
            row.rpmLimit !== null || row.tpmLimit !== null,
            `rpm_limit ${row.rpmLimit ?? 'none'}, tpm_limit ${row.tpmLimit ?? 'none'}`,
          ),
        ),
    },
    {
      id: 'limit.within_percent',
      severity: 'must',
      check: (params, context) =>
        onOwner(params, context, () =>
          withinPercentOfOriginal(context, plan(params, context), { direction: 'down', percentMax }),
        ),
    },
    sameGateway,
    {
      id: 'limit.target_not_blocked',
      severity: 'should',
      check: (params, context) =>
        onOwner(params, context, (row) =>
          verdict(!row.blocked, row.blocked ? 'blocked already' : 'not blocked'),
        ),
    },
    {
      id: 'limit.target_active',
      severity: 'should',
      check: (params, context) => {
        const { kind, id } = ownerOf(params);
        return activeIn24h(context, (cell) => cell[kind] === id);
      },
    },
    {
      id: 'limit.spend_above_usual',
      severity: 'should',
      check: (params, context) => spendsAboveUsual(context, ownerOf(params)),
    },
  ],
  plan,
  reach: (params, context) => {
    const { kind, id } = ownerOf(params);
    return tenantReach(context, (cell) => cell[kind] === id);
  },
  revert: () => ({ kind: 'on_request' }),
  expectation: (params, context) => storedValueExpectation(ownerOf(params), plan(params, context), 'lower'),
  revertsWhenWorse: false,
});

function ownerOf(params: Params): LimitOwner {
  return params.key === undefined ? { kind: 'team', id: params.team ?? '' } : { kind: 'key', id: params.key };
}

function ownerName(params: Params): string {
  const { kind, id } = ownerOf(params);
  return `${kind} \`${id}\``;
}

function findOwner(params: Params, context: ActionContext): Lookup<Team | VirtualKey> {
  const { kind, id } = ownerOf(params);
  return kind === 'team' ? findTeam(context.evidence, id) : findKey(context.evidence, id);
}

function onOwner(params: Params, context: ActionContext, check: (row: Team | VirtualKey) => Check): Check {
  return onRow(findOwner(params, context), check);
}

function plan(params: Params, context: ActionContext): readonly Change[] {
  const found = findOwner(params, context);
  if (found.status !== 'found') return [];
  return limitChanges(ownerOf(params), found.row, { direction: 'down', percent: params.percent });
}
