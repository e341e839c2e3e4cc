import { afterAll, describe, expect, it } from 'vitest';
import { bundleScript } from '../support/bundle.ts';
import { closePtys, hasPty, openPty } from '../support/pty.ts';

const harness = await bundleScript('confirm-harness');
const armed = /type ab12 to approve:/u;
/** Typed-ahead runs; 1 000 by `TYPED_AHEAD_RUNS=1000`. */
const typedAheadRuns = Number(process.env['TYPED_AHEAD_RUNS'] ?? 20);
const terminals = 4;

afterAll(closePtys);

function prompt(runs: number, flags: readonly string[] = [], size = { columns: 80, rows: 24 }) {
  return openPty([process.execPath, harness, String(runs), ...flags], size);
}

const outcomes = (text: string) => [...text.matchAll(/OUTCOME ("\w+"|null)/gu)].map((match) => match[1]);

describe.skipIf(!hasPty).concurrent('the approval prompt in a terminal', () => {
  it('says its code in exactly these words and takes it', async () => {
    const terminal = prompt(1);
    await terminal.waitFor(/type ab12 to approve/u);
    expect(terminal.text()).toContain('42  Stop sending requests to anthropic for 5 min');
    expect(terminal.text()).toMatch(/expires in 9:1\d/u);
    terminal.write('ab12\r');
    expect(await terminal.ended).toEqual({ code: 0, restored: true });
    expect(outcomes(terminal.text())).toEqual(['"approved"']);
  });

  it('does nothing on enter, asks again after a wrong code, and declines after three', async () => {
    const terminal = prompt(1);
    await terminal.waitFor(armed);
    terminal.write('\r');
    await terminal.waitFor(/enter alone does nothing/u);
    terminal.write('AB13\r');
    await terminal.waitFor(/not the code; 2 tries left/u);
    terminal.write('ab1\r');
    await terminal.waitFor(/not the code; one try left/u);
    terminal.write('yes\r');
    expect(await terminal.ended).toEqual({ code: 0, restored: true });
    expect(outcomes(terminal.text())).toEqual(['"declined"']);
  });

  it.each([
    ['escape', '\u001b', '"declined"'],
    ['ctrl-c', '\u0003', '"interrupted"'],
    ['ctrl-d', '\u0004', '"interrupted"'],
  ])('ends by %s with the terminal restored', async (_name, keys, outcome) => {
    const terminal = prompt(1);
    await terminal.waitFor(armed);
    terminal.write(keys);
    expect(await terminal.ended).toEqual({ code: 0, restored: true });
    expect(outcomes(terminal.text())).toEqual([outcome]);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('is interrupted by %s, terminal restored', async (signal) => {
    const terminal = prompt(1);
    await terminal.waitFor(armed);
    terminal.signal(signal);
    expect(await terminal.ended).toEqual({ code: 0, restored: true });
    expect(outcomes(terminal.text())).toEqual(['"interrupted"']);
  });

  it('expires under the cursor', async () => {
    const terminal = prompt(1, ['--expire', '1500']);
    await terminal.waitFor(armed);
    terminal.write('ab1');
    expect(await terminal.ended).toEqual({ code: 0, restored: true });
    expect(outcomes(terminal.text())).toEqual(['"expired"']);
    expect(terminal.text()).toMatch(/expired at \d\d:\d\d:\d\d UTC: nothing was approved/u);
  });

  it('says CHANGED and takes no code any more when the proposal changes underneath', async () => {
    const terminal = prompt(1, ['--change', '1500']);
    await terminal.waitFor(armed);
    terminal.write('ab1');
    await terminal.waitFor(/CHANGED/u);
    terminal.write('2\r');
    expect(await terminal.ended).toEqual({ code: 0, restored: true });
    expect(outcomes(terminal.text())).toEqual(['"changed"']);
    expect(terminal.text()).toContain('score 42.70 → 55.10');
  });

  it('takes no code while the proposal cannot be read again', async () => {
    const terminal = prompt(1, ['--unread', '1200']);
    await terminal.waitFor(armed);
    await terminal.waitFor(/cannot read the proposal again: the store is down/u);
    const seen = terminal.text().length;
    terminal.write('ab12\r');
    await terminal.waitFor(/expires in/u, { from: seen });
    terminal.write('\u0003');
    await terminal.ended;
    expect(outcomes(terminal.text())).toEqual(['"interrupted"']);
  });

  it('throws away what a stopped process was sent', async () => {
    const terminal = prompt(1);
    await terminal.waitFor(armed);
    terminal.signal('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const seen = terminal.text().length;
    terminal.write('ab12\r');
    await new Promise((resolve) => setTimeout(resolve, 100));
    terminal.signal('SIGCONT');
    await terminal.waitFor(/one moment/u, { from: seen });
    terminal.write('\u0003');
    await terminal.ended;
    expect(outcomes(terminal.text())).toEqual(['"interrupted"']);
  });
});

describe.skipIf(!hasPty).concurrent('a reason', () => {
  it('is asked until there is one', async () => {
    const terminal = prompt(1, ['--reason']);
    await terminal.waitFor(/why\?/u);
    terminal.write('\r');
    await terminal.waitFor(/say why in a few words/u);
    terminal.write('false alarm\r');
    await terminal.waitFor(/OUTCOME/u);
    expect(await terminal.ended).toEqual({ code: 0, restored: true });
    expect(terminal.text()).toContain('OUTCOME "false alarm"');
  });

  it.each(['\u0003', '\u0004'])('is null when the operator leaves (%j)', async (keys) => {
    const terminal = prompt(1, ['--reason']);
    await terminal.waitFor(/why\?/u);
    terminal.write(keys);
    expect(await terminal.ended).toEqual({ code: 0, restored: true });
    expect(terminal.text()).toContain('OUTCOME null');
  });
});

/** Deterministic noise (mulberry32), so that a failing run can be repeated by its seed. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const pieces = [
  'ab12\r',
  'ab12',
  '\r',
  'ab12\rab12\r',
  'a',
  'b',
  '1',
  '2',
  'y\r',
  'yes\r',
  '\u001b[A',
  '\u001b[200~ab12\r\u001b[201~',
  ' ',
];

/** One terminal, several prompts; each meets keys that were typed before it took any. */
async function typeAhead(runs: number, seed: number): Promise<readonly (string | undefined)[]> {
  const random = noise(seed);
  const terminal = prompt(runs, ['--busy', '250']);
  for (let run = 0; run < runs; run += 1) {
    await terminal.waitFor(new RegExp(`READY ${run}\\b`, 'u'));
    const from = terminal.text().lastIndexOf(`READY ${run}`);
    for (let burst = 0; burst < 4; burst += 1) {
      terminal.write(pieces[Math.floor(random() * pieces.length)] ?? '');
      await new Promise((resolve) => setTimeout(resolve, random() * 90));
    }
    await terminal.waitFor(armed, { from });
    terminal.write('\u0003');
    await terminal.waitFor(/OUTCOME/u, { from });
  }
  await terminal.ended;
  return outcomes(terminal.text());
}

describe.skipIf(!hasPty).concurrent('typed-ahead keys', () => {
  it(`approve nothing in ${typedAheadRuns} runs`, { timeout: 60_000 + typedAheadRuns * 1_500 }, async () => {
    const each = Math.ceil(typedAheadRuns / terminals);
    const seed = Number(process.env['TYPED_AHEAD_SEED'] ?? 20_261_120);
    const results = await Promise.all(
      Array.from({ length: terminals }, (_, index) => typeAhead(each, seed + index)),
    );
    expect(results.flat()).toHaveLength(each * terminals);
    expect(results.flat().filter((outcome) => outcome !== '"interrupted"')).toEqual([]);
  });
});
