import { Chalk } from 'chalk';
import type { ChalkInstance } from 'chalk';
import type { Warning } from '../app/ports.ts';
import type { AuditHead } from '../core/audit/audit-record.ts';
import { visibleText } from '../core/plain-text.ts';
import type { Remediation } from '../core/remediation.ts';
import { asciiText } from '../tui/glyphs.ts';
import type { Line, Span, Tone } from '../tui/styled-line.ts';
import { bad, dim, good, lineText, plain, strong, warn } from '../tui/styled-line.ts';
import type { TriageItem } from '../tui/view-model.ts';
import { wrapSpans } from '../tui/wrap-line.ts';
import type { BreakdownOptions } from './breakdown.ts';
import { incidentTable, remediationLines } from './breakdown.ts';
import type { Table } from './table.ts';
import { tableLines } from './table.ts';

export interface PrinterOptions {
  readonly stream: { readonly write: (text: string) => unknown };
  /** Decided by the caller: NO_COLOR, `--no-color`, FORCE_COLOR, whether it is a terminal. */
  readonly color: boolean;
  /** Cells a line may take; at least 20 are used. */
  readonly columns: number;
  /** False writes ASCII only. Default true. */
  readonly unicode?: boolean;
}

/** Prints for people, one stream. Foreign text is made visible, lines are wrapped to the columns, nothing is cut. */
export interface Printer {
  /** A line in the program's own words. */
  readonly say: (text: string) => void;
  readonly heading: (text: string) => void;
  readonly success: (text: string) => void;
  readonly failure: (text: string) => void;
  /** What to do about it. */
  readonly hint: (text: string) => void;
  readonly gap: () => void;
  readonly warnings: (warnings: readonly Warning[]) => void;
  /** `name  value` lines, values in one column. */
  readonly fields: (fields: readonly (readonly [name: string, value: string])[]) => void;
  readonly table: (table: Table) => void;
  readonly incidents: (items: readonly TriageItem[], options: { readonly now: string }) => void;
  /** The whole breakdown. */
  readonly remediation: (
    remediation: Remediation | null,
    options: Omit<BreakdownOptions, 'columns' | 'unicode'>,
  ) => void;
  /** What was exported, and the head to keep elsewhere: a chain shows editing, not a cut tail. */
  readonly auditExport: (note: {
    readonly rows: number;
    readonly head: AuditHead;
    readonly file: string | null;
  }) => void;
  readonly lines: (lines: readonly Line[]) => void;
}

/** A printer for one stream. */
export function createPrinter(options: PrinterOptions): Printer {
  const columns = Math.max(20, options.columns);
  const unicode = options.unicode ?? true;
  const lines = (given: readonly Line[]) => {
    for (const line of given) options.stream.write(`${paintLine(line, options)}\n`);
  };
  const say = (line: Line): Line =>
    unicode ? line : line.map((span) => ({ ...span, text: asciiText(span.text) }));
  const wrapped = (line: Line, hanging = 0) => lines(wrapSpans(say(line), { width: columns, hanging }));
  const table = (given: Table) => lines(tableLines(visibleTable(given, say), columns));
  return {
    lines,
    say: (text) => wrapped([plain(visible(text))]),
    heading: (text) => wrapped([strong(visible(text))]),
    success: (text) => wrapped([good(visible(text))]),
    failure: (text) => wrapped([bad(visible(text))]),
    hint: (text) => wrapped([dim('hint: '), plain(visible(text))], 6),
    gap: () => lines([[]]),
    warnings: (warnings) => {
      for (const { code, detail } of warnings)
        wrapped([warn('warning: '), plain(`${visible(code)}: ${visible(detail)}`)], 2);
    },
    fields: (fields) => {
      const column = Math.min(24, Math.max(0, ...fields.map(([name]) => name.length)) + 2);
      for (const [name, value] of fields)
        wrapped([dim(visible(name).padEnd(column)), plain(visible(value))], column);
    },
    table,
    incidents: (items, at) => table(incidentTable(items, at)),
    remediation: (remediation, at) => lines(remediationLines(remediation, { ...at, columns, unicode })),
    auditExport: (note) => {
      const where = note.file === null ? 'stdout' : visible(note.file);
      wrapped([good('exported '), plain(`${note.rows} rows to ${where}`)]);
      wrapped([plain(`head: row ${note.head.size - 1}, row_hash `), strong(note.head.rowHash)], 6);
      wrapped([dim('keep the head somewhere else: it is what shows a cut tail')]);
    },
  };
}

const visible = (text: string) => visibleText(text, { maxLength: 32_000 });

function visibleTable(table: Table, say: (line: Line) => Line): Table {
  const cell = (text: string) => lineText(say([plain(visible(text))]));
  return { head: table.head.map(cell), rows: table.rows.map((row) => row.map(cell)) };
}

const colored = new Chalk({ level: 1 });

/** One line for a stream: sixteen colours, or none. */
export function paintLine(line: Line, options: { readonly color: boolean }): string {
  return line.map((span) => (options.color ? paintSpan(span) : span.text)).join('');
}

function paintSpan(span: Span): string {
  return paints[span.tone](colored)(span.text);
}

const paints: { readonly [T in Tone]: (chalk: ChalkInstance) => (text: string) => string } = {
  plain: () => (text) => text,
  strong: (chalk) => chalk.bold,
  dim: (chalk) => chalk.dim,
  good: (chalk) => chalk.green,
  warn: (chalk) => chalk.yellow.bold,
  bad: (chalk) => chalk.red.bold,
  accent: (chalk) => chalk.cyan,
  chosen: (chalk) => chalk.cyan.bold.inverse,
  sandbox: (chalk) => chalk.yellow.bold.inverse,
  suspended: (chalk) => chalk.red.bold.inverse,
};
