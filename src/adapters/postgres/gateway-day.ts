import { z } from 'zod';
import type { SpendGrowth, TrafficCell } from '../../core/evidence.ts';
import type { GatewayLayout } from './gateway-layout.ts';
import { amount, parseGatewayRows, shownName } from './gateway-rows.ts';
import type { GatewayQuery } from './gateway-traffic.ts';
import { providerName, spendLogs, teamOrganizations } from './spend-logs-sql.ts';

const cellsMax = 100_000;

/** A day of requests and spend by who asked for what; `TrafficCell`s and `SpendGrowth` are both made from it. */
export interface DayRows {
  readonly cells: readonly TrafficCell[];
  readonly growth: readonly SpendGrowth[];
  readonly cut: string | null;
  readonly malformed: number;
}

const cellSchema = z.object({
  team: shownName,
  org: shownName,
  key: shownName,
  provider: shownName,
  model_group: shownName,
  requests: amount,
  last_hour: amount,
  day_before: amount,
});
type Cell = z.infer<typeof cellSchema>;

/**
 * A day and an hour of SpendLogs in one statement. The organization is the row's own, else its team's. A request that
 * was refused keeps its team, but neither the model it named nor, without a team, its key: both are whatever a stranger
 * sent, and a flood of them must not crowd out the traffic.
 */
export async function readDay({ query, layout, windows }: GatewayQuery): Promise<DayRows> {
  const rows = await query(
    `SELECT c.team, coalesce(nullif(c.org, ''), t.organization_id, '') AS org, c.key, c.provider, c.model_group,
            sum(c.requests)::int AS requests, sum(c.last_hour)::float8 AS last_hour, sum(c.day_before)::float8 AS day_before
     FROM (${successCells(layout)} UNION ALL ${failureCells(layout)}) c
     LEFT JOIN ${teamOrganizations(layout)} t ON t.team_id = c.team
     GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5 LIMIT ${cellsMax + 1}`,
    [windows.dayBeforeFrom, windows.until, windows.dayFrom, windows.hourFrom],
  );
  const parsed = parseGatewayRows(rows, cellSchema, {
    max: cellsMax,
    what: 'combinations of team, key, provider and model group in a day',
  });
  return {
    cells: parsed.rows
      .filter((row) => row.requests > 0)
      .map(({ team, org, key, provider, model_group: modelGroup, requests }) => ({
        team,
        org,
        key,
        provider,
        modelGroup,
        requests,
      })),
    growth: [...growthBy('team', parsed.rows), ...growthBy('key', parsed.rows)],
    cut: parsed.cut,
    malformed: parsed.malformed,
  };
}

/** Grouped by the columns as they are: expressions over each of millions of rows would take ten times as long. */
function successCells(layout: GatewayLayout): string {
  const column = (name: string, type: string) => layout.column('LiteLLM_SpendLogs', name, type);
  return `
    SELECT coalesce(team, '') AS team, coalesce(org, '') AS org, CASE WHEN key LIKE 'sk-%' THEN '' ELSE key END AS key,
           ${providerName('provider')} AS provider, coalesce(model_group, '') AS model_group,
           requests, last_hour, day_before
    FROM (SELECT ${column('team_id', 'text')} AS team, ${column('organization_id', 'text')} AS org,
                 ${column('api_key', 'text')} AS key, custom_llm_provider AS provider,
                 ${column('model_group', 'text')} AS model_group, ${sums('"startTime"', column('spend', 'float8'))}
          FROM ${layout.table('LiteLLM_SpendLogs')}
          WHERE "startTime" >= $1::timestamp AND "startTime" < $2::timestamp
            AND ${column('status', 'text')} IS DISTINCT FROM 'failure'
          GROUP BY 1, 2, 3, 4, 5) raw`;
}

function failureCells(layout: GatewayLayout): string {
  return `
    SELECT team, org, CASE WHEN outcome = 'refused' AND team = '' THEN '' ELSE api_key END, provider,
           CASE WHEN outcome = 'refused' THEN '' ELSE model_group END, ${sums('at', 'spend')}
    FROM ${spendLogs(layout, { from: '$1::timestamp', until: '$2::timestamp', only: 'failures' })} s
    GROUP BY 1, 2, 3, 4, 5`;
}

function sums(at: string, spend: string): string {
  return `count(*) FILTER (WHERE ${at} >= $3::timestamp) AS requests,
          coalesce(sum(${spend}) FILTER (WHERE ${at} >= $4::timestamp), 0) AS last_hour,
          coalesce(sum(${spend}) FILTER (WHERE ${at} < $4::timestamp), 0) AS day_before`;
}

const hoursOfDay = 24;

function growthBy(kind: 'team' | 'key', cells: readonly Cell[]): readonly SpendGrowth[] {
  const sums = new Map<string, { team: string; org: string; lastHour: number; dayBefore: number }>();
  for (const cell of cells) {
    const id = cell[kind];
    if (id === '') continue;
    const sum = sums.get(id) ?? { team: '', org: '', lastHour: 0, dayBefore: 0 };
    sums.set(id, {
      team: sum.team || cell.team,
      org: sum.org || cell.org,
      lastHour: sum.lastHour + cell.last_hour,
      dayBefore: sum.dayBefore + cell.day_before,
    });
  }
  return [...sums].map(([id, sum]) => ({
    kind,
    id,
    teamId: sum.team || null,
    orgId: sum.org || null,
    lastHourUsd: sum.lastHour,
    meanHourUsd: sum.dayBefore / hoursOfDay,
  }));
}
