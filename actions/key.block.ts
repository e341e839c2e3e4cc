import { z } from 'zod';
import { defineAction } from '../src/core/action.ts';
import { keyHash } from '../src/core/action-params.ts';
import { findKey, onRow } from '../src/core/gateway-rows.ts';
import { holds, verdict } from '../src/core/precondition.ts';
import { activeIn24h, sameGateway, spendsAboveUsual } from '../src/core/required-checks.ts';
import { tenantReach } from '../src/core/traffic-reach.ts';

const paramsSchema = z.strictObject({ key: keyHash() });
type Params = Readonly<z.infer<typeof paramsSchema>>;

/** Blocks one virtual key, named by its hash. */
export const keyBlock = defineAction<Params>({
  type: 'key.block',
  version: 1,
  baseline: 35,
  reversibility: 'trivially_reversible',
  summary: 'Block one virtual key, so that every request with it is refused until it is unblocked.',
  params: paramsSchema,
  kinds: ['budget.exceeded', 'guardrail.strikes'],
  readings: ['gateway.identity', 'gateway.keys', 'gateway.teams', 'traffic.day', 'spend.growth'],
  subject: ({ key }) => ({ kind: 'key', id: key }),
  preconditions: [
    {
      id: 'key.known',
      severity: 'must',
      check: ({ key }, context) =>
        onRow(findKey(context.evidence, key), (row) => holds(`key \`${row.alias ?? row.id}\` exists`)),
    },
    {
      id: 'key.not_blocked',
      severity: 'must',
      check: ({ key }, context) =>
        onRow(findKey(context.evidence, key), (row) =>
          verdict(!row.blocked, row.blocked ? 'blocked already' : 'not blocked'),
        ),
    },
    sameGateway,
    {
      id: 'key.active',
      severity: 'should',
      check: ({ key }, context) => activeIn24h(context, (cell) => cell.key === key),
    },
    {
      id: 'key.spend_above_usual',
      severity: 'should',
      check: ({ key }, context) => spendsAboveUsual(context, { kind: 'key', id: key }),
    },
  ],
  plan: ({ key }, context) => {
    const found = findKey(context.evidence, key);
    if (found.status !== 'found' || found.row.blocked) return [];
    return [{ target: `litellm:key/${key}`, field: 'blocked', from: false, to: true }];
  },
  reach: ({ key }, context) => tenantReach(context, (cell) => cell.key === key),
  revert: () => ({ kind: 'on_request' }),
  // The flag itself is read back when it is written; the spend of a rolling hour shows a block only after the hour.
  expectation: () => null,
  revertsWhenWorse: false,
});
