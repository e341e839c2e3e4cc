import type { Remediation } from '../core/remediation.ts';
import { confirmCode } from './confirm.ts';
import type { DecisionScreen } from './decision-flow.ts';
import { mayAsk, wantsColor, type Invocation } from './invocation.ts';
import { say } from './output.ts';
import { recapLines, remediationLines } from './remediation-output.ts';
import type { Session } from './session.ts';

/** A decision on a plain terminal: the breakdown and the prompt go to stderr, so that stdout stays data. */
export function plainScreen(invocation: Invocation, session: Session): DecisionScreen {
  const shownOf = async (remediation: Remediation, note: string | null) => {
    const { incidentNumber } = remediation;
    const incident = incidentNumber === null ? null : await session.incidents.getIncident(incidentNumber);
    return { remediation, incident, note, stream: invocation.streams.err };
  };
  const show = async (remediation: Remediation, note: string | null) => {
    if (invocation.global.json) return;
    say(invocation, ...remediationLines(invocation, session, await shownOf(remediation, note)), '');
  };
  return {
    mayAsk: mayAsk(invocation),
    show,
    confirm: async ({ remediation, refresh }) =>
      confirmCode({
        digest: remediation.digest,
        expiresAt: remediation.expiresAt,
        stdin: invocation.streams.stdin,
        stdout: invocation.streams.err,
        summary: recapLines(invocation, session, await shownOf(remediation, null)),
        color: wantsColor(invocation, invocation.streams.err),
        refresh,
      }),
    say: (line) => {
      if (!invocation.global.json) say(invocation, line);
    },
  };
}
