import { runAction } from '../../app/run-action.ts';
import { incidentIdArgument, pairsArgument, reasonArgument } from '../arguments.ts';
import { decideDeps } from '../decision-deps.ts';
import { decide } from '../decision-flow.ts';
import { refusedResult } from '../decision-refusals.ts';
import { runOverdue } from '../due.ts';
import { exitCode, ExitError, usageError, type ExitCode } from '../exit-code.ts';
import { finishDecision, writeResult } from '../finish.ts';
import type { Invocation } from '../invocation.ts';
import { loadIncident } from '../load-remediation.ts';
import { cleanLine } from '../output.ts';
import { nearestName } from '../nearest-name.ts';
import { plainScreen } from '../plain-screen.ts';
import { withSession } from '../with-session.ts';

/** `run <action-type>`: a person or a script proposes; the same machinery decides. */
export function runCommand(
  invocation: Invocation,
  options: {
    readonly type: string;
    readonly params: readonly string[];
    readonly incident: string | undefined;
    readonly reason: string | undefined;
  },
): Promise<ExitCode> {
  const params = pairsArgument('param', options.params);
  const number = options.incident === undefined ? null : incidentIdArgument(options.incident);
  const reason = options.reason === undefined ? '' : reasonArgument(options.reason);
  return withSession(invocation, {}, async (session) => {
    const incident = number === null ? null : await loadIncident(session, number);
    const outside = await session.outside();
    await runOverdue(invocation, session, outside);
    const deps = decideDeps(session, outside);
    const proposed = await runAction(
      { type: options.type, params, incident, reason, person: session.operator },
      deps,
    );
    switch (proposed.kind) {
      case 'unknown_action':
        throw usageError(
          `\`${cleanLine(options.type)}\` is not in the library; the nearest action is ${nearestName(options.type, proposed.allowed)}`,
          `allowed: ${proposed.allowed.join(' ')}`,
        );
      case 'wrong_params':
        throw usageError(
          `${options.type}: ${cleanLine(proposed.problem)}`,
          `scutum-sre actions show ${options.type}`,
        );
      case 'occupied':
        throw new ExitError(
          exitCode.stale,
          `remediation ${proposed.by} already holds the same incident or target`,
          [`scutum-sre show ${proposed.by}`],
        );
      case 'stored':
        break;
      default:
        return proposed satisfies never;
    }
    const { remediation } = proposed;
    if (remediation.status === 'refused') return writeResult(invocation, session, refusedResult(remediation));
    const decision = await decide(remediation, plainScreen(invocation, session), deps);
    return finishDecision(invocation, { session, outside }, decision, { wait: true });
  });
}
