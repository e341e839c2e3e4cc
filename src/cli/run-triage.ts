import { triage, type TriageReport } from '../app/triage.ts';
import { decideDeps } from './decision-deps.ts';
import { noSourceError } from './no-source.ts';
import type { Outside, Session } from './session.ts';

export interface TriageRunOptions {
  readonly only: number | null;
  readonly unattended: boolean;
  /** Kept from one run to the next; see `TriageDeps`. */
  readonly askedInVain?: Map<number, number>;
  readonly progress: (step: string) => void;
}

/** One triage over fresh reads. Throws exit 2 when there is nothing to read incidents from. */
export async function runTriage(
  session: Session,
  outside: Outside,
  options: TriageRunOptions,
): Promise<TriageReport> {
  const reads = outside.reads();
  if (reads.sources.length === 0) throw noSourceError();
  const report = await triage(
    {
      ...decideDeps(session, outside),
      audit: session.audit,
      pager: outside.pager,
      sources: reads.sources,
      readers: reads.readers,
      models: outside.models,
      unattended: options.unattended,
      ...(options.askedInVain === undefined ? {} : { askedInVain: options.askedInVain }),
      progress: options.progress,
    },
    options.only,
  );
  return { ...report, warnings: [...outside.warnings, ...report.warnings] };
}
