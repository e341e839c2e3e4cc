import { z } from 'zod';
import type { ActionContext } from '../src/core/action.ts';
import { defineAction } from '../src/core/action.ts';
import { gatewayId } from '../src/core/action-params.ts';
import { defaultDetectionSettings } from '../src/core/detection.ts';
import type { SlaContract } from '../src/core/evidence.ts';
import { findSla, onReading, onRow } from '../src/core/gateway-rows.ts';
import { instantMs, instantText } from '../src/core/instant.ts';
import { holds, unknown, verdict } from '../src/core/precondition.ts';
import type { Check } from '../src/core/precondition.ts';
import { shownNumber } from '../src/core/shown-number.ts';
import { scopeReach } from '../src/core/traffic-reach.ts';

const paramsSchema = z.strictObject({ sla: gatewayId() });
type Params = Readonly<z.infer<typeof paramsSchema>>;

const hourMs = 3_600_000;
/** Real hours, not nominal ones: the contract is with people, whose day no sandbox shortens. */
const suspensionHours = 24;

/**
 * Suspends one SLA contract in our own store until the first full hour at least 24 h from now. The full hour keeps the
 * planned value the same between proposal, approval and execution, which must not differ.
 */
export const slaDisable = defineAction<Params>({
  type: 'sla.disable',
  version: 1,
  baseline: 85,
  reversibility: 'audit_trail_only',
  summary: 'Suspend one SLA contract for about 24 hours, so that its violations open no incident.',
  params: paramsSchema,
  kinds: ['sla.violation'],
  readings: ['sla.contracts', 'sla.measurements', 'traffic.day', 'gateway.teams'],
  subject: ({ sla }) => ({ kind: 'sla', id: sla }),
  preconditions: [
    {
      id: 'sla.known',
      severity: 'must',
      check: ({ sla }, context) =>
        onRow(findSla(context.evidence, sla), ({ metric, target }) =>
          holds(`${metric} against ${shownNumber(target)}`),
        ),
    },
    {
      id: 'sla.not_suspended',
      severity: 'must',
      check: ({ sla }, context) =>
        onRow(findSla(context.evidence, sla), (row) => {
          const suspended = isSuspended(row, context.now);
          if (suspended === null) return unknown(`suspended until \`${row.suspendedUntil ?? 'null'}\``);
          return verdict(!suspended, suspended ? `suspended until ${row.suspendedUntil}` : 'in force');
        }),
    },
    { id: 'sla.violated', severity: 'should', check: checkViolated },
    {
      id: 'sla.samples_enough',
      severity: 'should',
      check: ({ sla }, context) =>
        onMeasured(sla, context, (_value, samples) =>
          verdict(samples >= defaultDetectionSettings.minRequests, `${samples} requests in its window`),
        ),
    },
  ],
  plan: ({ sla }, context) => {
    const found = findSla(context.evidence, sla);
    if (found.status !== 'found' || isSuspended(found.row, context.now) !== false) return [];
    return [
      {
        target: `scutum:sla/${sla}`,
        field: 'suspended_until',
        from: found.row.suspendedUntil,
        to: suspensionEnd(context.now),
      },
    ];
  },
  reach: ({ sla }, context) => {
    const found = findSla(context.evidence, sla);
    return found.status === 'found'
      ? scopeReach(context, found.row.scope)
      : { status: 'unknown', reason: found.detail };
  },
  revert: () => ({ kind: 'on_request' }),
  // Nothing on the gateway changes, so no signal is promised; our own store read the value back when it wrote it.
  expectation: () => null,
  revertsWhenWorse: false,
});

/** null when the stored instant or now cannot be read. */
function isSuspended(contract: SlaContract, now: string): boolean | null {
  if (contract.suspendedUntil === null) return false;
  const [until, at] = [instantMs(contract.suspendedUntil), instantMs(now)];
  return until === null || at === null ? null : until > at;
}

function suspensionEnd(now: string): string {
  const at = instantMs(now);
  if (at === null) throw new Error(`now is not an instant: \`${now}\``);
  return instantText(Math.ceil((at + suspensionHours * hourMs) / hourMs) * hourMs);
}

function onMeasured(
  sla: string,
  context: ActionContext,
  check: (value: number, samples: number) => Check,
): Check {
  return onReading(context.evidence, 'sla.measurements', (rows) => {
    const row = rows.find((candidate) => candidate.slaId === sla);
    if (row === undefined || row.value === null) return unknown(`SLA \`${sla}\` was not measured`);
    return check(row.value, row.samples);
  });
}

function checkViolated({ sla }: Params, context: ActionContext): Check {
  return onRow(findSla(context.evidence, sla), ({ metric, target }) =>
    onMeasured(sla, context, (value) =>
      verdict(
        metric === 'success_rate' ? value < target : value > target,
        `${metric} is ${shownNumber(value)}, target ${shownNumber(target)}`,
      ),
    ),
  );
}
