import { known } from '../../core/evidence.ts';
import { collectEvidence } from '../../app/collect-evidence.ts';
import type { Closing, LiveSeries, TriageItem } from '../../tui/view-model.ts';
import type { ExitCode } from '../exit-code.ts';
import { mayAsk, type Invocation } from '../invocation.ts';
import { say } from '../output.ts';
import type { Outside, Session } from '../session.ts';
import { asTyped } from '../typed-command.ts';
import { withSession } from '../with-session.ts';
import { runWorker } from '../worker.ts';
import { triagePlainly } from './triage.ts';

/** `demo`: the real program on the sandbox, with a worker of its own and one live provider outage. */
export function demoCommand(invocation: Invocation): Promise<ExitCode> {
  const inSandbox: Invocation = { ...invocation, global: { ...invocation.global, sandbox: true } };
  if (!invocation.global.json)
    say(
      invocation,
      'SANDBOX: a simulated gateway on this machine. Nothing of yours is read, changed or paged. One minute lasts 4 s; the first start makes its database, some seconds.',
    );
  return withSession(inSandbox, {}, async (session) => {
    const outside = await session.outside();
    const stop = new AbortController();
    const worker = runWorker(session, outside, { triages: false, say: () => undefined }, stop.signal);
    try {
      await workerReady(session, outside);
      if (!mayAsk(inSandbox)) return await triagePlainly(inSandbox, { session, outside, only: null });
      const { showTriageScreen } = await import('../triage-screen.ts');
      const series: number[] = [];
      return await showTriageScreen(inSandbox, {
        session,
        outside,
        only: null,
        live: () => sample(outside, series),
        closing: closingOnce(invocation),
      });
    } finally {
      stop.abort();
      await worker;
    }
  });
}

/** The score counts on a live worker: its first heartbeat comes before the first proposal. */
async function workerReady(session: Session, outside: Outside): Promise<void> {
  for (let look = 0; look < 50; look += 1) {
    const evidence = await collectEvidence({ names: ['own.worker'], readers: outside.reads().readers });
    const worker = known(evidence, 'own.worker');
    if (worker !== null && worker.heartbeatAgeMs !== null && worker.gatewayWriteAgeMs !== null) return;
    await session.clock.sleep(100);
  }
}

const samplesMax = 120;

/** The share of failed client requests in the short window, over all model groups. */
async function sample(outside: Outside, series: number[]): Promise<LiveSeries | null> {
  const evidence = await collectEvidence({
    names: ['traffic.model_groups'],
    readers: outside.reads().readers,
  });
  const groups = known(evidence, 'traffic.model_groups');
  const total = groups?.reduce((sum, group) => sum + group.total, 0) ?? 0;
  if (groups === null || total === 0) return null;
  const failed = groups.reduce((sum, group) => sum + group.failed, 0);
  series.push((100 * failed) / total);
  if (series.length > samplesMax) series.shift();
  return {
    label: 'failed requests',
    series: [...series],
    caption: `${((100 * failed) / total).toFixed(1)} % of ${total} in the last 5 min (20 s here)`,
  };
}

/** Once a remediation of this demo ran and is undone, the closing page, with what was measured; before that nothing. */
function closingOnce(invocation: Invocation): (items: readonly TriageItem[]) => Closing | null {
  let ran: number | null = null;
  let closed = false;
  return (items) => {
    const remediations = items.flatMap((item) => (item.remediation === null ? [] : [item.remediation]));
    ran ??= remediations.find(({ status }) => status === 'applied' || status === 'verified')?.id ?? null;
    const undone = remediations.find(({ id, status }) => id === ran && status === 'reverted');
    if (closed || undone === undefined || undone.execution === null) return null;
    closed = true;
    const { outcome, detail } = undone.execution.verification;
    return {
      title: `Remediation ${undone.id} was applied, verified and undone.`,
      lines: [
        `Verification by behaviour: ${outcome}. ${detail}`,
        'Every step is in a hash-chained audit trail that can be verified without this program.',
        'Press e to export it here, or leave and use the commands below.',
      ],
      next: nextCommands.map(({ command, does }) => ({
        command: asTyped(command, invocation.environment),
        does,
      })),
    };
  };
}

const nextCommands = [
  { command: 'scutum-sre export-audit --sandbox --out audit.csv', does: 'the trail as CSV' },
  { command: 'scutum-sre verify-audit audit.csv', does: 'check it, offline' },
  { command: 'scutum-sre list remediations --sandbox', does: 'what was done' },
] as const;
