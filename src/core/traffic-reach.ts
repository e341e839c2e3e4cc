import type { ActionContext } from './action.ts';
import type { Evidence, TrafficCell } from './evidence.ts';
import { known, reading } from './evidence.ts';
import type { IncidentScope } from './incident.ts';
import { everyKind, measureReach, tenantKinds } from './risk/blast-radius.ts';
import type { Reach, ReachKindName } from './risk/blast-radius.ts';

/** True, false, or null when it cannot be told whether a cell goes through the target. */
export type CellTest = (cell: TrafficCell) => boolean | null;

/** Reach over the traffic of 24 h through the cells that `through` picks; `unknown` when that cannot be told. */
export function dayReach(
  context: Pick<ActionContext, 'evidence'>,
  through: CellTest,
  kinds: readonly ReachKindName[] = everyKind,
): Reach {
  const day = reading(context.evidence, 'traffic.day');
  if (day.status === 'unknown') return { status: 'unknown', reason: `traffic.day: ${day.reason}` };
  if (day.value.some((cell) => cell.requests > 0 && through(cell) === null))
    return { status: 'unknown', reason: 'gateway.teams is unknown and some traffic names no organisation' };
  return measureReach(day.value, (cell) => through(cell) === true, kinds);
}

/** Reach of a change to tenants: teams and requests, for the models they use serve the others as before. */
export function tenantReach(context: Pick<ActionContext, 'evidence'>, through: CellTest): Reach {
  return dayReach(context, through, tenantKinds);
}

/** Whether a cell belongs to one of these organisations, by its own word or through its team. */
export function cellInOrgs(evidence: Evidence, orgIds: ReadonlySet<string>): CellTest {
  const teams = known(evidence, 'gateway.teams');
  const orgOf = teams === null ? null : new Map(teams.map((team) => [team.id, team.orgId]));
  return (cell) => {
    if (cell.org !== '') return orgIds.has(cell.org);
    if (cell.team === '') return false;
    if (orgOf === null) return null;
    const org = orgOf.get(cell.team) ?? null;
    return org !== null && orgIds.has(org);
  };
}

/** Reach of everything a scope names; all traffic when it is empty, `unknown` for a key that traffic does not have. */
export function scopeReach(context: Pick<ActionContext, 'evidence'>, scope: IncidentScope): Reach {
  const tests: CellTest[] = [];
  for (const [key, value] of Object.entries(scope)) {
    const test = scopeTest(context.evidence, key, value);
    if (test === null) return { status: 'unknown', reason: `traffic is not counted by \`${key}\`` };
    tests.push(test);
  }
  const inScope: CellTest = (cell) => {
    const results = tests.map((test) => test(cell));
    if (results.includes(false)) return false;
    return results.includes(null) ? null : true;
  };
  const names = Object.keys(scope);
  const tenantsOnly = names.length > 0 && names.every((name) => ['team', 'key', 'org'].includes(name));
  return tenantsOnly ? tenantReach(context, inScope) : dayReach(context, inScope);
}

function scopeTest(evidence: Evidence, key: string, value: string): CellTest | null {
  switch (key) {
    case 'team':
      return (cell) => cell.team === value;
    case 'key':
      return (cell) => cell.key === value;
    case 'provider':
      return (cell) => cell.provider === value;
    case 'model_group':
      return (cell) => cell.modelGroup === value;
    case 'org':
      return cellInOrgs(evidence, new Set([value]));
    default:
      return null;
  }
}
