import type { Environment } from './environment.ts';
import type { Streams } from './streams.ts';
import { hasTerminal } from './streams.ts';

/** Flags every command takes. */
export interface GlobalOptions {
  readonly json: boolean;
  /** False with `--no-input` and with `--json`. */
  readonly input: boolean;
  readonly color: boolean;
  readonly envFile: string | undefined;
  readonly sandbox: boolean;
  readonly verbose: boolean;
}

/** What a command is called with besides its own options. */
export interface Invocation {
  readonly streams: Streams;
  readonly environment: Environment;
  readonly global: GlobalOptions;
}

/** True when this run may ask a person: a terminal, and neither `--json` nor `--no-input`. */
export function mayAsk(invocation: Invocation): boolean {
  return invocation.global.input && hasTerminal(invocation.streams);
}

/** Colour only on a terminal, and never with NO_COLOR, `--no-color` or a dumb terminal. */
export function wantsColor(invocation: Invocation, stream: NodeJS.WriteStream): boolean {
  const { environment, global } = invocation;
  const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb' || !global.color;
  return !refused && stream.isTTY === true;
}
