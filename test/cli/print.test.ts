import { describe, expect, it } from 'vitest';
import { remediationText } from '../../src/cli/breakdown.ts';
import { createPrinter } from '../../src/cli/print.ts';
import { anthropicOutage, pendingBreak, sampleNow } from '../support/sample-remediation.ts';

function printed(
  use: (printer: ReturnType<typeof createPrinter>) => void,
  options: { readonly color?: boolean; readonly columns?: number; readonly unicode?: boolean } = {},
): string {
  let text = '';
  const stream = { write: (chunk: string) => (text += chunk) };
  use(createPrinter({ stream, color: false, columns: 80, ...options }));
  return text;
}

describe('the printer', () => {
  it('colours only when told to', () => {
    const all = (printer: ReturnType<typeof createPrinter>) => {
      printer.heading('title');
      printer.success('done');
      printer.failure('failed');
      printer.hint('set it');
      printer.warnings([{ code: 'down', detail: 'prometheus' }]);
      printer.fields([['name', 'value']]);
      printer.gap();
    };
    expect(printed(all)).toBe(
      'title\ndone\nfailed\nhint: set it\nwarning: down: prometheus\nname  value\n\n',
    );
    expect(printed(all, { color: true })).toContain('\u001b[32mdone\u001b[39m');
  });

  it('makes foreign text visible and wraps it', () => {
    const hostile = '\u001b]0;owned\u0007 \u202eevil';
    const text = printed((printer) => {
      printer.say(hostile);
      printer.fields([[hostile, hostile]]);
      printer.table({ head: ['a'], rows: [[hostile]] });
      printer.warnings([{ code: hostile, detail: hostile.repeat(9) }]);
    });
    expect(text).toContain('\\u{1B}]0;owned\\u{7} \\u{202E}evil');
    // eslint-disable-next-line no-control-regex
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u202e]/u);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('writes ASCII where nothing else can be shown', () => {
    expect(printed((printer) => printer.say('4 → 5'), { unicode: false })).toBe('4 -> 5\n');
  });

  it('notes what was exported, with the head to keep elsewhere', () => {
    const rowHash = 'a'.repeat(64);
    const text = printed((printer) =>
      printer.auditExport({ rows: 23, head: { size: 23, rowHash }, file: 'audit.csv' }),
    );
    expect(text).toContain('exported 23 rows to audit.csv');
    expect(text).toContain('head: row 22, row_hash');
    expect(text.replaceAll(/\s+/gu, ' ')).toContain(rowHash);
  });

  it('prints the breakdown of the view', () => {
    const input = { incident: anthropicOutage, deployment: 'prod', sandbox: false, now: sampleNow };
    const text = printed((printer) => printer.remediation(pendingBreak, input));
    const lines = remediationText(pendingBreak, input);
    expect(text.replaceAll(/ +$/gmu, '')).toBe(`${lines.join('\n')}\n`);
  });
});

describe('tables', () => {
  const table = {
    head: ['id', 'what it does', 'state'],
    rows: [
      ['1', 'stops sending requests to one provider for some minutes', 'on'],
      ['22', '界面 ｗｉｄｅ', 'off'],
    ],
  };
  const at = (columns: number) => printed((printer) => printer.table(table), { columns });

  it('stands in columns, measured in cells', () => {
    expect(at(80)).toBe(
      [
        'id  what it does                                             state',
        '1   stops sending requests to one provider for some minutes  on',
        '22  界面 ｗｉｄｅ                                            off',
        '',
      ].join('\n'),
    );
  });

  it('wraps the widest column first', () => {
    expect(at(40)).toBe(
      [
        'id  what it does                   state',
        '1   stops sending requests to one  on',
        '    provider for some minutes',
        '22  界面 ｗｉｄｅ                  off',
        '',
      ].join('\n'),
    );
  });

  it('becomes a list of records where columns would be too narrow to read', () => {
    const wide = {
      head: ['one', 'two', 'three', 'four'],
      rows: [['a'.repeat(20), 'b'.repeat(20), 'c', 'd d']],
    };
    wide.rows.push(wide.rows[0]?.map((cell) => cell.replace('d d', 'd '.repeat(20))) ?? []);
    expect(printed((printer) => printer.table(wide), { columns: 24 })).toBe(
      [
        'one    aaaaaaaaaaaaaaaaa',
        '       aaa',
        'two    bbbbbbbbbbbbbbbbb',
        '       bbb',
        'three  c',
        'four   d d',
        '',
        'one    aaaaaaaaaaaaaaaaa',
        '       aaa',
        'two    bbbbbbbbbbbbbbbbb',
        '       bbb',
        'three  c',
        'four   d d d d d d d d d',
        '       d d d d d d d d d',
        '       d d',
        '',
      ].join('\n'),
    );
  });
});
