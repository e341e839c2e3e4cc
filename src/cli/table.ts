import { cellWidth } from '../tui/cell-width.ts';
import type { Line } from '../tui/styled-line.ts';
import { dim, lineText, plain } from '../tui/styled-line.ts';
import { wrapSpans } from '../tui/wrap-line.ts';

/** Cells of plain text; every row as long as the head. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const between = 2;
const narrowest = 8;

/** Rows in columns, cells wrapped where they must; one `name  value` line a cell where even that does not fit. */
export function tableLines(table: Table, columns: number): readonly Line[] {
  const natural = table.head.map((name, index) =>
    Math.max(cellWidth(name), ...table.rows.map((row) => cellWidth(row[index] ?? ''))),
  );
  const widths = shrink(natural, columns - between * (natural.length - 1));
  if (widths === null) return table.rows.flatMap((row, at) => record(table.head, row, { columns, at }));
  return [rowLines(table.head, widths, dim), ...table.rows.map((row) => rowLines(row, widths, plain))].flat();
}

/** Takes cells from the widest columns until all fit; null when that would leave a column too narrow to read. */
function shrink(natural: readonly number[], room: number): readonly number[] | null {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= narrowest) return null;
    widths[widths.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return widths;
}

function rowLines(
  row: readonly string[],
  widths: readonly number[],
  tone: (text: string) => Line[number],
): readonly Line[] {
  const cells = widths.map((width, index) => wrapSpans([plain(row[index] ?? '')], { width }).map(lineText));
  const height = Math.max(...cells.map((cell) => cell.length));
  return Array.from({ length: height }, (_, at): Line => {
    const texts = cells.map((cell, index) => padded(cell[at] ?? '', widths[index] ?? 0));
    return [tone(texts.join(' '.repeat(between)).trimEnd())];
  });
}

const padded = (text: string, width: number) => text + ' '.repeat(Math.max(0, width - cellWidth(text)));

function record(
  head: readonly string[],
  row: readonly string[],
  options: { readonly columns: number; readonly at: number },
): readonly Line[] {
  const column = Math.max(...head.map(cellWidth)) + between;
  const lines = head.flatMap((name, index) =>
    wrapSpans([dim(padded(name, column)), plain(row[index] ?? '')], {
      width: options.columns,
      hanging: column,
    }),
  );
  return options.at === 0 ? lines : [[], ...lines];
}
