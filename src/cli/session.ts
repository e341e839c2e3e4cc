import type { ActionLibrary } from '../core/action.ts';
import type { Tempo } from '../core/tempo.ts';
import type { DecideDeps } from '../app/decide.ts';
import type { EngineDeps } from '../app/engine.ts';
import type {
  AuditLog,
  Clock,
  ControlStore,
  EffectPort,
  FactReader,
  IncidentStore,
  ModelPort,
  PagerPort,
  Randomness,
  RemediationStore,
  SignalSourcePort,
  SlaStore,
  Warning,
} from '../app/ports.ts';
import type { Config } from './config.ts';

/** Our own store, opened: enough for every command that only reads or closes records. */
export interface Session {
  readonly config: Config;
  readonly sandbox: boolean;
  /** Shown on every screen and bound into every digest. */
  readonly deployment: string;
  readonly operator: string;
  readonly tempo: Tempo;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly incidents: IncidentStore;
  readonly remediations: RemediationStore;
  readonly control: ControlStore;
  readonly audit: AuditLog;
  readonly slas: SlaStore;
  readonly ownFacts: FactReader;
  /** Grants an existing database role what the program needs, and no more. */
  readonly grantRuntimeRole: (role: string) => Promise<void>;
  /** What the operator should know about this store and configuration. */
  readonly notes: readonly Warning[];
  /** The gateway, its signals, the models and the pager; built on first use. */
  readonly outside: () => Promise<Outside>;
  readonly close: () => Promise<void>;
}

/** Everything outside our store that a decision needs. */
export interface Outside {
  readonly library: ActionLibrary;
  /**
   * Fresh for each triage, so that each reading is read once a triage and not once a process. `after_effect` measures
   * one minute instead of five: what was there before an effect must not count against it.
   */
  readonly reads: (window?: 'usual' | 'after_effect') => {
    readonly sources: readonly SignalSourcePort[];
    readonly readers: readonly FactReader[];
  };
  readonly effects: readonly EffectPort[];
  readonly pager: PagerPort;
  readonly models: readonly ModelPort[];
  /** Whether writes to the gateway are possible right now; feeds the worker heartbeat. */
  readonly proveWriteAccess: (signal: AbortSignal) => Promise<boolean>;

  readonly warnings: readonly Warning[];
  /** Turns runbook actions into ones whose dry run was executed; identity for the built-in ones. */
  readonly prepare: DecideDeps['prepare'];
}

/** The part of a session that execution needs. */
export function engineOf(session: Session, outside: Outside): EngineDeps {
  return {
    remediations: session.remediations,
    control: session.control,
    effects: outside.effects,
    clock: session.clock,
    randomness: session.randomness,
    tempo: session.tempo,
    operator: session.operator,
  };
}
