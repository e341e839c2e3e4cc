import type { BuiltInActionType } from './action.ts';
import type { Evidence, SpendGrowth } from './evidence.ts';
import { known } from './evidence.ts';
import type { Incident, IncidentScope } from './incident.ts';
import { incidentScope } from './incident-scope.ts';
import type { JsonObject } from './json.ts';
import { aliasOf, isOpen, namesServedBy, readRouting } from './model-routing.ts';
import type { Routing } from './model-routing.ts';
import type { FactReference } from './proposal.ts';
import { describeGrowth } from './required-checks.ts';
import { spendOutlier } from './spend-outlier.ts';

/** One line of the table, filled in for an incident. */
export interface PlaybookLine {
  readonly type: BuiltInActionType;
  readonly params: JsonObject;
  /** One sentence for people. */
  readonly why: string;
  readonly citedFacts: readonly FactReference[];
}

/** Lines to try in order, and what to tell on-call when none can be done. */
export interface PlaybookTable {
  readonly lines: readonly PlaybookLine[];
  readonly otherwise: string;
}

const breakMinutes = 5;
const throttlePercent = 50;
/** Redirect targets that are tried before giving up. */
const targetsMax = 10;

/** The lines of design.md §2.3 "Playbook" for this incident, in order. */
export function playbookLines(incident: Incident, evidence: Evidence): PlaybookTable {
  const scope = incidentScope(incident, evidence);
  const provider = scope['provider'];
  switch (incident.kind) {
    case 'provider.unhealthy':
    case 'sla.violation':
      if (provider === undefined) return page('the incident names no provider');
      return {
        lines: [breakLine(provider), ...swapLines(provider, evidence, byFailures(evidence))],
        otherwise: `nothing can be done about provider \`${provider}\``,
      };
    case 'latency.spike':
      if (provider === undefined) return page('the incident names no provider');
      return {
        lines: swapLines(provider, evidence, byRequests(evidence, provider)),
        otherwise: `no model group can be moved away from provider \`${provider}\``,
      };
    case 'budget.exceeded':
      return { lines: throttleLines(scope, evidence), otherwise: 'no single team or key explains the spend' };
    case 'guardrail.strikes':
      return page('whether strikes are an attack or a false alarm is for a person to tell');
    case 'alert':
      return page('an alert of another kind is shown, never remediated');
    default:
      return incident.kind satisfies never;
  }
}

function page(otherwise: string): PlaybookTable {
  return { lines: [], otherwise };
}

function breakLine(provider: string): PlaybookLine {
  return {
    type: 'route.circuit_break',
    params: { provider, minutes: breakMinutes },
    why: `Provider \`${provider}\` is blocked for ${breakMinutes} minutes; its model groups are served by others.`,
    citedFacts: [{ fact: 'provider.error_rate', subject: provider }],
  };
}

/** A larger rank is worse. */
type Rank = (group: string) => number;

/** The worst group behind the provider, once for each group that could take over, the busiest first. */
function swapLines(provider: string, evidence: Evidence, rank: Rank): readonly PlaybookLine[] {
  const routing = readRouting(evidence);
  if ('reason' in routing) return [];
  const [worst] = byRank(namesServedBy(routing, provider), rank);
  if (worst === undefined) return [];
  const targets = byRank(takeoverGroups(routing, provider), byRequests(evidence, null));
  return targets
    .filter((to) => to !== worst)
    .slice(0, targetsMax)
    .map((to) => ({
      type: 'route.fallback_swap',
      params: { model_group: worst, to },
      why: `Model group \`${worst}\` suffers most from provider \`${provider}\`; \`${to}\` has another provider.`,
      citedFacts: [
        { fact: 'model_group.success_rate', subject: worst },
        { fact: 'provider.error_rate', subject: provider },
      ],
    }));
}

/** Groups with an open deployment elsewhere that are not themselves redirected. */
function takeoverGroups({ deployments, aliases }: Routing, provider: string): readonly string[] {
  const open = deployments.filter((row) => row.provider !== provider && isOpen(row) && !row.wildcard);
  const groups = new Set(open.map((row) => row.modelGroup));
  return [...groups].filter((group) => aliasOf(aliases, group) === null);
}

function byFailures(evidence: Evidence): Rank {
  const rows = known(evidence, 'traffic.model_groups') ?? [];
  const failed = new Map(rows.map((row) => [row.modelGroup, row.failed]));
  return (group) => failed.get(group) ?? 0;
}

/** Requests of 24 h by group, of one provider or of all. */
function byRequests(evidence: Evidence, provider: string | null): Rank {
  const requests = new Map<string, number>();
  for (const cell of known(evidence, 'traffic.day') ?? []) {
    if (provider !== null && cell.provider !== provider) continue;
    requests.set(cell.modelGroup, (requests.get(cell.modelGroup) ?? 0) + cell.requests);
  }
  return (group) => requests.get(group) ?? 0;
}

/** Highest rank first; equal ones by name, so that the table always answers the same. */
function byRank(names: readonly string[], rank: Rank): readonly string[] {
  return names.toSorted((a, b) => rank(b) - rank(a) || (a < b ? -1 : 1));
}

/** The outlier among the keys, then among the teams: a team's growth contains its keys'. */
function throttleLines(scope: IncidentScope, evidence: Evidence): readonly PlaybookLine[] {
  const rows = (known(evidence, 'spend.growth') ?? []).filter((row) => isInScope(row, scope));
  return (['key', 'team'] as const).flatMap((kind) => {
    const outlier = spendOutlier(rows.filter((row) => row.kind === kind));
    return outlier === null ? [] : [throttleLine(outlier)];
  });
}

function throttleLine(row: SpendGrowth): PlaybookLine {
  const { kind, id } = row;
  return {
    type: 'limit.lower',
    params: kind === 'team' ? { team: id, percent: throttlePercent } : { key: id, percent: throttlePercent },
    why: `The ${kind} \`${id}\` alone explains the spend: ${describeGrowth(row)}.`,
    citedFacts: [{ fact: kind === 'team' ? 'team.spend_last_hour' : 'key.spend_last_hour', subject: id }],
  };
}

function isInScope(row: SpendGrowth, scope: IncidentScope): boolean {
  if (scope['key'] !== undefined) return row.kind === 'key' && row.id === scope['key'];
  if (scope['team'] !== undefined) return (row.kind === 'team' ? row.id : row.teamId) === scope['team'];
  return scope['org'] !== undefined && row.orgId === scope['org'];
}
