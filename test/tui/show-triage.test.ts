import { spawn } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleScript } from '../support/bundle.ts';
import { closePtys, hasPty, openPty } from '../support/pty.ts';

const harness = await bundleScript('triage-harness');
const size = { columns: 80, rows: 24 };

afterAll(closePtys);

function open(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return openPty([process.execPath, harness, ...argv], { ...size, env: { FORCE_COLOR: '0', ...env } });
}

const enterAlternate = '\u001b[?1049h';
const leaveAlternate = '\u001b[?1049l';
const showCursor = '\u001b[?25h';
const hideCursor = '\u001b[?25l';

/** After the view: own screen left, cursor visible, bracketed paste off. */
function expectTerminalBack(raw: string): void {
  expect(raw).toContain(enterAlternate);
  expect(raw.lastIndexOf(leaveAlternate)).toBeGreaterThan(raw.lastIndexOf(enterAlternate));
  expect(raw.lastIndexOf(showCursor)).toBeGreaterThan(raw.lastIndexOf(hideCursor));
  expect(raw.lastIndexOf('\u001b[?2004l')).toBeGreaterThan(raw.lastIndexOf('\u001b[?2004h'));
}

describe.skipIf(!hasPty).concurrent('the triage view in a terminal', () => {
  it.each([
    ['q', 'q', '{"kind":"quit"}'],
    ['a', 'a', '{"kind":"approve","remediationId":42}'],
    ['ctrl-c', '\u0003', '{"kind":"interrupted"}'],
  ])('gives the terminal back before it answers %s', async (_name, keys, intent) => {
    const terminal = open(['threeIncidents']);
    await terminal.waitFor(/INC-7/u);
    terminal.write(keys);
    expect(await terminal.ended).toEqual({ code: 0, restored: true });
    expect(terminal.text()).toContain(`INTENT ${intent}`);
    expectTerminalBack(terminal.raw());
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('is interrupted by %s', async (signal) => {
    const terminal = open(['threeIncidents']);
    await terminal.waitFor(/INC-7/u);
    terminal.signal(signal);
    expect(await terminal.ended).toEqual({ code: 0, restored: true });
    expect(terminal.text()).toContain('INTENT {"kind":"interrupted"}');
    expectTerminalBack(terminal.raw());
  });

  it('gives the terminal back when the program crashes', async () => {
    const terminal = open(['threeIncidents', '--throw']);
    expect(await terminal.ended).toEqual({ code: 1, restored: true });
    expect(terminal.text()).toContain('crash of the harness');
    expectTerminalBack(terminal.raw());
  });

  it('draws at once with CI set, and without colours where FORCE_COLOR is 0', async () => {
    const terminal = open(['threeIncidents'], { CI: 'true' });
    await terminal.waitFor(/needs approval/u);
    terminal.write('q');
    await terminal.ended;
    // eslint-disable-next-line no-control-regex
    expect(terminal.raw()).not.toMatch(/\u001b\[[0-9;]+m/u);
  });

  it('colours otherwise', async () => {
    const terminal = open(['threeIncidents'], { FORCE_COLOR: '1' });
    await terminal.waitFor(/needs approval/u);
    terminal.write('q');
    await terminal.ended;
    expect(terminal.raw()).toContain('\u001b[33m');
  });

  it('counts down by itself and follows the size of the terminal', async () => {
    const terminal = open(['running']);
    // Only what changed is drawn again: the next second of the clock, right after the last key.
    await terminal.waitFor(/q quit\d UTC/u);
    const seen = terminal.text().length;
    terminal.resize({ columns: 40, rows: 24 });
    await terminal.waitFor(/read back\s+from the gateway/u, { from: seen });
    terminal.write('q');
    await terminal.ended;
  });

  it('hands the terminal to the prompt and takes it again', async () => {
    const terminal = open(['threeIncidents', '--prompt']);
    await terminal.waitFor(/INC-7/u);
    // The view leaves at the first a; what follows must neither answer the prompt nor reach the next view.
    terminal.write('aab12\r');
    await terminal.waitFor(/type ab12 to approve:/u);
    terminal.write('ab12\r');
    await terminal.waitFor(/OUTCOME approved/u);
    await terminal.waitFor(/undo in 4:3\d/u);
    terminal.write('u');
    expect(await terminal.ended).toEqual({ code: 0, restored: true });
    expect(terminal.text()).toContain('INTENT {"kind":"revert","remediationId":42}');
    expectTerminalBack(terminal.raw());
  });
});

describe('without a terminal', () => {
  it('asks nobody and draws nothing', async () => {
    const child = spawn(process.execPath, [harness, 'threeIncidents'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (data: string) => (output += data));
    await new Promise((resolve) => child.on('close', resolve));
    expect(output).toBe('INTENT {"kind":"quit"}\n');
  });
});
