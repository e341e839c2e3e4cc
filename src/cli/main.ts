import { createRequire } from 'node:module';
import type { ErrorDocument } from './documents.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import { processStreams, type Streams } from './streams.ts';

/** The program's name and version, from its own package.json. */
export function packageVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('../package.json');
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '?';
}

/** Runs the command line and sets the process exit code. The only caller of `process.exit`. */
export async function main(
  argv: readonly string[] = process.argv,
  streams: Streams = processStreams,
): Promise<void> {
  if (argv.length === 3 && (argv[2] === '--version' || argv[2] === '-V')) {
    streams.out.write(`${packageVersion()}\n`);
    return;
  }
  // A closed pipe (`| head`) is the reader's decision, not a failure of ours. A terminal that went away (EIO) must not
  // end a run that still has something to undo.
  for (const stream of [streams.out, streams.err])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(exitCode.done);
    });
  const code = await runProgram(argv, streams);
  await flush(streams);
  // Sockets of a half-open dependency must not keep a finished command alive.
  process.exit(code);
}

async function runProgram(argv: readonly string[], streams: Streams): Promise<ExitCode> {
  const { buildProgram, CommanderError } = await import('./program.ts');
  let code: ExitCode = exitCode.done;
  const program = buildProgram({
    streams,
    environment: process.env,
    version: packageVersion(),
    done: (c) => (code = c),
  });
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (error) {
    const json = argv.includes('--json');
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCode.done;
      // Commander said it on stderr already.
      if (json) writeErrorDocument(streams, { exitCode: exitCode.usage, message: error.message });
      return exitCode.usage;
    }
    return report(error, { streams, json, verbose: argv.includes('--verbose') });
  }
}

/** One sentence for people on stderr, one document for scripts on stdout; the exit code of what went wrong. */
async function report(
  error: unknown,
  options: { readonly streams: Streams; readonly json: boolean; readonly verbose: boolean },
): Promise<ExitCode> {
  const [{ describeFailure }, { asTyped }] = await Promise.all([
    import('./failure.ts'),
    import('./typed-command.ts'),
  ]);
  const failure = describeFailure(error);
  const { streams } = options;
  streams.err.write(`scutum-sre: ${asTyped(failure.message, process.env)}\n`);
  for (const hint of failure.hints) streams.err.write(`  ${asTyped(hint, process.env)}\n`);
  if (options.verbose && failure.stack !== null) streams.err.write(`${failure.stack}\n`);
  if (options.json) writeErrorDocument(streams, { exitCode: failure.code, message: failure.message });
  return failure.code;
}

function writeErrorDocument(streams: Streams, error: ErrorDocument['error']): void {
  const document: ErrorDocument = { schema: 'scutum-sre/error/v1', error };
  streams.out.write(`${JSON.stringify(document)}\n`);
}

async function flush(streams: Streams): Promise<void> {
  await Promise.all(
    [streams.out, streams.err].map(
      (stream) => new Promise<void>((resolve) => stream.write('', () => resolve())),
    ),
  );
}
