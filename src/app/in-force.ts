import type { Incident } from '../core/incident.ts';
import type { Remediation, RemediationStatus } from '../core/remediation.ts';
import type { RemediationStore } from './ports.ts';

/** Running or applied and not yet judged. None stays so: what is judged, undone or stuck has another status. */
const underWay: readonly RemediationStatus[] = ['executing', 'applied'];
const looked = 100;

/**
 * A remediation that is acting right now on what the incident is about, whichever incident it was made for: what it
 * changed is why nothing else fits, and no reason to wake anybody. null when there is none.
 */
export async function actingOnScope(
  incident: Incident,
  remediations: Pick<RemediationStore, 'listRemediations'>,
): Promise<Remediation | null> {
  const rows = await remediations.listRemediations({ statuses: underWay, limit: looked });
  const scope = Object.entries(incident.scope);
  return (
    rows.find(
      ({ revertOf, document: { action } }) =>
        revertOf === null && scope.some(([name, value]) => action.params[name] === value),
    ) ?? null
  );
}
