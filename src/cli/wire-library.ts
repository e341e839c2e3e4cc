import { actionLibrary, libraryWith } from '../../actions/library.ts';
import type { ActionLibrary } from '../core/action.ts';
import type { Warning } from '../app/ports.ts';

/** The library as it would be used, with the pinned runbooks of a directory. */
export async function openLibrary(
  runbookDirectory: string | null,
): Promise<{ readonly library: ActionLibrary; readonly warnings: readonly Warning[] }> {
  if (runbookDirectory === null) return { library: actionLibrary, warnings: [] };
  const { loadRunbooks } = await import('../adapters/shell/runbook-actions.ts');
  const runbooks = await loadRunbooks({ directory: runbookDirectory });
  return { library: libraryWith(runbooks.actions), warnings: runbooks.problems };
}

/** Pins the runbooks of a directory by the hashes of their manifests and scripts. */
export async function pinDirectory(
  directory: string,
): Promise<{ readonly pinned: readonly string[]; readonly problems: readonly string[] }> {
  const { pinRunbooks } = await import('../adapters/shell/runbook-lock.ts');
  const { pinned, problems } = await pinRunbooks({ directory });
  return { pinned: pinned.map((runbook) => runbook.name), problems };
}
