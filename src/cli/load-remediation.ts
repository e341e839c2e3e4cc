import type { Incident } from '../core/incident.ts';
import { incidentId } from '../core/incident.ts';
import type { Remediation } from '../core/remediation.ts';
import { usageError } from './exit-code.ts';
import type { Session } from './session.ts';

/** The remediation with this id; an unknown id is exit 2. */
export async function loadRemediation(session: Session, id: number): Promise<Remediation> {
  const remediation = await session.remediations.getRemediation(id);
  if (remediation !== null) return remediation;
  throw usageError(
    `there is no remediation ${id} in deployment ${session.deployment}`,
    'scutum-sre list remediations',
  );
}

/** The incident with this number; an unknown one is exit 2. */
export async function loadIncident(session: Session, number: number): Promise<Incident> {
  const incident = await session.incidents.getIncident(number);
  if (incident !== null) return incident;
  throw usageError(
    `there is no incident ${incidentId(number)} in deployment ${session.deployment}`,
    'scutum-sre list incidents',
  );
}
