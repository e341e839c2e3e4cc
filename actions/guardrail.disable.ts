import { z } from 'zod';
import type { ActionContext } from '../src/core/action.ts';
import { defineAction } from '../src/core/action.ts';
import { gatewayId } from '../src/core/action-params.ts';
import { defaultDetectionSettings } from '../src/core/detection.ts';
import type { Guardrail, GuardrailStrikes } from '../src/core/evidence.ts';
import { known, reading } from '../src/core/evidence.ts';
import { findGuardrail, onReading, onRow } from '../src/core/gateway-rows.ts';
import { unknown, verdict } from '../src/core/precondition.ts';
import type { Check } from '../src/core/precondition.ts';
import { gatewayCan, sameGateway } from '../src/core/required-checks.ts';
import { measureReach, tenantKinds } from '../src/core/risk/blast-radius.ts';
import type { Reach, ReachCell } from '../src/core/risk/blast-radius.ts';
import { shownNumber } from '../src/core/shown-number.ts';

const paramsSchema = z.strictObject({ guardrail: gatewayId() });
type Params = Readonly<z.infer<typeof paramsSchema>>;

/** Switches `default_on` of one guardrail off; it still runs where a request, key or team names it. */
export const guardrailDisable = defineAction<Params>({
  type: 'guardrail.disable',
  version: 1,
  baseline: 60,
  reversibility: 'trivially_reversible',
  summary: 'Switch one guardrail off for requests that do not ask for it by name (its `default_on` flag).',
  params: paramsSchema,
  kinds: ['guardrail.strikes'],
  readings: [
    'gateway.capabilities',
    'gateway.identity',
    'gateway.guardrails',
    'traffic.day',
    'traffic.guardrails',
    'guardrail.strikes',
  ],
  subject: ({ guardrail }) => ({ kind: 'guardrail', id: guardrail }),
  preconditions: [
    {
      id: 'guardrail.known',
      severity: 'must',
      check: ({ guardrail }, context) =>
        onRow(findGuardrail(context.evidence, guardrail), ({ id, name }) =>
          verdict(true, `guardrail \`${name}\` is \`${id}\``),
        ),
    },
    {
      id: 'guardrail.on_by_default',
      severity: 'must',
      check: ({ guardrail }, context) =>
        onRow(findGuardrail(context.evidence, guardrail), ({ defaultOn }) =>
          verdict(defaultOn, `default_on is ${defaultOn}`),
        ),
    },
    {
      id: 'guardrail.in_database',
      severity: 'must',
      check: ({ guardrail }, context) =>
        onRow(findGuardrail(context.evidence, guardrail), ({ inDatabase }) =>
          verdict(inDatabase, inDatabase ? 'stored in the database' : 'defined in config.yaml'),
        ),
    },
    {
      id: 'gateway.can_patch_guardrails',
      severity: 'must',
      check: (_params, context) =>
        gatewayCan(context, (can) => can.canPatchGuardrails, 'change one field of a guardrail'),
    },
    sameGateway,
    { id: 'guardrail.strikes_above', severity: 'should', check: checkStrikes },
    { id: 'guardrail.in_use', severity: 'should', check: checkInUse },
  ],
  plan: ({ guardrail }, context) => {
    const found = findGuardrail(context.evidence, guardrail);
    if (found.status !== 'found' || !found.row.defaultOn) return [];
    return [{ target: `litellm:guardrail/${found.row.id}`, field: 'default_on', from: true, to: false }];
  },
  reach,
  revert: () => ({ kind: 'on_request' }),
  // Other pods pick a guardrail up after 30 s, windows end a minute ago, and strikes are counted over five minutes.
  expectation: ({ guardrail }, context) => ({
    fact: 'guardrail.strikes',
    subjects: [strikesRow(guardrail, context)?.guardrail ?? guardrail],
    better: 'lower',
    settleSeconds: 180,
    deadlineSeconds: 420,
  }),
  revertsWhenWorse: true,
});

/** Logs name a guardrail by id or by name. */
function namesOf(guardrail: string, context: ActionContext): readonly string[] {
  const found = findGuardrail(context.evidence, guardrail);
  return found.status === 'found' ? namesOfRow(found.row) : [guardrail];
}

function namesOfRow({ id, name }: Guardrail): readonly string[] {
  return [id, name];
}

function strikesRow(guardrail: string, context: ActionContext): GuardrailStrikes | null {
  const names = namesOf(guardrail, context);
  const rows = known(context.evidence, 'guardrail.strikes') ?? [];
  return rows.find((row) => names.includes(row.guardrail)) ?? null;
}

function checkStrikes({ guardrail }: Params, context: ActionContext): Check {
  return onReading(context.evidence, 'guardrail.strikes', () => {
    const row = strikesRow(guardrail, context);
    if (row === null) return unknown(`guardrail \`${guardrail}\` is not in guardrail.strikes`);
    const { strikesMin, strikesFactor } = defaultDetectionSettings;
    return verdict(
      row.strikes >= strikesMin && row.strikes > strikesFactor * row.medianHour,
      `${row.strikes} interventions, usually ${shownNumber(row.medianHour)}`,
    );
  });
}

function checkInUse({ guardrail }: Params, context: ActionContext): Check {
  return onReading(context.evidence, 'traffic.guardrails', (cells) => {
    const names = namesOf(guardrail, context);
    const requests = cells
      .filter((cell) => names.includes(cell.guardrail))
      .reduce((sum, cell) => sum + cell.requests, 0);
    return verdict(requests > 0, `${requests} requests through it in 24 h`);
  });
}

/**
 * Everybody with a request through the guardrail in 24 h, among all traffic: the guardrail counts tell who is affected,
 * the day's cells who is active. A cell that only the guardrail counts know is added to both.
 */
function reach({ guardrail }: Params, context: ActionContext): Reach {
  const through = reading(context.evidence, 'traffic.guardrails');
  if (through.status === 'unknown')
    return { status: 'unknown', reason: `traffic.guardrails: ${through.reason}` };
  const day = reading(context.evidence, 'traffic.day');
  if (day.status === 'unknown') return { status: 'unknown', reason: `traffic.day: ${day.reason}` };
  const names = namesOf(guardrail, context);
  const mine = through.value.filter((cell) => names.includes(cell.guardrail) && cell.requests > 0);
  const touched = new Set(mine.map(cellKey));
  const active = new Set(day.value.filter((cell) => cell.requests > 0).map(cellKey));
  const cells: readonly ReachCell[] = [...day.value, ...mine.filter((cell) => !active.has(cellKey(cell)))];
  return measureReach(cells, (cell) => touched.has(cellKey(cell)), tenantKinds);
}

function cellKey({ team, modelGroup, provider }: ReachCell): string {
  return JSON.stringify([team, modelGroup, provider]);
}
