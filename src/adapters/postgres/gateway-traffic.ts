import { z } from 'zod';
import type {
  GuardrailStrikes,
  GuardrailTrafficCell,
  ModelGroupTraffic,
  ProviderTraffic,
} from '../../core/evidence.ts';
import { providerFailures } from '../../core/provider-fault.ts';
import type { GatewayLayout, RowQuery } from './gateway-layout.ts';
import {
  amount,
  optionalAmount,
  optionalName,
  parseGatewayRows,
  shownName,
  type GatewayRows,
} from './gateway-rows.ts';
import type { GatewayWindows } from './gateway-windows.ts';
import { spendLogs, type Outcome } from './spend-logs-sql.ts';

/** What a read of SpendLogs works with. */
export interface GatewayQuery {
  readonly query: RowQuery;
  readonly layout: GatewayLayout;
  readonly windows: GatewayWindows;
}

const providersMax = 1_000;
const modelGroupsMax = 5_000;
const guardrailsMax = 1_000;
const guardrailCellsMax = 100_000;

export interface ProviderRows extends GatewayRows<ProviderTraffic> {
  /** Rows of the long window, and those among them that tell of a success. */
  readonly logged: number;
  readonly succeeded: number;
}

const asked = `provider <> '' AND NOT cached AND outcome NOT IN (${outcomes('refused', 'nowhere_to_route')})`;

const providerSchema = z.object({
  provider: shownName,
  total: amount,
  faults: amount,
  rate_limited: amount,
  tenants: amount,
  error_class: optionalName,
  samples: amount,
  samples_hour: amount,
  percentiles: z.array(amount).length(3).nullable(),
  median_hour: optionalAmount,
  logged: amount,
  succeeded: amount,
  malformed: amount,
});

/**
 * Each provider's short window as the clients saw it, and its long-window median. Cache hits and what the gateway
 * refused itself are no requests to a provider. Medians and percentiles of fewer than `minRequests` successes are null.
 */
export async function readProviders(
  { query, layout, windows }: GatewayQuery,
  minRequests: number,
): Promise<ProviderRows> {
  const rows = await query(
    `SELECT provider,
            count(*) FILTER (WHERE recent AND ${asked})::int AS total,
            count(*) FILTER (WHERE recent AND ${asked} AND outcome = 'provider_fault')::int AS faults,
            count(*) FILTER (WHERE recent AND ${asked} AND outcome = 'rate_limited')::int AS rate_limited,
            (count(DISTINCT coalesce(nullif(team, ''), 'key ' || nullif(api_key, '')))
              FILTER (WHERE recent AND ${asked} AND outcome = 'rate_limited'))::int AS tenants,
            mode() WITHIN GROUP (ORDER BY nullif(class, ''))
              FILTER (WHERE recent AND ${asked} AND outcome IN (${outcomes('provider_fault', 'rate_limited')})) AS error_class,
            count(latency_ms) FILTER (WHERE recent)::int AS samples, count(latency_ms)::int AS samples_hour,
            percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY latency_ms) FILTER (WHERE recent) AS percentiles,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms) AS median_hour,
            count(*)::int AS logged, count(*) FILTER (WHERE outcome = 'success')::int AS succeeded,
            count(*) FILTER (WHERE malformed)::int AS malformed
     FROM (SELECT *, at >= $3::timestamp AS recent
           FROM ${spendLogs(layout, { from: '$1::timestamp', until: '$2::timestamp' })} s) s
     GROUP BY provider ORDER BY provider LIMIT ${providersMax + 1}`,
    [windows.longFrom, windows.until, windows.shortFrom],
  );
  const parsed = parseGatewayRows(rows, providerSchema, { max: providersMax, what: 'providers' });
  const sum = (pick: (row: z.infer<typeof providerSchema>) => number) =>
    parsed.rows.reduce((total, row) => total + pick(row), 0);
  return {
    rows: parsed.rows
      .filter((row) => row.provider !== '')
      .map((row): ProviderTraffic => {
        const [median, p95, p99] = row.samples >= minRequests ? (row.percentiles ?? []) : [];
        return {
          provider: row.provider,
          total: row.total,
          failed: providerFailures({
            faults: row.faults,
            rateLimited: row.rate_limited,
            rateLimitedTenants: row.tenants,
          }),
          rateLimitedTeams: row.tenants,
          dominantErrorClass: row.error_class,
          medianMs: median ?? null,
          p95Ms: p95 ?? null,
          p99Ms: p99 ?? null,
          medianHourMs: row.samples_hour >= minRequests ? row.median_hour : null,
        };
      }),
    cut: parsed.cut,
    malformed: parsed.malformed + sum((row) => row.malformed),
    logged: sum((row) => row.logged),
    succeeded: sum((row) => row.succeeded),
  };
}

const modelGroupSchema = z
  .object({ model_group: shownName, total: amount, failed: amount })
  .transform((row): ModelGroupTraffic => ({
    modelGroup: row.model_group,
    total: row.total,
    failed: row.failed,
  }));

/**
 * Client-visible success of each model group in the short window: answers from the cache are successes, a group with
 * nothing left to route to fails, what the gateway refused does not count at all.
 */
export async function readModelGroups({
  query,
  layout,
  windows,
}: GatewayQuery): Promise<GatewayRows<ModelGroupTraffic>> {
  const rows = await query(
    `SELECT model_group, count(*)::int AS total, count(*) FILTER (WHERE ${failedForClient})::int AS failed
     FROM ${spendLogs(layout, { from: '$1::timestamp', until: '$2::timestamp' })} s
     WHERE model_group <> '' AND ${answered} GROUP BY model_group ORDER BY model_group LIMIT ${modelGroupsMax + 1}`,
    [windows.shortFrom, windows.until],
  );
  return parseGatewayRows(rows, modelGroupSchema, { max: modelGroupsMax, what: 'model groups' });
}

/** Rows that say something about the service a client got. */
export const answered = `outcome <> 'refused'`;
/** Rows among them that the client would call an outage. */
export const failedForClient = `outcome IN (${outcomes('provider_fault', 'rate_limited', 'nowhere_to_route')})`;

const strikeSchema = z.object({
  guardrail: shownName.nullable(),
  slot: amount,
  strikes: amount,
  malformed: amount,
});

/**
 * Interventions of each guardrail in the short window, and the median over all short windows of the long one (those
 * without any count as zero). A request that one guardrail stopped twice is one strike.
 */
export async function readStrikes({
  query,
  layout,
  windows,
}: GatewayQuery): Promise<GatewayRows<GuardrailStrikes>> {
  const max = guardrailsMax * windows.slots;
  const rows = await query(
    `SELECT g.guardrail, count(*)::int AS strikes, count(*) FILTER (WHERE i.malformed)::int AS malformed,
            (least(greatest(ceil(extract(epoch FROM $2::timestamp - s.at) * 1000 / $3::float8), 1), $4) - 1)::int AS slot
     FROM ${spendLogs(layout, { from: '$1::timestamp', until: '$2::timestamp' })} s
     ${withRecords}
     LEFT JOIN LATERAL (SELECT DISTINCT ${guardrailName} AS guardrail FROM jsonb_array_elements(i.list) entry
       WHERE entry->>'guardrail_status' = 'guardrail_intervened' AND ${guardrailName} <> '') g ON true
     GROUP BY 1, 4 ORDER BY 1, 4 LIMIT ${max + 1}`,
    [windows.longFrom, windows.until, windows.slotMs, windows.slots],
  );
  const parsed = parseGatewayRows(rows, strikeSchema, { max, what: 'guardrail windows' });
  const bySlot = new Map<string, number[]>();
  for (const { guardrail, slot, strikes } of parsed.rows) {
    if (guardrail === null) continue;
    const slots = bySlot.get(guardrail) ?? Array.from({ length: windows.slots }, () => 0);
    slots[slot] = strikes;
    bySlot.set(guardrail, slots);
  }
  return {
    rows: [...bySlot].map(([guardrail, slots]) => ({
      guardrail,
      strikes: slots[0] ?? 0,
      medianHour: median(slots),
    })),
    cut: parsed.cut,
    malformed: parsed.malformed + parsed.rows.reduce((sum, row) => sum + row.malformed, 0),
  };
}

const guardrailCellSchema = z
  .object({
    guardrail: shownName,
    team: shownName,
    model_group: shownName,
    provider: shownName,
    requests: amount,
  })
  .transform(({ model_group: modelGroup, ...cell }): GuardrailTrafficCell => ({ ...cell, modelGroup }));

/** Requests of 24 h that each guardrail looked at, whatever it concluded. */
export async function readGuardrailTraffic({
  query,
  layout,
  windows,
}: GatewayQuery): Promise<GatewayRows<GuardrailTrafficCell>> {
  const rows = await query(
    `SELECT g.guardrail, s.team, s.model_group, s.provider, count(*)::int AS requests
     FROM ${spendLogs(layout, { from: '$1::timestamp', until: '$2::timestamp' })} s
     ${withRecords}
     CROSS JOIN LATERAL (
       SELECT ${guardrailName} AS guardrail FROM jsonb_array_elements(i.list) entry
       WHERE entry->>'guardrail_status' IS DISTINCT FROM 'not_run'
       UNION SELECT left(btrim(named), 512) FROM jsonb_array_elements_text(
         CASE jsonb_typeof(i.applied) WHEN 'array' THEN i.applied ELSE '[]'::jsonb END) named) g
     WHERE g.guardrail <> '' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT ${guardrailCellsMax + 1}`,
    [windows.dayFrom, windows.until],
  );
  return parseGatewayRows(rows, guardrailCellSchema, {
    max: guardrailCellsMax,
    what: 'combinations of guardrail, team, model group and provider',
  });
}

/**
 * The guardrail records of a row as a list: some releases write a single object, and anything else is malformed. The
 * offset keeps the planner from unpacking the metadata once for each time they are mentioned.
 */
const withRecords = `
  CROSS JOIN LATERAL (SELECT s.metadata->'guardrail_information' AS records, s.metadata->'applied_guardrails' AS applied,
    jsonb_typeof(s.metadata) AS shape OFFSET 0) m
  CROSS JOIN LATERAL (SELECT m.applied,
    CASE jsonb_typeof(m.records) WHEN 'array' THEN m.records WHEN 'object' THEN jsonb_build_array(m.records)
         ELSE '[]'::jsonb END AS list,
    coalesce(m.shape NOT IN ('object', 'null')
      OR jsonb_typeof(m.records) NOT IN ('array', 'object', 'null'), false) AS malformed) i`;

const guardrailName = `left(btrim(coalesce(nullif(btrim(entry->>'guardrail_name'), ''), entry->>'guardrail_id', '')), 512)`;

function outcomes(...names: readonly Outcome[]): string {
  return names.map((outcome) => `'${outcome}'`).join(', ');
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
