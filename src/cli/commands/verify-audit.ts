import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import { verifyLiveTrail } from '../../app/export-audit.ts';
import { csvParser, type RowParser } from '../../core/audit/audit-csv.ts';
import { jsonlParser } from '../../core/audit/audit-jsonl.ts';
import { chainVerifier, type VerifyResult } from '../../core/audit/hash-chain.ts';
import { exitCode, usageError, type ExitCode } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { cleanLine, writeJson } from '../output.ts';
import { printerFor } from '../printer-for.ts';
import { withSession } from '../with-session.ts';

/** `verify-audit [FILE]`: offline from an export alone, or the live trail. Exit 20 names the first bad record. */
export async function verifyAuditCommand(
  invocation: Invocation,
  options: { readonly file: string | undefined },
): Promise<ExitCode> {
  const { file } = options;
  if (file !== undefined) return conclude(invocation, await verifyFile(file), file);
  return withSession(invocation, {}, async (session) =>
    conclude(invocation, await verifyLiveTrail(session.audit), session.deployment),
  );
}

type Verdict =
  VerifyResult | { readonly status: 'malformed'; readonly line: number; readonly problem: string };

async function verifyFile(file: string): Promise<Verdict> {
  // Bytes that are no UTF-8 must not turn into a replacement character unseen.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let reader: FileReader | null = null;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
      const text = decodePiece(decoder, Buffer.from(chunk as Uint8Array));
      if (text === null) return notUtf8;
      reader ??= readerFor(text);
      const verdict = reader.take(text);
      if (verdict !== null) return verdict;
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw usageError(`cannot read \`${cleanLine(file)}\`: ${code}`);
  }
  return (reader ?? readerFor('')).end();
}

const notUtf8 = { status: 'malformed', line: 0, problem: 'the file is not UTF-8' } as const;

function decodePiece(decoder: TextDecoder, bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes, { stream: true });
  } catch {
    return null;
  }
}

interface FileReader {
  /** The verdict as soon as one stands. */
  readonly take: (text: string) => Verdict | null;
  readonly end: () => Verdict;
}

function readerFor(start: string): FileReader {
  const isJsonl = start.trimStart().startsWith('{');
  const parser: RowParser = isJsonl ? jsonlParser() : csvParser();
  const verifier = chainVerifier({ columns: isJsonl ? 'exact' : 'csv' });
  const check = (parsed: ReturnType<RowParser['push']>): Verdict | null => {
    if (parsed.status === 'malformed') return parsed;
    for (const row of parsed.rows) if (verifier.push(row) !== null) return verifier.finish();
    return null;
  };
  return {
    take: (text) => check(parser.push(text)),
    end: () => check(parser.finish()) ?? verifier.finish(),
  };
}

function conclude(invocation: Invocation, verdict: Verdict, what: string): ExitCode {
  if (invocation.global.json)
    writeJson(invocation, { schema: 'scutum-sre/audit-verification/v1', of: what, ...verdict });
  const printer = printerFor(
    invocation,
    invocation.global.json ? invocation.streams.err : invocation.streams.out,
  );
  if (verdict.status === 'intact') {
    if (!invocation.global.json) {
      printer.success(`intact: ${verdict.head.size} rows of ${what}`);
      printer.fields([
        ['head', verdict.head.rowHash],
        ['stubs', String(verdict.stubs)],
      ]);
      printer.hint('a chain shows editing, not a cut tail: compare the head with one kept elsewhere');
    }
    return exitCode.done;
  }
  if (!invocation.global.json) {
    printer.failure(`NOT intact: ${what}`);
    printer.fields(Object.entries(verdict).map(([name, value]) => [name, String(value)] as const));
  }
  return exitCode.auditFailed;
}
