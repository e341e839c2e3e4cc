import { exportToPath } from './commands/export-audit.ts';
import type { Session } from './session.ts';

/** Exports the trail into a new file in the working directory, from the view; says where it is. */
export async function exportToFile(session: Session): Promise<string> {
  const stamp = session.clock.now().slice(0, 19).replaceAll(':', '');
  const file = `scutum-sre-audit-${stamp}.csv`;
  const result = await exportToPath(session, { format: 'csv' }, file);
  return `exported ${result.rows} rows to ${file}; verify it with: scutum-sre verify-audit ${file}`;
}
