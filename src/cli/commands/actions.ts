import type { ActionDefinition, ActionLibrary } from '../../core/action.ts';
import { paramsJsonSchema } from '../../core/proposal-json-schema.ts';
import type { AuditDraft } from '../../core/audit/audit-record.ts';
import { parseConfig } from '../config.ts';
import type { LibraryActionJson } from '../documents.ts';
import { loadEnvironment } from '../environment.ts';
import { exitCode, usageError, type ExitCode } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { nearestName } from '../nearest-name.ts';
import { cleanLine, say, sayWarnings, writeJson } from '../output.ts';
import { printerFor } from '../printer-for.ts';
import type { Session } from '../session.ts';
import { withSession } from '../with-session.ts';

/** `actions [list|show TYPE|pin]`: the closed library, and the pinning of runbooks. Only pinning needs a store, for its audit row. */
export async function actionsCommand(
  invocation: Invocation,
  options: { readonly what: string; readonly type: string | undefined },
): Promise<ExitCode> {
  const config = parseConfig(
    loadEnvironment({ processEnvironment: invocation.environment, envFile: invocation.global.envFile }),
  );
  const { openLibrary, pinDirectory } = await import('../wire-library.ts');
  if (options.what === 'pin') {
    if (config.runbookDirectory === null)
      throw usageError('SRE_RUNBOOK_DIR is not set; it names the folder that holds one folder a runbook');
    const directory = config.runbookDirectory;
    return withSession(invocation, {}, async (session) => {
      const result = await pinDirectory(directory);
      await session.audit.append(pinAudit(session, directory, result));
      return pin(invocation, result);
    });
  }
  const { library, warnings } = await openLibrary(config.runbookDirectory);
  if (!invocation.global.json) sayWarnings(invocation, warnings);
  if (options.what === 'list') return list(invocation, library);
  if (options.what === 'show') return show(invocation, library, options.type);
  throw usageError(`\`${cleanLine(options.what)}\` is not possible; allowed: list, show TYPE, pin`);
}

function list(invocation: Invocation, library: ActionLibrary): ExitCode {
  if (invocation.global.json)
    writeJson(invocation, { schema: 'scutum-sre/actions/v1', actions: library.list.map(actionJson) });
  else
    printerFor(invocation, invocation.streams.out).table({
      head: ['ACTION', 'BASELINE', 'REVERSIBILITY', 'WHAT IT DOES'],
      rows: library.list.map((action) => [
        action.type,
        String(action.baseline),
        action.reversibility,
        action.summary,
      ]),
    });
  return exitCode.done;
}

function show(invocation: Invocation, library: ActionLibrary, type: string | undefined): ExitCode {
  if (type === undefined)
    throw usageError('which action? for example: scutum-sre actions show route.circuit_break');
  const action = library.find(type);
  if (action === null) {
    const names = library.list.map((known) => known.type);
    throw usageError(
      `\`${cleanLine(type)}\` is not in the library; the nearest action is ${nearestName(type, names)}`,
      `allowed: ${names.join(' ')}`,
    );
  }
  if (invocation.global.json) {
    writeJson(invocation, { schema: 'scutum-sre/action/v1', action: actionJson(action) });
    return exitCode.done;
  }
  const printer = printerFor(invocation, invocation.streams.out);
  printer.heading(action.type);
  printer.say(action.summary);
  printer.fields([
    ['version', String(action.version)],
    ['baseline', String(action.baseline)],
    ['reversibility', action.reversibility],
    ['answers', action.kinds.join(' ')],
    ...action.preconditions.map((one) => [one.severity, one.id] as const),
    ['params', JSON.stringify(paramsJsonSchema(action))],
  ]);
  return exitCode.done;
}

function pinAudit(
  session: Session,
  directory: string,
  result: { readonly pinned: readonly string[]; readonly problems: readonly string[] },
): AuditDraft {
  return {
    kind: 'actions_pinned',
    at: session.clock.now(),
    incidentNumber: null,
    remediationId: null,
    executionId: null,
    actor: session.operator,
    body: { directory, pinned: result.pinned, problems: result.problems },
  };
}

function actionJson(action: ActionDefinition): LibraryActionJson {
  return {
    type: action.type,
    version: action.version,
    baseline: action.baseline,
    reversibility: action.reversibility,
    summary: action.summary,
    kinds: action.kinds,
    preconditions: action.preconditions.map(({ id, severity }) => ({ id, severity })),
    params: paramsJsonSchema(action),
  };
}

function pin(
  invocation: Invocation,
  result: { readonly pinned: readonly string[]; readonly problems: readonly string[] },
): ExitCode {
  if (invocation.global.json) writeJson(invocation, { schema: 'scutum-sre/pins/v1', ...result });
  for (const name of result.pinned) say(invocation, `pinned ${cleanLine(name)}`);
  for (const problem of result.problems) say(invocation, `not pinned: ${cleanLine(problem)}`);
  return result.problems.length === 0 ? exitCode.done : exitCode.usage;
}
