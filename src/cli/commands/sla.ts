import { z } from 'zod';
import type { AuditDraft } from '../../core/audit/audit-record.ts';
import { slaMetrics, type SlaContract } from '../../core/evidence.ts';
import { visibleText } from '../../core/plain-text.ts';
import { pairsArgument } from '../arguments.ts';
import { exitCode, usageError, type ExitCode } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { cleanLine, say, writeData, writeJson } from '../output.ts';
import { printerFor } from '../printer-for.ts';
import type { Session } from '../session.ts';
import { withSession } from '../with-session.ts';

export interface SlaOptions {
  readonly what: string;
  readonly id: string | undefined;
  readonly metric: string | undefined;
  readonly target: string | undefined;
  readonly window: string | undefined;
  readonly scope: readonly string[];
}

const plainId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/u);
const amount = z
  .string()
  .regex(/^\d{1,9}(?:\.\d{1,6})?$/u)
  .transform(Number);
const scopeKeys = ['provider', 'model_group', 'team'] as const;

/** `sla list|set|remove`: the service levels that `sla.violation` is measured against. */
export function slaCommand(invocation: Invocation, options: SlaOptions): Promise<ExitCode> {
  switch (options.what) {
    case 'list':
      return withSession(invocation, {}, (session) => list(invocation, session));
    case 'set': {
      const contract = contractOf(options);
      return withSession(invocation, {}, (session) => set(invocation, session, contract));
    }
    case 'remove': {
      const id = idOf(options.id);
      return withSession(invocation, {}, (session) => remove(invocation, session, id));
    }
    default:
      throw usageError(`\`${cleanLine(options.what)}\` is not possible; allowed: list, set, remove`);
  }
}

function contractOf(options: SlaOptions): SlaContract {
  const metric = slaMetrics.find((name) => name === options.metric);
  if (metric === undefined) throw usageError(`--metric is needed; allowed: ${slaMetrics.join(', ')}`);
  const target = numberOf(
    'target',
    options.target,
    metric === 'success_rate' ? { min: 0, max: 100 } : { min: 1, max: 3_600_000 },
  );
  const windowMinutes = numberOf('window', options.window, { min: 1, max: 1_440 });
  if (!Number.isInteger(windowMinutes)) throw usageError('--window takes whole minutes from 1 to 1440');
  const scope = pairsArgument('scope', options.scope);
  const wrong = Object.keys(scope).find((key) => !(scopeKeys as readonly string[]).includes(key));
  if (wrong !== undefined)
    throw usageError(`--scope: \`${cleanLine(wrong)}\` is not allowed; allowed: ${scopeKeys.join(', ')}`);
  const clean = Object.fromEntries(
    Object.entries(scope).map(([key, value]) => [key, visibleText(value, { maxLength: 512 })]),
  );
  return { id: idOf(options.id), scope: clean, metric, target, windowMinutes, suspendedUntil: null };
}

function idOf(text: string | undefined): string {
  const parsed = plainId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw usageError(
    text === undefined
      ? 'an id is needed, for example: scutum-sre sla set chat-p95 …'
      : `\`${cleanLine(text)}\` is not an id; allowed: up to 100 letters, digits, dots, dashes and underscores`,
  );
}

function numberOf(
  name: string,
  text: string | undefined,
  bounds: { readonly min: number; readonly max: number },
): number {
  const parsed = amount.safeParse(text);
  if (parsed.success && parsed.data >= bounds.min && parsed.data <= bounds.max) return parsed.data;
  throw usageError(
    `--${name}: \`${cleanLine(text ?? '')}\` is not allowed; allowed: ${bounds.min} to ${bounds.max}`,
  );
}

async function list(invocation: Invocation, session: Session): Promise<ExitCode> {
  const contracts = await session.slas.listSlas();
  if (invocation.global.json) {
    writeJson(invocation, { schema: 'scutum-sre/slas/v1', deployment: session.deployment, slas: contracts });
    return exitCode.done;
  }
  if (contracts.length === 0) {
    writeData(invocation, ['no service levels; sla.violation is not measured']);
    return exitCode.done;
  }
  const rows = contracts.map((one) => [
    cleanLine(one.id),
    one.metric,
    String(one.target),
    `${one.windowMinutes} min`,
    one.suspendedUntil === null ? '-' : one.suspendedUntil,
    cleanLine(
      Object.entries(one.scope)
        .map(([key, value]) => `${key}=${value}`)
        .join(' ') || 'everything',
    ),
  ]);
  const head = ['ID', 'METRIC', 'TARGET', 'WINDOW', 'SUSPENDED UNTIL', 'SCOPE'];
  printerFor(invocation, invocation.streams.out).table({ head, rows });
  return exitCode.done;
}

async function set(invocation: Invocation, session: Session, contract: SlaContract): Promise<ExitCode> {
  await session.slas.setSla(
    contract,
    auditOf(session, { set: { ...contract, scope: { ...contract.scope } } }),
  );
  if (invocation.global.json)
    writeJson(invocation, { schema: 'scutum-sre/slas/v1', deployment: session.deployment, slas: [contract] });
  else
    say(
      invocation,
      `set ${contract.id}: ${contract.metric} ${contract.target} over ${contract.windowMinutes} min`,
    );
  return exitCode.done;
}

async function remove(invocation: Invocation, session: Session, id: string): Promise<ExitCode> {
  if (!(await session.slas.removeSla(id, auditOf(session, { removed: id }))))
    throw usageError(
      `there is no service level \`${id}\` in deployment ${session.deployment}`,
      'scutum-sre sla list',
    );
  if (invocation.global.json)
    writeJson(invocation, {
      schema: 'scutum-sre/slas/v1',
      deployment: session.deployment,
      slas: await session.slas.listSlas(),
    });
  else say(invocation, `removed ${id}`);
  return exitCode.done;
}

function auditOf(session: Session, body: AuditDraft['body']): AuditDraft {
  return {
    kind: 'sla_changed',
    at: session.clock.now(),
    incidentNumber: null,
    remediationId: null,
    executionId: null,
    actor: session.operator,
    body,
  };
}
