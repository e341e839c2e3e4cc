import { Command, CommanderError } from 'commander';
import { visibleText } from '../core/plain-text.ts';
import { addCommands } from './command-tree.ts';
import type { Environment } from './environment.ts';
import type { ExitCode } from './exit-code.ts';
import type { GlobalOptions, Invocation } from './invocation.ts';
import type { Streams } from './streams.ts';

export { CommanderError };

export interface ProgramInput {
  readonly streams: Streams;
  readonly environment: Environment;
  readonly version: string;
  /** Receives the exit code of the command that ran. */
  readonly done: (code: ExitCode) => void;
}

/** The commander tree: flags to an options object to one command. Each command's code loads when it runs. */
export function buildProgram(input: ProgramInput): Command {
  const program = new Command('scutum-sre')
    .description(
      'Risk-bounded remediation for AI gateways: propose, dry-run, score, approve, execute, verify, audit.',
    )
    .version(input.version, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => input.streams.out.write(text),
      writeErr: (text) => input.streams.err.write(visibleText(text, errorText)),
    })
    .showSuggestionAfterError(true)
    .addHelpText('after', `\nStart here: scutum-sre demo   (a sandbox; touches nothing of yours)`);
  addCommands(adder(program, input));
  return program;
}

/** commander repeats what was typed, whatever that was. */
const errorText = { maxLength: 20_000, keepNewlines: true } as const;

export type Options = Record<string, unknown>;
interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly configure?: (command: Command) => Command;
  readonly run: (invocation: Invocation, options: Options, args: readonly string[]) => Promise<ExitCode>;
}
export type AddCommand = (spec: CommandSpec) => void;

function adder(program: Command, input: ProgramInput): AddCommand {
  return (spec) => {
    const command = program.command(spec.name).description(spec.summary).exitOverride();
    command.configureOutput({
      writeOut: (text) => input.streams.out.write(text),
      writeErr: (text) => input.streams.err.write(visibleText(text, errorText)),
    });
    spec.configure?.(command);
    withGlobalOptions(command);
    command.addHelpText(
      'after',
      `\nExamples:\n${spec.examples.map((line) => `  $ scutum-sre ${line}`).join('\n')}`,
    );
    command.action(async (...received: unknown[]) => {
      const options = command.opts<Options>();
      const args = received.slice(0, -2).flatMap((value) => (typeof value === 'string' ? [value] : []));
      const global: GlobalOptions = globalOptions(options);
      input.done(
        await spec.run({ streams: input.streams, environment: input.environment, global }, options, args),
      );
    });
  };
}

function withGlobalOptions(command: Command): Command {
  return command
    .option('--json', 'one JSON document on stdout; never prompts')
    .option('--no-input', 'never prompt')
    .option('--no-color', 'no colour (also NO_COLOR)')
    .option('--env-file <file>', 'read variables from this file (the environment wins)')
    .option('--sandbox', 'work on the sandbox of `demo`, never on a real gateway')
    .option('--verbose', 'say more on stderr');
}

function globalOptions(options: Options): GlobalOptions {
  return {
    json: options['json'] === true,
    input: options['input'] !== false && options['json'] !== true,
    color: options['color'] !== false,
    envFile: typeof options['envFile'] === 'string' ? options['envFile'] : undefined,
    sandbox: options['sandbox'] === true,
    verbose: options['verbose'] === true,
  };
}
