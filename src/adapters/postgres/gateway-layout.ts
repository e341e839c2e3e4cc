import { z } from 'zod';
import { SourceError } from '../../app/ports.ts';
import { visibleText } from '../../core/plain-text.ts';
import type { SqlValue } from './database.ts';

/** What is needed of a database connection here; only ever given statements that read. */
export type RowQuery = (text: string, params: readonly SqlValue[]) => Promise<readonly unknown[]>;

/** The gateway's tables that are read, with the columns nothing can be done without. */
const needed = {
  LiteLLM_SpendLogs: ['request_id', 'startTime', 'endTime', 'custom_llm_provider'],
  LiteLLM_TeamTable: ['team_id', 'spend', 'max_budget'],
  LiteLLM_OrganizationTable: ['organization_id', 'budget_id', 'spend'],
  LiteLLM_BudgetTable: ['budget_id', 'max_budget'],
  LiteLLM_VerificationToken: ['token', 'spend', 'max_budget'],
  LiteLLM_EndUserTable: [],
  LiteLLM_Config: [],
  LiteLLM_ProxyModelTable: [],
  LiteLLM_GuardrailsTable: [],
} as const;
export type GatewayTable = keyof typeof needed;

/** Where the gateway's tables are and which of their columns this release has. */
export interface GatewayLayout {
  /** The database's clock at the read, ISO 8601 UTC with milliseconds. */
  readonly now: string;
  /** The table's name, quoted and with its schema. */
  readonly table: (name: GatewayTable) => string;
  readonly has: (name: GatewayTable, column?: string) => boolean;
  /** The quoted column of alias `of`, or a typed NULL where this release has none. */
  readonly column: (name: GatewayTable, column: string, type: string, of?: string) => string;
}

const layoutSql = `
SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now,
       table_schema::text AS schema, table_name::text AS "table", column_name::text AS "column",
       data_type::text AS type, array_position(current_schemas(false), table_schema::name)::int AS place
FROM information_schema.columns WHERE table_name = ANY($1)`;

const columnSchema = z.object({
  now: z.string(),
  schema: z.string(),
  table: z.string(),
  column: z.string(),
  type: z.string(),
  /** Position in the search path; null when it is not on it. */
  place: z.number().nullable(),
});
type Column = z.infer<typeof columnSchema>;

/** True when this connection can see LiteLLM's tables, in its search path or in one other schema. */
export async function hasGatewayTables(query: RowQuery): Promise<boolean> {
  const columns = await readColumns(query);
  return schemasWithTables(columns).length > 0;
}

/**
 * Finds the schema that holds the gateway's tables: the first one on the search path, else the only other one. Throws
 * `SourceError` when there is none, when several could be meant, or when a column is missing that nothing works without.
 */
export async function readLayout(query: RowQuery): Promise<GatewayLayout> {
  const columns = await readColumns(query);
  const schema = chooseSchema(columns);
  const own = columns.filter((column) => column.schema === schema);
  const types = new Map(own.map((column) => [`${column.table}.${column.column}`, column.type]));
  const tables = new Set(own.map((column) => column.table));
  refuseIncomplete(types, tables);
  return {
    now: own[0]?.now ?? '',
    table: (name) => `${quote(schema)}.${quote(name)}`,
    has: (name, column) => (column === undefined ? tables.has(name) : types.has(`${name}.${column}`)),
    column: (name, column, type, of) => {
      const found = types.get(`${name}.${column}`);
      // JSON under another type cannot be taken apart safely: as good as absent.
      if (found === undefined || (type === 'jsonb' && found !== 'jsonb')) return `NULL::${type}`;
      return of === undefined ? quote(column) : `${of}.${quote(column)}`;
    },
  };
}

async function readColumns(query: RowQuery): Promise<readonly Column[]> {
  return z.array(columnSchema).parse(await query(layoutSql, [Object.keys(needed)]));
}

function schemasWithTables(columns: readonly Column[]): readonly string[] {
  const last = Number.MAX_SAFE_INTEGER;
  const ordered = columns.toSorted(
    (a, b) => (a.place ?? last) - (b.place ?? last) || a.schema.localeCompare(b.schema, 'en'),
  );
  const names = [...new Set(ordered.map((column) => column.schema))];
  const holds = (schema: string, table: GatewayTable) =>
    columns.some((column) => column.schema === schema && column.table === table);
  return names.filter((name) => holds(name, 'LiteLLM_SpendLogs') && holds(name, 'LiteLLM_TeamTable'));
}

function chooseSchema(columns: readonly Column[]): string {
  const schemas = schemasWithTables(columns);
  const onPath = schemas.find((schema) =>
    columns.some((column) => column.schema === schema && column.place !== null),
  );
  const only = schemas.length === 1 ? schemas[0] : undefined;
  const chosen = onPath ?? only;
  if (chosen !== undefined) return chosen;
  if (schemas.length === 0)
    throw new SourceError(
      'spend_logs_error',
      'the database has no LiteLLM tables that this role may read (`LiteLLM_SpendLogs`, `LiteLLM_TeamTable`)',
    );
  const names = schemas.map((schema) => `\`${visibleText(schema, { maxLength: 64 })}\``).join(', ');
  throw new SourceError(
    'spend_logs_error',
    `several schemas hold LiteLLM tables (${names}): put the one that is meant on the role's search_path`,
  );
}

function refuseIncomplete(types: ReadonlyMap<string, string>, tables: ReadonlySet<string>): void {
  const missing = Object.entries(needed).flatMap(([table, columns]) =>
    // A table that is not there at all is told by the read that needs it.
    tables.has(table)
      ? columns.filter((column) => !types.has(`${table}.${column}`)).map((c) => `${table}.${c}`)
      : [],
  );
  if (missing.length > 0)
    throw new SourceError(
      'spend_logs_error',
      `columns are missing or may not be read: ${missing.map((name) => `\`${name}\``).join(', ')}`,
    );
}

/** A PostgreSQL identifier in double quotes. */
function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
