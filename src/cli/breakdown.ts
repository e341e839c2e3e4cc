import { incidentId } from '../core/incident.ts';
import type { Incident } from '../core/incident.ts';
import type { Remediation } from '../core/remediation.ts';
import { breakdown } from '../tui/breakdown.ts';
import type { BreakdownInput } from '../tui/breakdown.ts';
import { approvalRecap } from '../tui/breakdown-glance.ts';
import { leftText, standingOf } from '../tui/incident-list.ts';
import { layoutPage } from '../tui/page.ts';
import { scopeText } from '../tui/sentences.ts';
import { hundredths, shown } from '../tui/shown-value.ts';
import type { Line } from '../tui/styled-line.ts';
import { lineText } from '../tui/styled-line.ts';
import type { Progress, TriageItem } from '../tui/view-model.ts';
import type { Table } from './table.ts';

export interface BreakdownOptions {
  readonly deployment: string;
  readonly sandbox: boolean;
  readonly suspended?: boolean;
  /** ISO 8601, UTC; countdowns are counted from it. */
  readonly now: string;
  /** null: a person or a script asked for it outside an incident. */
  readonly incident: Incident | null;
  readonly note?: string | null;
  readonly progress?: Progress | null;
  /** Cells a line may take; default 80. */
  readonly columns?: number;
  /** False writes ASCII only. Default true. */
  readonly unicode?: boolean;
}

/** The breakdown of the view as toned lines, for printing: the same content in the same order, nothing cut. */
export function remediationLines(
  remediation: Remediation | null,
  options: BreakdownOptions,
): readonly Line[] {
  return layoutPage(breakdown(inputOf(remediation, options)), screenOf(options)).lines;
}

/** What is about to be approved in about ten lines, to stand right above the prompt: the `summary` of `confirmCode`. */
export function approvalLines(remediation: Remediation, options: BreakdownOptions): readonly Line[] {
  return layoutPage(approvalRecap(remediation, inputOf(remediation, options)), screenOf(options)).lines;
}

function inputOf(remediation: Remediation | null, options: BreakdownOptions): BreakdownInput {
  return {
    remediation,
    incident: options.incident,
    note: options.note ?? null,
    deployment: options.deployment,
    sandbox: options.sandbox,
    suspended: options.suspended ?? false,
    now: options.now,
    progress: options.progress ?? null,
  };
}

function screenOf(options: BreakdownOptions): { readonly columns: number; readonly unicode: boolean } {
  return { columns: options.columns ?? 80, unicode: options.unicode ?? true };
}

/** `remediationLines` without tones. */
export function remediationText(
  remediation: Remediation | null,
  options: BreakdownOptions,
): readonly string[] {
  return remediationLines(remediation, options).map((line) => lineText(line).trimEnd());
}

/** Incidents with what is proposed for them, as a table. */
export function incidentTable(items: readonly TriageItem[], options: { readonly now: string }): Table {
  return {
    head: ['incident', 'about', 'kind', 'remediation', 'risk', 'status', 'left'],
    rows: items.map((item) => [
      incidentId(item.incident.number),
      scopeText(item.incident),
      item.incident.kind,
      item.remediation === null
        ? '-'
        : `#${item.remediation.id} ${shown(item.remediation.document.action.type)}`,
      item.remediation === null ? '-' : hundredths(item.remediation.document.risk.score),
      standingOf(item).word,
      leftText(item, options.now) || '-',
    ]),
  };
}
