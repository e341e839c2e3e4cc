import type {
  Evidence,
  Guardrail,
  Organization,
  Reading,
  ReadingName,
  Readings,
  SlaContract,
  Team,
  VirtualKey,
} from './evidence.ts';
import { reading } from './evidence.ts';
import { fails, unknown } from './precondition.ts';
import type { Check } from './precondition.ts';

/** One row looked up in a reading. `absent` also stands for an ambiguous name: neither may be acted on. */
export type Lookup<Row> =
  | { readonly status: 'found'; readonly row: Row }
  | { readonly status: 'absent'; readonly detail: string }
  | { readonly status: 'unknown'; readonly detail: string };

/** The team with this id. */
export function findTeam(evidence: Evidence, id: string): Lookup<Team> {
  return find(reading(evidence, 'gateway.teams'), (row) => row.id === id, `team \`${id}\``);
}

/** The organisation with this id. */
export function findOrganization(evidence: Evidence, id: string): Lookup<Organization> {
  return find(reading(evidence, 'gateway.organizations'), (row) => row.id === id, `organisation \`${id}\``);
}

/** The virtual key with this hash. */
export function findKey(evidence: Evidence, id: string): Lookup<VirtualKey> {
  return find(reading(evidence, 'gateway.keys'), (row) => row.id === id, `key \`${id}\``);
}

/** The guardrail with this id or name; a text that means two guardrails finds none. */
export function findGuardrail(evidence: Evidence, idOrName: string): Lookup<Guardrail> {
  return find(
    reading(evidence, 'gateway.guardrails'),
    (row) => row.id === idOrName || row.name === idOrName,
    `guardrail \`${idOrName}\``,
  );
}

/** The SLA contract with this id. */
export function findSla(evidence: Evidence, id: string): Lookup<SlaContract> {
  return find(reading(evidence, 'sla.contracts'), (row) => row.id === id, `SLA \`${id}\``);
}

/** The check of a row that was found; `fails` when it is absent, `unknown` when it could not be read. */
export function onRow<Row>(lookup: Lookup<Row>, check: (row: Row) => Check): Check {
  if (lookup.status === 'found') return check(lookup.row);
  return lookup.status === 'absent' ? fails(lookup.detail) : unknown(lookup.detail);
}

/** The check of a reading that is known; `unknown` with its reason otherwise. */
export function onReading<N extends ReadingName>(
  evidence: Evidence,
  name: N,
  check: (value: Readings[N]) => Check,
): Check {
  const found = reading(evidence, name);
  return found.status === 'known' ? check(found.value) : unknown(`${name}: ${found.reason}`);
}

function find<Row>(rows: Reading<readonly Row[]>, matches: (row: Row) => boolean, what: string): Lookup<Row> {
  if (rows.status === 'unknown') return { status: 'unknown', detail: `${what} not read: ${rows.reason}` };
  const found = rows.value.filter(matches);
  const [row] = found;
  if (row === undefined) return { status: 'absent', detail: `${what} does not exist on this gateway` };
  if (found.length > 1) return { status: 'absent', detail: `${what} is ambiguous: ${found.length} match` };
  return { status: 'found', row };
}
