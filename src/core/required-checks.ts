import type { ActionContext, Precondition } from './action.ts';
import type { GatewayCapabilities, SpendGrowth, TrafficCell } from './evidence.ts';
import { onReading } from './gateway-rows.ts';
import { fails, holds, unknown, verdict } from './precondition.ts';
import type { Check } from './precondition.ts';
import { shownNumber } from './shown-number.ts';
import { isRunaway } from './spend-outlier.ts';

/** Checks that several actions share. */

/** `must`: what we read and what we would write are one gateway. */
export const sameGateway: Precondition<unknown> = {
  id: 'gateway.identity_same',
  severity: 'must',
  check: (_params, context) =>
    onReading(context.evidence, 'gateway.identity', ({ match, detail }) => {
      if (match === 'different') return fails(`database and admin API are different gateways: ${detail}`);
      if (match === 'not_logged') return holds('cannot be told apart: no deployment id is logged');
      return holds(`database and admin API are the same gateway: ${detail}`);
    }),
};

/**
 * The check of a capability whose writes also need STORE_MODEL_IN_DB. Where that cannot be told it is allowed: without
 * it the gateway refuses the write and nothing changes (facts/litellm.md B.1).
 */
export function gatewayCan(
  context: ActionContext,
  can: (capabilities: GatewayCapabilities) => boolean,
  what: string,
): Check {
  return onReading(context.evidence, 'gateway.capabilities', (capabilities) => {
    const version = capabilities.version ?? 'of unknown version';
    if (!can(capabilities)) return fails(`gateway ${version} cannot ${what}`);
    if (capabilities.storesModelsInDb === false)
      return fails(`gateway ${version} cannot ${what}: STORE_MODEL_IN_DB is off`);
    return holds(`gateway ${version} can ${what}`);
  });
}

/** Whether anything went through these cells in 24 h. */
export function activeIn24h(context: ActionContext, through: (cell: TrafficCell) => boolean): Check {
  return onReading(context.evidence, 'traffic.day', (cells) => {
    const requests = cells.filter(through).reduce((sum, cell) => sum + cell.requests, 0);
    return verdict(requests > 0, `${shownNumber(requests)} requests in 24 h`);
  });
}

/** Whether a team or key spends at least three times its own mean hour now. */
export function spendsAboveUsual(
  context: ActionContext,
  owner: { readonly kind: SpendGrowth['kind']; readonly id: string },
): Check {
  return onReading(context.evidence, 'spend.growth', (rows) => {
    const row = rows.find((candidate) => candidate.kind === owner.kind && candidate.id === owner.id);
    if (row === undefined) return unknown(`${owner.kind} \`${owner.id}\` is not in spend.growth`);
    return verdict(isRunaway(row), describeGrowth(row));
  });
}

/** `12.5 USD in the last hour, 1.2 USD in its mean hour`. */
export function describeGrowth(row: SpendGrowth): string {
  return `${shownNumber(row.lastHourUsd)} USD in the last hour, ${shownNumber(row.meanHourUsd)} USD in its mean hour`;
}
