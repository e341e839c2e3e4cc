import type { Remediation } from '../core/remediation.ts';
import { confirmCode } from './confirm.ts';
import type { DecisionScreen } from './decision-flow.ts';
import { mayAsk, wantsColor, type Invocation } from './invocation.ts';
import { say } from './output.ts';
import { remediationLines } from './remediation-output.ts';
import type { Session } from './session.ts';

/** A decision on a plain terminal: the breakdown and the prompt go to stderr, so that stdout stays data. */
export function plainScreen(invocation: Invocation, session: Session): DecisionScreen {
  const show = async (remediation: Remediation, note: string | null) => {
    if (invocation.global.json) return;
    const { incidentNumber } = remediation;
    const incident = incidentNumber === null ? null : await session.incidents.getIncident(incidentNumber);
    const shown = { remediation, incident, note, stream: invocation.streams.err };
    say(invocation, ...remediationLines(invocation, session, shown));
  };
  return {
    mayAsk: mayAsk(invocation),
    show,
    confirm: ({ remediation, refresh }) =>
      confirmCode({
        digest: remediation.digest,
        expiresAt: remediation.expiresAt,
        stdin: invocation.streams.stdin,
        stdout: invocation.streams.err,
        summary: [],
        color: wantsColor(invocation, invocation.streams.err),
        refresh,
      }),
    say: (line) => {
      if (!invocation.global.json) say(invocation, line);
    },
  };
}
