import type { Evidence } from './evidence.ts';
import { known, reading } from './evidence.ts';

/**
 * The closed list of scalar facts that people, preconditions and the model may name. Each is derived from one reading;
 * `subject` is a gateway id of the named type ('' where there is none).
 */
export const factNames = [
  'provider.error_rate',
  'provider.requests',
  'provider.attempt_error_rate',
  'provider.median_ms',
  'provider.latency_ratio',
  'provider.open_deployments',
  'model_group.success_rate',
  'model_group.open_deployments',
  'model_group.alias',
  'team.spend',
  'team.max_budget',
  'team.rpm_limit',
  'team.tpm_limit',
  'key.spend',
  'key.max_budget',
  'key.rpm_limit',
  'key.tpm_limit',
  'key.blocked',
  'key.spend_last_hour',
  'team.spend_last_hour',
  'org.spend',
  'org.max_budget',
  'guardrail.enabled',
  'guardrail.strikes',
  'sla.target',
  'sla.measured',
] as const;
export type FactName = (typeof factNames)[number];

export type FactValue = number | boolean | string | null;

export type Fact =
  | {
      readonly status: 'known';
      readonly value: FactValue;
      readonly unit: FactUnit;
      readonly source: string;
      readonly observedAt: string;
      /** Requests behind a rate; absent where the value is no rate. */
      readonly samples?: number;
    }
  | { readonly status: 'unknown'; readonly reason: string };

export type FactUnit = 'percent' | 'count' | 'ms' | 'ratio' | 'usd' | 'per_minute' | 'flag' | 'name';

interface FactSource {
  readonly unit: FactUnit;
  readonly read: (evidence: Evidence, subject: string) => Derived;
}
type Derived =
  | { readonly value: FactValue; readonly from: keyof Evidence; readonly samples?: number }
  | { readonly missing: string };

/** Reads one scalar fact; unknown when its reading is unknown or the subject is not in it. Never a default. */
export function readFact(evidence: Evidence, name: FactName, subject: string): Fact {
  const source = sources[name];
  const derived = source.read(evidence, subject);
  if ('missing' in derived) return { status: 'unknown', reason: derived.missing };
  const from = reading(evidence, derived.from);
  if (from.status === 'unknown') return { status: 'unknown', reason: from.reason };
  return {
    status: 'known',
    value: derived.value,
    unit: source.unit,
    source: from.source,
    observedAt: from.observedAt,
    ...(derived.samples === undefined ? {} : { samples: derived.samples }),
  };
}

type Row<N extends keyof Evidence> =
  NonNullable<Evidence[N]> extends infer R
    ? R extends { readonly status: 'known'; readonly value: readonly (infer Item)[] }
      ? Item
      : never
    : never;

function fromRows<N extends keyof Evidence>(
  name: N,
  matches: (row: Row<N>, subject: string) => boolean,
  pick: (row: Row<N>) => FactValue | undefined,
  samples?: (row: Row<N>) => number,
): (evidence: Evidence, subject: string) => Derived {
  return (evidence, subject) => {
    const found = reading(evidence, name);
    if (found.status === 'unknown') return { missing: `${name} ${found.reason}` };
    const row = (found.value as unknown as readonly Row<N>[]).find((item) => matches(item, subject));
    if (row === undefined) return { missing: `\`${subject}\` is not in ${name}` };
    const value = pick(row);
    if (value === undefined) return { missing: `\`${subject}\` has no value in ${name}` };
    return { value, from: name, ...(samples === undefined ? {} : { samples: samples(row) }) };
  };
}

const byProvider = (row: { readonly provider: string }, subject: string) => row.provider === subject;
const byGroup = (row: { readonly modelGroup: string }, subject: string) => row.modelGroup === subject;
const byId = (row: { readonly id: string }, subject: string) => row.id === subject;
const percentOf = (part: number, whole: number) => (whole > 0 ? (100 * part) / whole : undefined);
const ratioOf = (a: number | null, b: number | null) =>
  a === null || b === null || b <= 0 ? undefined : a / b;
const growth = (kind: 'team' | 'key') =>
  fromRows(
    'spend.growth',
    (row, subject) => row.kind === kind && row.id === subject,
    (row) => row.lastHourUsd,
  );

const openDeployments =
  (belongs: (row: { provider: string; modelGroup: string }, subject: string) => boolean) =>
  (evidence: Evidence, subject: string): Derived => {
    const deployments = known(evidence, 'gateway.deployments');
    if (deployments === null) return { missing: 'gateway.deployments is unknown' };
    const mine = deployments.filter((row) => belongs(row, subject));
    if (mine.length === 0) return { missing: `\`${subject}\` has no deployment` };
    return { value: mine.filter((row) => row.blocked !== true).length, from: 'gateway.deployments' };
  };

const sources: { readonly [N in FactName]: FactSource } = {
  'provider.error_rate': {
    unit: 'percent',
    read: fromRows(
      'traffic.providers',
      byProvider,
      (row) => percentOf(row.failed, row.total),
      (row) => row.total,
    ),
  },
  'provider.requests': {
    unit: 'count',
    read: fromRows('traffic.providers', byProvider, (row) => row.total),
  },
  'provider.attempt_error_rate': {
    unit: 'percent',
    read: fromRows(
      'metrics.providers',
      byProvider,
      (row) => percentOf(row.failed, row.total),
      (row) => row.total,
    ),
  },
  'provider.median_ms': {
    unit: 'ms',
    read: fromRows('traffic.providers', byProvider, (row) => row.medianMs ?? undefined),
  },
  'provider.latency_ratio': {
    unit: 'ratio',
    read: fromRows('traffic.providers', byProvider, (row) => ratioOf(row.medianMs, row.medianHourMs)),
  },
  'provider.open_deployments': {
    unit: 'count',
    read: openDeployments((row, subject) => row.provider === subject),
  },
  'model_group.success_rate': {
    unit: 'percent',
    read: fromRows(
      'traffic.model_groups',
      byGroup,
      (row) => percentOf(row.total - row.failed, row.total),
      (row) => row.total,
    ),
  },
  'model_group.open_deployments': {
    unit: 'count',
    read: openDeployments((row, subject) => row.modelGroup === subject),
  },
  'model_group.alias': {
    unit: 'name',
    read: (evidence, subject) => {
      const aliases = known(evidence, 'gateway.aliases');
      if (aliases === null) return { missing: 'gateway.aliases is unknown' };
      const alias = Object.hasOwn(aliases.map, subject) ? aliases.map[subject] : undefined;
      return { value: alias ?? null, from: 'gateway.aliases' };
    },
  },
  'team.spend': { unit: 'usd', read: fromRows('gateway.teams', byId, (row) => row.spend) },
  'team.max_budget': { unit: 'usd', read: fromRows('gateway.teams', byId, (row) => row.maxBudget) },
  'team.rpm_limit': { unit: 'per_minute', read: fromRows('gateway.teams', byId, (row) => row.rpmLimit) },
  'team.tpm_limit': { unit: 'per_minute', read: fromRows('gateway.teams', byId, (row) => row.tpmLimit) },
  'key.spend': { unit: 'usd', read: fromRows('gateway.keys', byId, (row) => row.spend) },
  'key.max_budget': { unit: 'usd', read: fromRows('gateway.keys', byId, (row) => row.maxBudget) },
  'key.rpm_limit': { unit: 'per_minute', read: fromRows('gateway.keys', byId, (row) => row.rpmLimit) },
  'key.tpm_limit': { unit: 'per_minute', read: fromRows('gateway.keys', byId, (row) => row.tpmLimit) },
  'key.blocked': { unit: 'flag', read: fromRows('gateway.keys', byId, (row) => row.blocked) },
  'key.spend_last_hour': { unit: 'usd', read: growth('key') },
  'team.spend_last_hour': { unit: 'usd', read: growth('team') },
  'org.spend': { unit: 'usd', read: fromRows('gateway.organizations', byId, (row) => row.spend) },
  'org.max_budget': { unit: 'usd', read: fromRows('gateway.organizations', byId, (row) => row.maxBudget) },
  'guardrail.enabled': {
    unit: 'flag',
    read: fromRows(
      'gateway.guardrails',
      (row, subject) => row.id === subject || row.name === subject,
      (row) => row.defaultOn,
    ),
  },
  'guardrail.strikes': {
    unit: 'count',
    read: fromRows(
      'guardrail.strikes',
      (row, subject) => row.guardrail === subject,
      (row) => row.strikes,
    ),
  },
  'sla.target': { unit: 'ratio', read: fromRows('sla.contracts', byId, (row) => row.target) },
  'sla.measured': {
    unit: 'ratio',
    read: fromRows(
      'sla.measurements',
      (row, subject) => row.slaId === subject,
      (row) => row.value ?? undefined,
    ),
  },
};
