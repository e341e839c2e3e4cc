import { z } from 'zod';
import { onlyRow, type Queryable } from './database.ts';

/**
 * The statements by which the owner of the schema gives an existing role what the running program needs and no more: it
 * reads everything of ours, changes state, and can only add to the audit trail through `append_action`. To be run as
 * the owner after `init`, and again after every migration. The role must not be the owner and not a superuser.
 */
export function runtimeRoleSql(role: string): string {
  const name = `"${role.replaceAll('"', '""')}"`;
  return [
    `GRANT USAGE ON SCHEMA scutum_sre TO ${name};`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA scutum_sre TO ${name};`,
    `GRANT INSERT, UPDATE ON scutum_sre.incidents, scutum_sre.remediations TO ${name};`,
    `GRANT INSERT ON scutum_sre.pages TO ${name};`,
    `GRANT UPDATE ON scutum_sre.suspension TO ${name};`,
    `GRANT INSERT, UPDATE, DELETE ON scutum_sre.remediation_locks, scutum_sre.workers, scutum_sre.sla_contracts TO ${name};`,
    `GRANT USAGE ON ALL SEQUENCES IN SCHEMA scutum_sre TO ${name};`,
    `GRANT EXECUTE ON FUNCTION scutum_sre.append_action(text, text, text, text, text, text, text, text) TO ${name};`,
    '',
  ].join('\n');
}

/** The role this connection works as. */
export async function databaseRole(database: Queryable): Promise<string> {
  const rows = await database.query('SELECT current_user::text AS role', [], z.object({ role: z.string() }));
  return onlyRow(rows).role;
}
