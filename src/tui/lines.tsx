import { Box, Text } from 'ink';
import type { TextProps } from 'ink';
import type { ReactNode } from 'react';
import type { Line, Span, Tone } from './styled-line.ts';

/** Paints lines as they are: one row each, never wrapped again. */
export function Lines(props: { readonly lines: readonly Line[]; readonly columns: number }): ReactNode {
  return (
    <Box flexDirection="column" width={props.columns}>
      {props.lines.map((line, row) => (
        // Rows have no identity of their own: a row is its place.
        <Row key={row} line={line} columns={props.columns} />
      ))}
    </Box>
  );
}

function Row(props: { readonly line: Line; readonly columns: number }): ReactNode {
  return (
    <Box height={1} width={props.columns}>
      <Text wrap="truncate">
        {props.line.length === 0 ? ' ' : props.line.map((span, index) => <Piece key={index} span={span} />)}
      </Text>
    </Box>
  );
}

function Piece(props: { readonly span: Span }): ReactNode {
  return <Text {...looks[props.span.tone]}>{props.span.text}</Text>;
}

/** Sixteen-colour looks only: every terminal over ssh has them, and its theme keeps them readable. */
const looks: { readonly [T in Tone]: Pick<TextProps, 'bold' | 'dimColor' | 'color' | 'inverse'> } = {
  plain: {},
  strong: { bold: true },
  dim: { dimColor: true },
  good: { color: 'green' },
  warn: { color: 'yellow', bold: true },
  bad: { color: 'red', bold: true },
  accent: { color: 'cyan' },
  chosen: { color: 'cyan', bold: true, inverse: true },
  sandbox: { color: 'yellow', bold: true, inverse: true },
  suspended: { color: 'red', bold: true, inverse: true },
};
