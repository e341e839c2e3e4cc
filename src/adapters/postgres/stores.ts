import type {
  AuditLog,
  ControlStore,
  FactReader,
  IncidentStore,
  RemediationStore,
  SlaStore,
} from '../../app/ports.ts';
import { auditAppender } from './audit-append.ts';
import { createAuditLog } from './audit-store.ts';
import { createControlStore } from './control-store.ts';
import type { Database } from './database.ts';
import { createIncidentStore } from './incidents-store.ts';
import { createOwnFacts } from './own-facts.ts';
import { createRemediationStore } from './remediations-store.ts';
import { createSlaStore } from './sla-store.ts';

export interface Stores {
  readonly incidents: IncidentStore;
  readonly remediations: RemediationStore;
  readonly control: ControlStore;
  readonly audit: AuditLog;
  readonly slas: SlaStore;
  readonly ownFacts: FactReader;
}

/** All stores over one migrated database. Everything they write is audited in the same transaction. */
export function createStores(
  database: Database,
  deps: {
    /** Lower-case hex of this many random bytes: the salt of each audit entry. */
    readonly randomHex: (bytes: number) => string;
    /** Recorded with every incident. */
    readonly deployment: string;
  },
): Stores {
  const append = auditAppender(() => deps.randomHex(16));
  return {
    incidents: createIncidentStore(database, { append, deployment: deps.deployment }),
    remediations: createRemediationStore(database, append),
    control: createControlStore(database, append),
    audit: createAuditLog(database, append),
    slas: createSlaStore(database, append),
    ownFacts: createOwnFacts(database),
  };
}
