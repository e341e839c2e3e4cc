/** Where a command reads and writes: data on `out`, talk on `err`. Injected, so that tests and commands share one path. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
}

export const processStreams: Streams = { stdin: process.stdin, out: process.stdout, err: process.stderr };

/** A terminal means stdin and stderr are both one (contract.md). */
export function hasTerminal(streams: Streams): boolean {
  return streams.stdin.isTTY === true && streams.err.isTTY === true;
}
