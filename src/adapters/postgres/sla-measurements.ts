import { z } from 'zod';
import type { SlaContract, SlaMeasurement } from '../../core/evidence.ts';
import { minutesToMs, type Tempo } from '../../core/tempo.ts';
import { amount, parseGatewayRows } from './gateway-rows.ts';
import { answered, failedForClient, type GatewayQuery } from './gateway-traffic.ts';
import { spendLogs, teamOrganizations } from './spend-logs-sql.ts';

const contractsMax = 200;
const windowMinutesMax = 24 * 60;
const scopeKeys = ['provider', 'model_group', 'team', 'org', 'key'] as const;

export interface SlaRows {
  readonly rows: readonly SlaMeasurement[];
  /** Contracts that cannot be measured, each with its reason. */
  readonly skipped: readonly string[];
  readonly malformed: number;
}

const measurementSchema = z.object({
  number: amount,
  latencies: amount,
  percentiles: z.array(amount).length(2).nullable(),
  answered: amount,
  failed: amount,
});

/**
 * Measures every contract in one statement, each over its own window and scope (`provider`, `model_group`, `team`,
 * `org`, `key`; none of them: the whole gateway). Latency in ms over successes that were not cached; success rate in
 * per cent of answered requests. At most 200 contracts with windows of up to a day.
 */
export async function measureSlas(
  { query, layout, windows }: GatewayQuery,
  contracts: readonly SlaContract[],
  tempo: Tempo,
): Promise<SlaRows> {
  const reasons = contracts.map((contract, index) => unmeasurable(contract, index));
  const measurable = contracts.filter((_contract, index) => reasons[index] === null);
  const skipped = reasons.filter((reason) => reason !== null);
  if (measurable.length === 0) return { rows: [], skipped, malformed: 0 };
  const scopes = scopeKeys.map((key) => measurable.map((contract) => contract.scope[key] ?? ''));
  const rows = await query(
    `SELECT c.number::int AS number, m.* FROM unnest($1::float8[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
       WITH ORDINALITY AS c(window_ms, provider, model_group, team, org, api_key, number)
     CROSS JOIN LATERAL (
       SELECT count(s.latency_ms)::int AS latencies,
              percentile_cont(ARRAY[0.95, 0.99]) WITHIN GROUP (ORDER BY s.latency_ms) AS percentiles,
              count(*) FILTER (WHERE ${answered})::int AS answered,
              count(*) FILTER (WHERE ${failedForClient})::int AS failed
       FROM ${spendLogs(layout, { from: `$7::timestamp - c.window_ms * interval '1 millisecond'`, until: '$7::timestamp' })} s
       LEFT JOIN ${teamOrganizations(layout)} t ON t.team_id = s.team
       WHERE (c.provider = '' OR s.provider = c.provider) AND (c.model_group = '' OR s.model_group = c.model_group)
         AND (c.team = '' OR s.team = c.team) AND (c.api_key = '' OR s.api_key = c.api_key)
         AND (c.org = '' OR coalesce(nullif(s.org, ''), t.organization_id) = c.org)) m
     ORDER BY 1`,
    [measurable.map((contract) => minutesToMs(tempo, contract.windowMinutes)), ...scopes, windows.until],
  );
  const parsed = parseGatewayRows(rows, measurementSchema, { max: contractsMax, what: 'contracts' });
  return {
    rows: parsed.rows.flatMap((row) => {
      const contract = measurable[row.number - 1];
      return contract === undefined ? [] : [measurement(contract, row)];
    }),
    skipped,
    malformed: parsed.malformed,
  };
}

function unmeasurable(contract: SlaContract, index: number): string | null {
  if (index >= contractsMax)
    return `\`${contract.id}\`: only the first ${contractsMax} contracts are measured`;
  const unknown = Object.keys(contract.scope).filter((key) => !scopeKeys.some((known) => known === key));
  if (unknown.length > 0)
    return `\`${contract.id}\`: scope ${unknown.map((key) => `\`${key}\``).join(', ')} is none of ${scopeKeys.join(', ')}`;
  if (!(contract.windowMinutes > 0 && contract.windowMinutes <= windowMinutesMax))
    return `\`${contract.id}\`: a window of ${contract.windowMinutes} min is not within 1 to ${windowMinutesMax}`;
  return null;
}

function measurement(contract: SlaContract, row: z.infer<typeof measurementSchema>): SlaMeasurement {
  if (contract.metric === 'success_rate') {
    const value = row.answered > 0 ? (100 * (row.answered - row.failed)) / row.answered : null;
    return { slaId: contract.id, value, samples: row.answered };
  }
  const value = row.percentiles?.[contract.metric === 'p95_ms' ? 0 : 1] ?? null;
  return { slaId: contract.id, value, samples: row.latencies };
}
