import type { Incident } from '../core/incident.ts';
import type { Remediation } from '../core/remediation.ts';

/** One incident with what is proposed or running for it. */
export interface TriageItem {
  readonly incident: Incident;
  readonly remediation: Remediation | null;
  /** One line from the program, for example why nothing is proposed or what changed since it was. */
  readonly note: string | null;
}

export type ProgressState = 'done' | 'doing' | 'todo' | 'failed';

export interface ProgressStep {
  readonly label: string;
  readonly state: ProgressState;
  readonly detail: string;
}

/** How far one remediation is. */
export interface Progress {
  readonly remediationId: number;
  readonly steps: readonly ProgressStep[];
  /** Milliseconds until the undo fires, counted from the state's `now`; null when no timer runs. */
  readonly revertInMs: number | null;
}

/** A signal drawn as a sparkline; `series` is in per cent (0–100), oldest first. */
export interface LiveSeries {
  readonly label: string;
  readonly series: readonly number[];
  readonly caption: string;
}

/** What a demo says when it is over. */
export interface Closing {
  readonly title: string;
  readonly lines: readonly string[];
  readonly next: readonly { readonly command: string; readonly does: string }[];
}

/** Everything the triage view shows. Plain data: no port, no policy, no clock. */
export interface TriageViewState {
  readonly deployment: string;
  readonly sandbox: boolean;
  readonly suspended: boolean;
  readonly items: readonly TriageItem[];
  readonly warnings: readonly string[];
  readonly loading: { readonly phase: string; readonly step: string } | null;
  /** ISO 8601, UTC; countdowns run from here. */
  readonly now: string;
  readonly live?: LiveSeries | null;
  readonly progress?: Progress | null;
  readonly closing?: Closing | null;
}

/** What the operator asked for. Never an approval by itself: `approve` leads to the typed code. */
export type TriageIntent =
  | {
      readonly kind: 'approve' | 'reject' | 'revert' | 'export' | 'refresh';
      readonly remediationId?: number;
    }
  | { readonly kind: 'quit' }
  | { readonly kind: 'interrupted' };

/** The terminal's size in cells, and whether it can show more than ASCII. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly unicode: boolean;
}
