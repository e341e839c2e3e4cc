import fc from 'fast-check';
import type { BuiltInActionType } from '../../src/core/action.ts';
import type { Evidence, Readings } from '../../src/core/evidence.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { evidenceOf, sampleReadings } from './sample-evidence.ts';

/** States of a gateway with few names, so that targets meet, and some that trip careless code. */

const names = ['a', 'b', 'c', '__proto__', 'constructor', 'x/y', 'n#1', 'ü 1', 'litellm:team/a'] as const;
const name = fc.constantFrom(...names);
const nameOrNull = fc.option(name, { nil: null });
const limit = fc.option(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 10_000_000 })), {
  nil: null,
});
const usd = fc.oneof(
  fc.integer({ min: 0, max: 100_000 }).map((cents) => cents / 100),
  fc.double({ min: 0, max: 1e6, noNaN: true }),
);
const cap = fc.option(usd, { nil: null });
const count = fc.integer({ min: 0, max: 200 });

const byId = { selector: (row: { readonly id: string }) => row.id, maxLength: 6 };

const limits = { spend: usd, maxBudget: cap, rpmLimit: limit, tpmLimit: limit };

const readings: fc.Arbitrary<Partial<Readings>> = fc.record({
  'gateway.capabilities': fc.record({
    version: fc.constantFrom(null, '1.81.13', '1.100.0'),
    canBlockDeployments: fc.boolean(),
    storesModelsInDb: fc.constantFrom(true, false, null),
    canPatchGuardrails: fc.boolean(),
  }),
  'gateway.identity': fc.record({
    match: fc.constantFrom('same', 'different', 'not_logged'),
    detail: fc.string({ maxLength: 10 }),
  }),
  'gateway.deployments': fc.uniqueArray(
    fc.record({
      id: name,
      modelGroup: fc.constantFrom('a', 'b', '__proto__'),
      provider: fc.constantFrom('a', 'b', 'constructor'),
      inDatabase: fc.boolean(),
      blocked: fc.constantFrom(false, false, true, null),
      wildcard: fc.boolean(),
    }),
    byId,
  ),
  'gateway.aliases': fc
    .uniqueArray(fc.tuple(name, name), { selector: ([from]) => from, maxLength: 4 })
    .map((entries) => ({ map: Object.fromEntries(entries) })),
  'gateway.guardrails': fc.uniqueArray(
    fc.record({ id: name, name, defaultOn: fc.boolean(), inDatabase: fc.boolean() }),
    byId,
  ),
  'gateway.teams': fc.uniqueArray(
    fc.record({
      id: name,
      alias: nameOrNull,
      orgId: nameOrNull,
      softBudget: cap,
      blocked: fc.boolean(),
      ...limits,
    }),
    byId,
  ),
  'gateway.organizations': fc
    .uniqueArray(
      fc.record({
        id: name,
        alias: nameOrNull,
        budgetId: name,
        softBudget: cap,
        budgetSharers: fc.integer({ min: 1, max: 3 }),
        ...limits,
      }),
      byId,
    )
    .map((rows) => rows.map((row) => ({ ...row, maxBudget: capOfBudget(rows, row.budgetId) }))),
  'gateway.keys': fc.uniqueArray(
    fc.record({
      id: name,
      alias: nameOrNull,
      teamId: nameOrNull,
      orgId: nameOrNull,
      blocked: fc.boolean(),
      ...limits,
    }),
    byId,
  ),
  'traffic.day': fc.array(
    fc.record({
      team: fc.constantFrom('', ...names),
      org: fc.constantFrom('', ...names),
      key: name,
      provider: fc.constantFrom('', 'a', 'b', 'constructor'),
      modelGroup: fc.constantFrom('a', 'b', '__proto__'),
      requests: count,
    }),
    { maxLength: 6 },
  ),
  'traffic.guardrails': fc.array(
    fc.record({
      guardrail: name,
      team: name,
      modelGroup: fc.constantFrom('a', 'b'),
      provider: fc.constantFrom('a', 'b'),
      requests: count,
    }),
    { maxLength: 4 },
  ),
  'traffic.providers': fc.array(
    fc.record({
      provider: fc.constantFrom('a', 'b', 'constructor'),
      total: count,
      failed: count,
      rateLimitedTeams: count,
      medianMs: cap,
      p95Ms: cap,
      p99Ms: cap,
      medianHourMs: cap,
    }),
    { maxLength: 3 },
  ),
  'traffic.model_groups': fc.array(
    fc.record({ modelGroup: fc.constantFrom('a', 'b', '__proto__'), total: count, failed: count }),
    { maxLength: 3 },
  ),
  'spend.growth': fc.array(
    fc.record({
      kind: fc.constantFrom('team', 'key'),
      id: name,
      teamId: nameOrNull,
      orgId: nameOrNull,
      lastHourUsd: usd,
      meanHourUsd: usd,
    }),
    { maxLength: 4 },
  ),
  'sla.contracts': fc.uniqueArray(
    fc.record({
      id: name,
      scope: fc.dictionary(fc.constantFrom('team', 'org', 'key', 'provider', 'model_group', 'other'), name, {
        maxKeys: 2,
      }),
      metric: fc.constantFrom('p95_ms', 'p99_ms', 'success_rate'),
      target: usd,
      windowMinutes: fc.integer({ min: 1, max: 60 }),
      suspendedUntil: fc.constantFrom(
        null,
        null,
        '2026-11-19T00:00:00.000Z',
        '2026-12-01T00:00:00.000Z',
        'soon',
      ),
    }),
    byId,
  ),
  'own.original_values': fc.dictionary(
    fc
      .tuple(fc.constantFrom('team', 'key', 'budget'), name, fc.constantFrom('rpm_limit', 'max_budget'))
      .map(([kind, id, field]) => `litellm:${kind}/${id}#${field}`),
    fc.oneof(usd, fc.constant(null)),
    { maxKeys: 3 },
  ),
});

/** Organisations on one budget row have one cap. */
function capOfBudget(
  rows: readonly { readonly budgetId: string; readonly maxBudget: number | null }[],
  budgetId: string,
): number | null {
  return rows.find((row) => row.budgetId === budgetId)?.maxBudget ?? null;
}

/** A state; about one reading in sixteen is unknown. */
export const arbitraryEvidence: fc.Arbitrary<Evidence> = fc
  .tuple(readings, fc.uniqueArray(fc.constantFrom(...Object.keys(sampleReadings)), { maxLength: 2 }))
  .map(([known, missing]) => {
    const unread = missing.map(
      (one) => [one, { status: 'unknown', reason: 'late', source: 'test' }] as const,
    );
    // A clone, because fast-check makes some records without a prototype, which no parser does.
    return { ...evidenceOf(structuredClone(known)), ...Object.fromEntries(unread) };
  });

const percent = (max: number) => fc.integer({ min: 1, max });
const provider = fc.constantFrom('a', 'b', 'constructor');

/** Params that fit the schema of each action, over the names of the states. */
export const arbitraryParams: { readonly [T in BuiltInActionType]: fc.Arbitrary<JsonObject> } = {
  'route.circuit_break': fc.record({ provider, minutes: percent(5) }),
  'route.fallback_swap': fc.record({ model_group: name, to: name }),
  'limit.raise': fc.record({ team: name, percent: percent(50) }),
  'limit.lower': fc.oneof(
    fc.record({ team: name, percent: percent(90) }),
    fc.record({ key: name, percent: percent(90) }),
  ),
  'key.block': fc.record({ key: name }),
  'alert.page_oncall': fc.record({
    summary: fc.constantFrom('look', 'ü / 100 %', 'x'.repeat(1024)),
    severity: fc.constantFrom('critical', 'error', 'warning', 'info'),
  }),
  'guardrail.disable': fc.record({ guardrail: name }),
  'budget.raise_cap': fc.oneof(
    fc.record({ team: name, percent: percent(50) }),
    fc.record({ org: name, percent: percent(50) }),
    fc.record({ key: name, percent: percent(50) }),
  ),
  'sla.disable': fc.record({ sla: name }),
};
