import { z } from 'zod';
import type { SpendGrowth, TrafficCell } from '../../core/evidence.ts';
import { amount, parseGatewayRows, shownName } from './gateway-rows.ts';
import type { GatewayQuery } from './gateway-traffic.ts';
import { spendLogs, teamOrganizations } from './spend-logs-sql.ts';

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
 * One pass over a day and an hour of SpendLogs. The organization is the row's own, else its team's. A request that was
 * refused keeps its team, but neither the model it named nor, without a team, its key: both are whatever a stranger
 * sent, and a flood of them must not crowd out the traffic.
 */
export async function readDay({ query, layout, windows }: GatewayQuery): Promise<DayRows> {
  const rows = await query(
    `SELECT c.team, coalesce(nullif(c.org, ''), t.organization_id, '') AS org, c.key, c.provider, c.model_group,
            c.requests, c.last_hour, c.day_before
     FROM (SELECT team, org, provider,
             CASE WHEN outcome = 'refused' AND team = '' THEN '' ELSE api_key END AS key,
             CASE WHEN outcome = 'refused' THEN '' ELSE model_group END AS model_group,
             count(*) FILTER (WHERE at >= $3::timestamp)::int AS requests,
             coalesce(sum(spend) FILTER (WHERE at >= $4::timestamp), 0)::float8 AS last_hour,
             coalesce(sum(spend) FILTER (WHERE at < $4::timestamp), 0)::float8 AS day_before
           FROM ${spendLogs(layout, { from: '$1::timestamp', until: '$2::timestamp' })} s
           GROUP BY 1, 2, 3, 4, 5) c
     LEFT JOIN ${teamOrganizations(layout)} t ON t.team_id = c.team
     ORDER BY 1, 2, 3, 4, 5 LIMIT ${cellsMax + 1}`,
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
