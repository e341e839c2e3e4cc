import { existsSync, readdirSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadRunbooks } from '../../../src/adapters/shell/runbook-actions.ts';
import type { Runbooks } from '../../../src/adapters/shell/runbook-actions.ts';
import { pinRunbooks, runbookLockFile } from '../../../src/adapters/shell/runbook-lock.ts';
import { applyChange } from '../../../src/app/apply-change.ts';
import type { Clock } from '../../../src/app/ports.ts';
import type { ActionContext, ActionDefinition } from '../../../src/core/action.ts';
import type { Change } from '../../../src/core/change.ts';
import { changeSchema, invertChanges } from '../../../src/core/change.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { realTempo } from '../../../src/core/tempo.ts';
import { copyRunbook } from '../../support/runbook-folder.ts';
import type { RunbookFolder } from '../../support/runbook-folder.ts';

const params = { pool: 'north', keep_percent: 0 };
const context: ActionContext = {
  evidence: {},
  incident: null,
  now: '2026-11-20T09:00:00.000Z',
  tempo: realTempo,
};
const clock: Clock = {
  now: () => new Date().toISOString(),
  monotonicMs: () => performance.now(),
  sleep: async (ms) => {
    await sleep(ms);
  },
};
let folder: RunbookFolder;
beforeEach(async () => {
  folder = await copyRunbook();
});
afterEach(() => folder.remove());

async function pinned(): Promise<Runbooks> {
  expect((await pinRunbooks({ directory: folder.directory })).problems).toEqual([]);
  return loadRunbooks({ directory: folder.directory });
}

function only(runbooks: Runbooks): ActionDefinition {
  const [action] = runbooks.actions;
  if (action === undefined) throw new Error(runbooks.problems.map((p) => p.detail).join('; '));
  return action;
}

/** Verdicts and changes after the dry-run script ran for these params. */
async function dryRun(runbooks: Runbooks, given: JsonObject = params) {
  const bound = await runbooks.prepare(only(runbooks), given);
  const verdicts = bound.preconditions.map((item) => [item.id, item.check(given, context).holds]);
  const details = bound.preconditions.map((item) => item.check(given, context).detail);
  return { bound, changes: bound.plan(given, context), verdicts, details };
}

async function plannedChange(runbooks: Runbooks): Promise<Change> {
  const [change] = (await dryRun(runbooks)).changes;
  if (change === undefined) throw new Error('nothing planned');
  return change;
}

const apply = (runbooks: Runbooks, change: Change) =>
  applyChange(change, {
    port: runbooks.effects,
    clock,
    operator: 'ada',
    holdBack: () => Promise.resolve(null),
  });
const write = (runbooks: Runbooks, change: Change) =>
  runbooks.effects.write(change, { operator: 'ada' }, AbortSignal.timeout(5_000));
const servePercent = async () => JSON.parse(await folder.read('pools/north.json')) as unknown;

describe('the shipped example', () => {
  test('is pinned as it lies in the repository', async () => {
    const directory = new URL('../../../actions/runbooks/', import.meta.url).pathname;
    const runbooks = await loadRunbooks({ directory });
    expect(runbooks.problems).toEqual([]);
    expect(runbooks.actions.map((action) => action.type)).toEqual(['runbook.drain-cache']);
    const lock = await readFile(join(directory, runbookLockFile), 'utf8');
    await pinRunbooks({ directory: folder.directory });
    expect(await readFile(join(folder.directory, runbookLockFile), 'utf8')).toBe(lock);
  });

  test('plans one change, applies it once, reads it back and undoes it', async () => {
    const runbooks = await pinned();
    const { changes, verdicts } = await dryRun(runbooks);
    expect(verdicts).toEqual([
      ['runbook.dry_run_answered', 'holds'],
      ['runbook.pool.readable', 'holds'],
      ['runbook.pool.other_serves', 'holds'],
      ['runbook.pool.serves_more', 'holds'],
    ]);
    expect(changes).toEqual([
      {
        target: 'runbook:drain-cache/pools/north',
        field: 'serve_percent',
        from: 100,
        to: { value: 0, params, pin: expect.stringMatching(/^sha256:[0-9a-f]{64}$/u) },
      },
    ]);
    const change = changeSchema.parse(changes[0]);
    expect(await apply(runbooks, change)).toMatchObject({
      result: 'applied',
      detail: 'written and read back',
    });
    expect(await servePercent()).toEqual({ serve_percent: 0 });
    expect(await apply(runbooks, change)).toMatchObject({ result: 'already_there' });
    const [inverse] = invertChanges([change]);
    expect(inverse && (await apply(runbooks, inverse))).toMatchObject({ result: 'applied' });
    expect(await servePercent()).toEqual({ serve_percent: 100 });
  });

  test('does not touch a value that somebody else changed', async () => {
    const runbooks = await pinned();
    const change = await plannedChange(runbooks);
    await folder.write('pools/north.json', '{"serve_percent":70}');
    expect(await apply(runbooks, change)).toMatchObject({ result: 'conflict' });
    expect(await write(runbooks, change)).toEqual({
      status: 'refused',
      reason: 'serve_percent is 70, not 100',
    });
    expect(await servePercent()).toEqual({ serve_percent: 70 });
  });

  test('plans nothing where nothing would change', async () => {
    await folder.write('pools/north.json', '{"serve_percent":0}');
    const { changes, verdicts } = await dryRun(await pinned());
    expect(changes).toEqual([]);
    expect(verdicts).toContainEqual(['runbook.pool.serves_more', 'fails']);
  });

  test('asks a person always: its reach is not known', async () => {
    const action = only(await pinned());
    expect(action.reach(params, context)).toMatchObject({ status: 'unknown' });
    expect(action.subject(params)).toEqual({ kind: 'runbook', id: 'drain-cache' });
    expect(action.revert(params)).toEqual({ kind: 'on_request' });
  });
});

describe('params', () => {
  test.each<[string, JsonObject]>([
    ['a missing one', { pool: 'north' }],
    ['an extra one', { ...params, force: true }],
    ['a wrong type', { ...params, keep_percent: 'all' }],
    ['out of bounds', { ...params, keep_percent: 51 }],
    ['a path', { ...params, pool: '../secrets' }],
    ['a pattern met only in part', { ...params, pool: 'north; rm -rf /' }],
    ['a line break', { ...params, pool: 'north\n' }],
  ])('%s is rejected', async (_, given) => {
    expect(only(await pinned()).params.safeParse(given).success).toBe(false);
  });

  test('digits from the command line are numbers', async () => {
    const parsed = only(await pinned()).params.parse({ pool: 'north', keep_percent: '10' });
    expect(parsed).toEqual({ pool: 'north', keep_percent: 10 });
  });

  test('a choice is closed', async () => {
    await folder.editManifest({
      params: {
        pool: { kind: 'choice', summary: 'which', values: ['north', 'south'] },
        keep_percent: { kind: 'integer', summary: 'how much', minimum: 0, maximum: 50 },
      },
    });
    const action = only(await pinned());
    expect(action.params.safeParse({ pool: 'south', keep_percent: 1 }).success).toBe(true);
    expect(action.params.safeParse({ pool: 'east', keep_percent: 1 }).success).toBe(false);
  });

  test('a dry run counts for its own params only', async () => {
    const { bound } = await dryRun(await pinned());
    const other = { ...params, keep_percent: 10 };
    expect(bound.plan(other, context)).toEqual([]);
    expect(bound.preconditions.map((item) => item.check(other, context).holds)).toEqual(
      bound.preconditions.map(() => 'unknown'),
    );
  });

  test('without a dry run everything is unknown and nothing is planned', async () => {
    const action = only(await pinned());
    expect(action.plan(params, context)).toEqual([]);
    for (const item of action.preconditions) expect(item.check(params, context).holds).toBe('unknown');
  });
});

describe('what is not exactly what was pinned is refused', () => {
  const problems = async () => {
    const runbooks = await loadRunbooks({ directory: folder.directory });
    expect(runbooks.actions).toEqual([]);
    return runbooks.problems.map((problem) => problem.detail).join('\n');
  };

  test('not pinned at all', async () => {
    expect(await problems()).toContain('it is not pinned; run `scutum-sre actions pin`');
  });

  test.each(['dry-run.mjs', 'apply.mjs', 'inverse.mjs', 'manifest.json'])('%s changed', async (file) => {
    await pinned();
    await folder.write(file, `${await folder.read(file)}\n`);
    expect(await problems()).toContain('was changed after it was pinned: expected sha256:');
  });

  test.each(['dry-run.mjs', 'apply.mjs', 'inverse.mjs', 'manifest.json'])('%s missing', async (file) => {
    await pinned();
    await rm(folder.path(file));
    expect(await problems()).toContain(`\`drain-cache/${file}\` is missing`);
  });

  test('the whole runbook missing', async () => {
    await pinned();
    await rm(folder.path(''), { recursive: true });
    expect(await problems()).toContain('`drain-cache/manifest.json` is missing');
  });

  test.each([
    ['not JSON', '{'],
    ['another schema', '{"schema":"x","runbooks":{}}'],
    ['a path as a name', '{"schema":"scutum-sre/runbooks-lock/v1","runbooks":{"../x":{}}}'],
  ])('a lock that is %s', async (_, text) => {
    await pinned();
    await folder.write(`../${runbookLockFile}`, text);
    expect(await problems()).toContain(runbookLockFile);
  });

  test('a directory that is not there', async () => {
    await folder.remove();
    expect(await problems()).toContain('cannot be read');
  });

  test('a script changed or removed after it was loaded does not run', async () => {
    const runbooks = await pinned();
    const change = await plannedChange(runbooks);
    await folder.write('apply.mjs', `${await folder.read('apply.mjs')}\n`);
    expect(await write(runbooks, change)).toEqual({
      status: 'refused',
      reason: expect.stringContaining('`apply.mjs` was changed after it was pinned'),
    });
    await rm(folder.path('dry-run.mjs'));
    expect((await dryRun(runbooks)).details).toContain('`drain-cache/dry-run.mjs` is missing');
    expect(await runbooks.effects.probe(change, AbortSignal.timeout(1_000))).toMatchObject({
      status: 'unreachable',
    });
    expect(await servePercent()).toEqual({ serve_percent: 100 });
  });

  test('a plan of an older pin cannot be applied, but it can be undone', async () => {
    const before = await pinned();
    const change = await plannedChange(before);
    await folder.write('apply.mjs', `// newer\n${await folder.read('apply.mjs')}`);
    const after = await pinned();
    expect(await write(after, change)).toEqual({
      status: 'refused',
      reason: 'the runbook was pinned anew after this was planned',
    });
    await folder.write('pools/north.json', '{"serve_percent":0}');
    const [inverse] = invertChanges([change]);
    expect(inverse && (await apply(after, inverse))).toMatchObject({ result: 'applied' });
  });
});

describe('a manifest that is not closed is not pinned', () => {
  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['another name', { name: 'other' }, 'is named `other`'],
    ['an unknown field', { shell: true }, 'unrecognized key: "shell"'],
    ['two preconditions', { preconditions: [] }, '`preconditions` is `[]`'],
    ['an alert', { kinds: ['alert'] }, '`kinds.0` is `"alert"`'],
    ['a baseline above 100', { baseline: 101 }, '`baseline` is `101`'],
    ['a minute and more', { deadlineSeconds: 61 }, '`deadlineSeconds` is `61`'],
    ['much output', { outputMaxBytes: 10_000_000 }, '`outputMaxBytes`'],
    [
      'a script elsewhere',
      { scripts: { dryRun: '../x.sh', apply: 'a.sh', inverse: 'b.sh' } },
      '`scripts.dryRun`',
    ],
    [
      'a script of another kind',
      { scripts: { dryRun: 'x.py', apply: 'a.sh', inverse: 'b.sh' } },
      '.sh or .mjs',
    ],
    ['a target of an unknown param', { targets: [{ target: 'pools/{x}', field: 'a' }] }, 'not declared'],
    [
      'a broken pattern',
      { params: { pool: { kind: 'string', summary: 's', pattern: '(' } } },
      'not a regular expression',
    ],
    ['an auto-reverting promise', { reversibility: 'auto_reverting' }, '`reversibility`'],
  ])('%s', async (_, changes, problem) => {
    await folder.editManifest(changes);
    const result = await pinRunbooks({ directory: folder.directory });
    expect(result.pinned).toEqual([]);
    expect(result.problems.join('\n')).toContain(problem);
    expect((await loadRunbooks({ directory: folder.directory })).actions).toEqual([]);
  });

  test('the others are pinned all the same', async () => {
    const { directory } = folder;
    await folder.write('../README.md', 'a file is no runbook');
    const other = await copyRunbook();
    await rm(other.path('manifest.json'));
    const { cp } = await import('node:fs/promises');
    await cp(other.path(''), join(directory, 'unfinished'), { recursive: true });
    await other.remove();
    const result = await pinRunbooks({ directory });
    expect(result.pinned.map((item) => item.name)).toEqual(['drain-cache']);
    expect(result.problems).toEqual([
      'runbook `unfinished` is not pinned: `unfinished/manifest.json` is missing',
    ]);
  });
});

describe('a script that misbehaves', () => {
  const asShell = async (role: 'dryRun' | 'apply', text: string) => {
    const scripts = { dryRun: 'dry-run.mjs', apply: 'apply.mjs', inverse: 'inverse.mjs', [role]: 'bad.sh' };
    await folder.editManifest({ scripts, deadlineSeconds: 1, outputMaxBytes: 1_000 });
    await folder.write('bad.sh', text);
    return pinned();
  };
  const cases: readonly (readonly [string, string, string])[] = [
    ['fails', 'echo "cannot reach it" >&2; exit 3', '`bad.sh` exited with 3: cannot reach it'],
    ['is slow', 'sleep 30', '`bad.sh` was killed at its deadline'],
    ['is slow in a child', 'sleep 30 & wait', '`bad.sh` was killed at its deadline'],
    ['floods its output', 'while :; do echo flooooooood; done', '`bad.sh` wrote more than 1000 bytes'],
    ['floods its errors', 'while :; do echo flooooooood >&2; done', '`bad.sh` wrote more than 1000 bytes'],
    ['prints no JSON', 'echo done', '`bad.sh` did not print one JSON document'],
    ['prints nothing', 'true', '`bad.sh` did not print one JSON document'],
    ['prints half a character', 'printf \'"\\303"\'', '`bad.sh` did not print one JSON document'],
    ['kills itself', 'kill -9 $$', '`bad.sh` was killed by SIGKILL'],
    ['shows a secret', 'echo "token=ghp_a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8" >&2; exit 1', '[redacted:'],
  ];

  test.each(cases)('as a dry run: %s', async (_, text, reason) => {
    const { changes, verdicts, details } = await dryRun(await asShell('dryRun', text));
    expect(changes).toEqual([]);
    expect(verdicts.map(([, holds]) => holds)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
    expect(details[0]).toContain(reason);
  });

  test.each(cases)('as apply: %s', async (_, text, reason) => {
    const runbooks = await asShell('apply', text);
    const answer = await write(runbooks, await plannedChange(runbooks));
    expect(answer).toEqual({ status: 'ambiguous', reason: expect.stringContaining(reason) });
  });

  test('its children die with it', async () => {
    const runbooks = await asShell('dryRun', 'sleep 30 & echo $! > child.pid; wait');
    await dryRun(runbooks);
    const pid = Number(await folder.read('child.pid'));
    expect(pid).toBeGreaterThan(1);
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 5_000 });
  });

  test('an unclear apply is settled by what reads back', async () => {
    const runbooks = await asShell('apply', 'echo \'{"serve_percent":0}\' > pools/north.json; exit 1');
    expect(await apply(runbooks, await plannedChange(runbooks))).toMatchObject({
      result: 'applied',
      detail: expect.stringContaining('exited with 1'),
    });
  });

  test('apply may refuse, and must say so or say done', async () => {
    const refusing = await asShell('apply', 'echo \'{"status":"refused","reason":"busy\\u001b[2J"}\'');
    expect(await write(refusing, await plannedChange(refusing))).toEqual({
      status: 'refused',
      reason: 'busy\\u{1B}[2J',
    });
    const vague = await asShell('apply', 'echo \'{"ok":true}\'');
    expect(await write(vague, await plannedChange(vague))).toEqual({
      status: 'ambiguous',
      reason: 'the script did not report a status',
    });
  });

  const report = (changes: unknown) => `echo '${JSON.stringify({ changes, preconditions: [] })}'`;
  const change = { target: 'pools/north', field: 'serve_percent', from: 1, to: 2 };
  test.each<[string, unknown]>([
    ['an undeclared target', [{ ...change, target: 'pools/south' }]],
    ['an undeclared field', [{ ...change, field: 'owner' }]],
    ['the same target twice', [change, change]],
    ['a value that cannot be printed', [{ ...change, to: 'a\u202Eb' }]],
    ['a value that is an object', [{ ...change, to: { value: 1 } }]],
    ['no list', { ...change }],
  ])('a dry run that reports %s counts for nothing', async (_, changes) => {
    const { changes: planned, verdicts } = await dryRun(await asShell('dryRun', report(changes)));
    expect(planned).toEqual([]);
    expect(verdicts[0]).toEqual(['runbook.dry_run_answered', 'unknown']);
  });

  test('a precondition that is not reported is unknown', async () => {
    const { verdicts } = await dryRun(await asShell('dryRun', report([change])));
    expect(verdicts.map(([, holds]) => holds)).toEqual(['holds', 'unknown', 'unknown', 'unknown']);
  });
});

describe('what a script gets', () => {
  const echo = async (text: string) => {
    const scripts = { dryRun: 'dry-run.mjs', apply: 'apply.sh', inverse: 'inverse.mjs' };
    await folder.editManifest({ scripts });
    await folder.write('apply.sh', text);
    const runbooks = await pinned();
    await write(runbooks, await plannedChange(runbooks));
  };

  test('its input as one JSON document on stdin, and no arguments', async () => {
    await echo('cat > got.json; printf %s "$#" > got.count');
    expect(JSON.parse(await folder.read('got.json'))).toEqual({
      params,
      target: 'pools/north',
      field: 'serve_percent',
      from: 100,
      to: 0,
      operator: 'ada',
    });
    expect(await folder.read('got.count')).toBe('0');
  });

  test('nothing of the environment but PATH', async () => {
    vi.stubEnv('LITELLM_MASTER_KEY', 'sk-leaked');
    await echo('/usr/bin/env > got.env');
    vi.unstubAllEnvs();
    const names = (await folder.read('got.env'))
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    // The shell itself sets PWD, and some shells SHLVL and _.
    expect(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? ''))).toEqual(['PATH']);
  });

  test('a private copy that is gone afterwards', async () => {
    await echo('printf %s "$0" > got.name; ls -ld "$(dirname "$0")" > got.mode');
    const copy = await folder.read('got.name');
    expect(copy.startsWith(join(tmpdir(), 'scutum-sre-runbook-'))).toBe(true);
    expect((await folder.read('got.mode')).startsWith('drwx------')).toBe(true);
    expect(existsSync(copy)).toBe(false);
    expect(readdirSync(folder.path(''))).toContain('got.name');
  });

  test('a script that never reads its input is no failure', async () => {
    const scripts = { dryRun: 'dry-run.mjs', apply: 'apply.sh', inverse: 'inverse.mjs' };
    await folder.editManifest({ scripts });
    await folder.write('apply.sh', 'exec 0<&-; echo \'{"status":"done"}\'');
    const runbooks = await pinned();
    expect(await write(runbooks, await plannedChange(runbooks))).toEqual({ status: 'accepted' });
  });
});

describe('changes that no plan of ours made', () => {
  test.each<[string, (change: Change) => unknown]>([
    ['another runbook', (change) => ({ ...change, target: 'runbook:other/pools/north' })],
    ['an undeclared target', (change) => ({ ...change, target: 'runbook:drain-cache/pools/south' })],
    ['an undeclared field', (change) => ({ ...change, field: 'owner' })],
    ['plain values', (change) => ({ ...change, to: 0 })],
    ['params out of bounds', (change) => withApplied(change, { params: { ...params, keep_percent: 99 } })],
    ['extra params', (change) => withApplied(change, { params: { ...params, force: 1 } })],
    ['no pin', (change) => withApplied(change, { pin: '' })],
  ])('%s are refused', async (_, change) => {
    const runbooks = await pinned();
    const forged = changeSchema.parse(change(await plannedChange(runbooks)));
    expect((await write(runbooks, forged)).status).toBe('refused');
    expect((await runbooks.effects.probe(forged, AbortSignal.timeout(2_000))).status).toBe('not_readable');
    expect(await servePercent()).toEqual({ serve_percent: 100 });
  });

  test('an aborted write does not start', async () => {
    const runbooks = await pinned();
    const change = await plannedChange(runbooks);
    const answer = await runbooks.effects.write(change, { operator: 'ada' }, AbortSignal.abort());
    expect(answer).toEqual({ status: 'refused', reason: 'the deadline passed before it started' });
  });
});

const withApplied = (change: Change, changes: Readonly<Record<string, unknown>>) => ({
  ...change,
  to: { ...(change.to as object), ...changes },
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
