import { exitCode, usageError, type ExitCode } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { cleanLine, say, writeJson } from '../output.ts';
import type { Session } from '../session.ts';
import { withSession } from '../with-session.ts';

/** SQLSTATE of a role that does not exist. */
const undefinedObject = '42704';

/** `init`: creates or migrates the schema, and grants a runtime role no more than the program needs. */
export function initCommand(
  invocation: Invocation,
  options: { readonly runtimeRole: string | undefined },
): Promise<ExitCode> {
  const role = options.runtimeRole;
  if (role !== undefined && !/^[A-Za-z_][A-Za-z0-9_$]{0,62}$/u.test(role))
    throw usageError(
      `--runtime-role: \`${cleanLine(role)}\` is not allowed; allowed: the name of an existing role, up to 63 letters, digits and underscores`,
    );
  return withSession(invocation, { migrate: true }, async (session) => {
    if (role !== undefined) await grantTo(role, session);
    const { deployment } = session;
    if (invocation.global.json)
      writeJson(invocation, {
        schema: 'scutum-sre/init/v1',
        deployment,
        migrated: true,
        runtimeRole: role ?? null,
      });
    else {
      say(invocation, `the schema scutum_sre of ${deployment} is up to date`);
      if (role !== undefined) say(invocation, `role ${role} may run the program and cannot alter the audit`);
      say(invocation, 'next: scutum-sre triage');
    }
    return exitCode.done;
  });
}

async function grantTo(role: string, session: Session): Promise<void> {
  try {
    await session.grantRuntimeRole(role);
  } catch (error) {
    if (!(error instanceof Error && 'sqlState' in error && error.sqlState === undefinedObject)) throw error;
    throw usageError(
      `--runtime-role: there is no role \`${role}\`; allowed: an existing one`,
      `CREATE ROLE ${role} LOGIN`,
    );
  }
}
