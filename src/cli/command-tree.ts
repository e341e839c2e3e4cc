import { InvalidArgumentError, Option } from 'commander';
import type { AddCommand, Options } from './program.ts';

const text = (options: Options, name: string): string | undefined => {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
};

/** Every command of contract.md: flags to an options object to one file of `commands/`, loaded when it runs. */
export function addCommands(add: AddCommand): void {
  addIncidentCommands(add);
  addDecisionCommands(add);
  addAuditCommands(add);
  addLibraryCommands(add);
  addSetupCommands(add);
}

function addIncidentCommands(add: AddCommand): void {
  add({
    name: 'triage',
    summary: 'Find open incidents, propose, dry-run, score, and approve or run one remediation at a time.',
    examples: ['triage', 'triage --json', 'triage --incident INC-7', 'triage --no-input'],
    configure: (command) => command.option('--incident <id>', 'only this incident, for example INC-7'),
    run: async (invocation, options) =>
      (await import('./commands/triage.ts')).triageCommand(invocation, {
        incident: text(options, 'incident'),
      }),
  });
  add({
    name: 'list [what]',
    summary: 'List incidents (default) or remediations.',
    examples: ['list', 'list remediations', 'list incidents --json'],
    run: async (invocation, _options, args) =>
      (await import('./commands/list.ts')).listCommand(invocation, { what: args[0] ?? 'incidents' }),
  });
  add({
    name: 'show <id>',
    summary: 'Everything about one remediation (42) or incident (INC-7).',
    examples: ['show 42', 'show INC-7', 'show 42 --json'],
    run: async (invocation, _options, args) =>
      (await import('./commands/show.ts')).showCommand(invocation, { id: args[0] ?? '' }),
  });
  add({
    name: 'watch',
    summary: 'The worker: fires due undos, expires approvals, detects and proposes; runs until stopped.',
    examples: ['watch', 'watch --json'],
    run: async (invocation) => (await import('./commands/watch.ts')).watchCommand(invocation),
  });
}

function addDecisionCommands(add: AddCommand): void {
  add({
    name: 'approve <id>',
    summary: 'Show a proposal afresh, ask for the typed code, run it once, verify it.',
    examples: ['approve 42', 'approve 42 --no-wait'],
    configure: (command) =>
      command.option('--no-wait', 'return after the read-back; do not follow the verification'),
    run: async (invocation, options, args) =>
      (await import('./commands/approve.ts')).approveCommand(invocation, {
        id: args[0] ?? '',
        wait: options['wait'] !== false,
      }),
  });
  add({
    name: 'reject <id>',
    summary: 'Close a proposal; logged.',
    examples: ['reject 42 --reason "provider confirmed recovery"'],
    configure: (command) => command.requiredOption('--reason <text>', 'why'),
    run: async (invocation, options, args) =>
      (await import('./commands/reject.ts')).rejectCommand(invocation, {
        id: args[0] ?? '',
        reason: text(options, 'reason') ?? '',
      }),
  });
  add({
    name: 'revert <id>',
    summary: 'Undo an applied remediation: the stored inverse through dry run, confirmation, execution.',
    examples: ['revert 42'],
    run: async (invocation, _options, args) =>
      (await import('./commands/revert.ts')).revertCommand(invocation, { id: args[0] ?? '' }),
  });
  add({
    name: 'resolve <id>',
    summary: 'Settle a remediation that needs a person; until then its target stays locked.',
    examples: ['resolve 42 --as kept --reason "checked in the admin UI"'],
    configure: (command) =>
      command
        .addOption(
          new Option('--as <outcome>', 'what holds now').choices(['kept', 'reverted']).makeOptionMandatory(),
        )
        .requiredOption('--reason <text>', 'how you know'),
    run: async (invocation, options, args) =>
      (await import('./commands/resolve.ts')).resolveCommand(invocation, {
        id: args[0] ?? '',
        as: text(options, 'as') === 'reverted' ? 'reverted' : 'kept',
        reason: text(options, 'reason') ?? '',
      }),
  });
  add({
    name: 'run <action-type>',
    summary: 'Propose an action of the library yourself: same dry run, score, gate, audit.',
    examples: [
      'run route.circuit_break --param provider=anthropic --param minutes=5 --incident INC-7',
      'run limit.lower --param team=team-batch --param percent=50 --reason "runaway job"',
    ],
    configure: (command) =>
      command
        .addOption(
          new Option('--param <name=value...>', 'a parameter; repeat for more').argParser(collectParams),
        )
        .option('--incident <id>', 'the incident this answers')
        .option('--reason <text>', 'why; kept in the audit'),
    run: async (invocation, options, args) =>
      (await import('./commands/run.ts')).runCommand(invocation, {
        type: args[0] ?? '',
        params: Array.isArray(options['param']) ? options['param'].map(String) : [],
        incident: text(options, 'incident'),
        reason: text(options, 'reason'),
      }),
  });
  add({
    name: 'suspend',
    summary: 'The kill switch: nothing runs except undos.',
    examples: ['suspend --reason "provider is doing maintenance"'],
    configure: (command) => command.option('--reason <text>', 'why'),
    run: async (invocation, options) =>
      (await import('./commands/suspend.ts')).suspendCommand(invocation, {
        reason: text(options, 'reason') ?? '',
      }),
  });
  add({
    name: 'resume',
    summary: 'Lift the kill switch.',
    examples: ['resume'],
    run: async (invocation) => (await import('./commands/suspend.ts')).resumeCommand(invocation),
  });
}

function collectParams(value: string, previous: readonly string[] | undefined): readonly string[] {
  if (!/^[a-z_]+=/u.test(value)) throw new InvalidArgumentError('expected name=value');
  return [...(previous ?? []), value];
}

function addAuditCommands(add: AddCommand): void {
  add({
    name: 'export-audit',
    summary: 'Stream the audit trail: CSV, or JSON lines.',
    examples: [
      'export-audit --out audit.csv',
      'export-audit --jsonl --since 2026-11-01',
      'export-audit | gzip > a.gz',
    ],
    configure: (command) =>
      command
        .option('--csv', 'CSV (the default)')
        .addOption(new Option('--jsonl', 'one JSON document a line').conflicts('csv'))
        .option('--since <time>', 'rows before are stubs (ISO 8601)')
        .option('--until <time>', 'rows after are stubs (ISO 8601)')
        .option('--out <file>', 'write to this file instead of stdout'),
    run: async (invocation, options) =>
      (await import('./commands/export-audit.ts')).exportAuditCommand(invocation, {
        format: options['jsonl'] === true ? 'jsonl' : 'csv',
        since: text(options, 'since'),
        until: text(options, 'until'),
        out: text(options, 'out'),
      }),
  });
  add({
    name: 'verify-audit [file]',
    summary: 'Verify an exported file offline, or the live trail; names the first bad record.',
    examples: ['verify-audit audit.csv', 'verify-audit'],
    run: async (invocation, _options, args) =>
      (await import('./commands/verify-audit.ts')).verifyAuditCommand(invocation, { file: args[0] }),
  });
}

function addLibraryCommands(add: AddCommand): void {
  add({
    name: 'actions [what] [type]',
    summary: 'The library: list, show TYPE, or pin the runbooks of SRE_RUNBOOK_DIR.',
    examples: ['actions', 'actions show route.circuit_break', 'actions pin'],
    run: async (invocation, _options, args) =>
      (await import('./commands/actions.ts')).actionsCommand(invocation, {
        what: args[0] ?? 'list',
        type: args[1],
      }),
  });
  add({
    name: 'sla [what] [id]',
    summary: 'Service levels: list, set ID, remove ID.',
    examples: [
      'sla list',
      'sla set chat-p95 --metric p95_ms --target 2000 --window 5 --scope provider=anthropic',
      'sla remove chat-p95',
    ],
    configure: (command) =>
      command
        .addOption(
          new Option('--metric <metric>', 'what is measured').choices(['p95_ms', 'p99_ms', 'success_rate']),
        )
        .option('--target <number>', 'milliseconds, or per cent for success_rate')
        .option('--window <minutes>', 'minutes, 1 to 1440', '5')
        .addOption(
          new Option('--scope <name=value...>', 'provider, model_group or team').argParser(collectParams),
        ),
    run: async (invocation, options, args) =>
      (await import('./commands/sla.ts')).slaCommand(invocation, {
        what: args[0] ?? 'list',
        id: args[1],
        metric: text(options, 'metric'),
        target: text(options, 'target'),
        window: text(options, 'window'),
        scope: Array.isArray(options['scope']) ? options['scope'].map(String) : [],
      }),
  });
}

function addSetupCommands(add: AddCommand): void {
  add({
    name: 'init',
    summary: 'Create or migrate the schema in DATABASE_URL.',
    examples: ['init', 'init --runtime-role scutum_runtime'],
    configure: (command) =>
      command.option(
        '--runtime-role <name>',
        'also grant an existing role what the program needs, and no more',
      ),
    run: async (invocation, options) =>
      (await import('./commands/init.ts')).initCommand(invocation, {
        runtimeRole: text(options, 'runtimeRole'),
      }),
  });
  add({
    name: 'demo',
    summary: 'The sandbox: a simulated gateway with a live provider outage.',
    examples: ['demo', 'demo --no-input'],
    run: async (invocation) => (await import('./commands/demo.ts')).demoCommand(invocation),
  });
}
