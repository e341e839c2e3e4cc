import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { exportAudit, type ExportResult } from '../../app/export-audit.ts';
import { timeArgument } from '../arguments.ts';
import { exitCode, usageError, type ExitCode } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { cleanLine, writeJson } from '../output.ts';
import { printerFor } from '../printer-for.ts';
import type { Session } from '../session.ts';
import { withSession } from '../with-session.ts';

export interface ExportOptions {
  readonly format: 'csv' | 'jsonl';
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly out: string | undefined;
}

/** `export-audit`: streams the trail to stdout or a file; the head goes to stderr, to be kept elsewhere. */
export function exportAuditCommand(invocation: Invocation, options: ExportOptions): Promise<ExitCode> {
  const since = timeArgument('since', options.since);
  const until = timeArgument('until', options.until);
  const request = {
    format: options.format,
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
  return withSession(invocation, {}, async (session) => {
    const result =
      options.out === undefined
        ? await exportAudit(request, session.audit, writerTo(invocation.streams.out))
        : await exportToPath(session, request, options.out);
    say(invocation, session, options, result);
    return exitCode.done;
  });
}

/** Writes beside the target and renames, so that a file of that name is always a whole export. */
export async function exportToPath(
  session: Session,
  request: Parameters<typeof exportAudit>[0],
  path: string,
): Promise<ExportResult> {
  const draft = `${path}.part`;
  const file = createWriteStream(draft, { mode: 0o600 });
  try {
    await once(file, 'open');
    const result = await exportAudit(request, session.audit, writerTo(file));
    file.end();
    await once(file, 'finish');
    await rename(draft, path);
    return result;
  } catch (error) {
    file.destroy();
    await rm(draft, { force: true });
    throw isFileError(error) ? usageError(`cannot write \`${cleanLine(path)}\`: ${error.code}`) : error;
  }
}

function isFileError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

function writerTo(stream: Writable): (text: string) => Promise<void> {
  return async (text) => {
    if (!stream.write(text)) await once(stream, 'drain');
  };
}

function say(invocation: Invocation, session: Session, options: ExportOptions, result: ExportResult): void {
  // On stdout goes the trail itself; a document beside it only when that went to a file.
  if (invocation.global.json && options.out !== undefined) {
    const { rows, head } = result;
    writeJson(invocation, {
      schema: 'scutum-sre/export/v1',
      deployment: session.deployment,
      rows,
      head,
      file: options.out,
    });
    return;
  }
  printerFor(invocation, invocation.streams.err).auditExport({ ...result, file: options.out ?? null });
}
