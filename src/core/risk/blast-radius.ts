import type { TrafficCell } from '../evidence.ts';

export type ReachKindName = 'teams' | 'models' | 'providers' | 'requests';

export interface ReachKind {
  readonly kind: ReachKindName;
  readonly affected: number;
  readonly active: number;
  /** Who is affected, sorted; empty for `requests`. */
  readonly names: readonly string[];
}

/** Who an action touches. `none` touches no traffic at all (a page); `unknown` scores 100. */
export type Reach =
  | { readonly status: 'known'; readonly kinds: readonly ReachKind[] }
  | { readonly status: 'none' }
  | { readonly status: 'unknown'; readonly reason: string };

export type BlastShape = 'linear' | 'log';

/** What a change of routing touches. */
export const everyKind: readonly ReachKindName[] = ['teams', 'models', 'providers', 'requests'];
/**
 * What a change to one tenant's limits, budget or checks touches: the models and providers it uses serve everybody else
 * as before (whitepaper: "re-routing a single team's traffic = small B").
 */
export const tenantKinds: readonly ReachKindName[] = ['teams', 'requests'];

/** The part of a traffic cell that reach is measured on. */
export type ReachCell = Pick<TrafficCell, 'team' | 'modelGroup' | 'provider' | 'requests'>;

/**
 * Counts affected among active for teams, models, providers and requests over 24 h of traffic. Active = at least one
 * request in 24 h; affected = active with at least one request through the target. No traffic at all is unknown.
 */
export function measureReach<Cell extends ReachCell>(
  cells: readonly Cell[],
  throughTarget: (cell: Cell) => boolean,
  kinds: readonly ReachKindName[] = everyKind,
): Reach {
  const active = cells.filter((cell) => cell.requests > 0);
  const total = active.reduce((sum, cell) => sum + cell.requests, 0);
  if (total === 0) return { status: 'unknown', reason: 'no traffic recorded in 24 h' };
  const touched = active.filter(throughTarget);
  if (touched.length === 0) return { status: 'unknown', reason: 'no traffic through the target in 24 h' };
  const kind = (name: ReachKindName, key: 'team' | 'modelGroup' | 'provider'): ReachKind => {
    const names = namesOf(touched, key);
    return { kind: name, affected: names.length, active: namesOf(active, key).length, names };
  };
  const requests = touched.reduce((sum, cell) => sum + cell.requests, 0);
  const measured: readonly ReachKind[] = [
    kind('teams', 'team'),
    kind('models', 'modelGroup'),
    kind('providers', 'provider'),
    { kind: 'requests', affected: requests, active: total, names: [] },
  ];
  return { status: 'known', kinds: measured.filter((one) => kinds.includes(one.kind)) };
}

/** 100 × the largest affected fraction among kinds, in [0, 100]. `log` is log(1+n)/log(1+N), the concave variant. */
export function blastRadiusValue(reach: Reach, shape: BlastShape): number {
  if (reach.status === 'none') return 0;
  if (reach.status === 'unknown') return 100;
  const fractions = reach.kinds
    .filter((kind) => kind.active > 0)
    .map((kind) => fraction(Math.min(kind.affected, kind.active), kind.active, shape));
  return fractions.length === 0 ? 100 : 100 * Math.max(...fractions);
}

function fraction(affected: number, active: number, shape: BlastShape): number {
  return shape === 'linear' ? affected / active : Math.log(1 + affected) / Math.log(1 + active);
}

function namesOf(cells: readonly ReachCell[], key: 'team' | 'modelGroup' | 'provider'): readonly string[] {
  return [...new Set(cells.map((cell) => cell[key]).filter((name) => name !== ''))].sort();
}
