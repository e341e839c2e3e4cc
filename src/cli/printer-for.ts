import { supportsUnicode } from '../tui/glyphs.ts';
import { wantsColor, type Invocation } from './invocation.ts';
import { createPrinter, type Printer } from './print.ts';

/** Cells of a line that nobody's terminal bounds: a pipe or a file. */
const unboundedColumns = 400;
const breakdownColumns = 80;

/** A printer for stdout or stderr of this run, with the colours and characters that stream can show. */
export function printerFor(invocation: Invocation, stream: NodeJS.WriteStream): Printer {
  return createPrinter({
    stream,
    ...screenOf(invocation, stream),
    columns: stream.isTTY ? stream.columns || 80 : unboundedColumns,
  });
}

/** What a breakdown is laid out for. */
export function screenOf(
  invocation: Invocation,
  stream: NodeJS.WriteStream,
): { readonly columns: number; readonly color: boolean; readonly unicode: boolean } {
  return {
    columns: stream.isTTY ? stream.columns || breakdownColumns : breakdownColumns,
    color: wantsColor(invocation, stream),
    unicode: supportsUnicode(invocation.environment),
  };
}
