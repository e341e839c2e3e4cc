import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { judgeProcess, ownIdentity, processStart } from '../../../src/adapters/postgres/process-identity.ts';
import { tryLock, type LockAttempt } from '../../../src/adapters/postgres/store-lock.ts';

const nobody = () => Promise.resolve(false);
const somebody = () => Promise.resolve(true);
const own = ownIdentity();

describe('the lock of an embedded store', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scutum-lock-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const attempt = (answers = nobody) => tryLock({ folder, socketFolder: folder }, answers);
  const lockFiles = async () => (await readdir(folder)).sort();
  const leave = (number: number, content: object) =>
    writeFile(
      join(folder, `owner.${number}`),
      JSON.stringify({ ...own, socketFolder: folder, released: false, ...content }),
    );
  const release = (taken: LockAttempt) => {
    if (taken.kind !== 'acquired') throw new Error('not acquired');
    taken.lock.release();
  };

  test('is held by a living process and free once released', async () => {
    const first = await attempt();
    expect(first.kind).toBe('acquired');
    expect(await attempt()).toMatchObject({ kind: 'held', holder: { pid: process.pid, standing: 'alive' } });
    release(first);
    expect((await attempt()).kind).toBe('acquired');
    expect(await lockFiles()).toEqual(['owner.2']);
  });

  test.each([
    ['a process that is gone', { pid: 2 ** 30 }],
    ['a pid that now belongs to another process', { startedAt: '1' }],
    ['a process from before the last boot', { bootId: 'another boot' }],
  ])('is taken over from %s', async (_who, holder) => {
    await leave(5, holder);
    expect((await attempt()).kind).toBe('acquired');
    expect(await lockFiles()).toEqual(['owner.6']);
  });

  test('goes to one of many who find it free at once', async () => {
    await leave(5, { pid: 2 ** 30 });
    const taken = (await Promise.all(Array.from({ length: 20 }, () => attempt()))).filter(
      (result) => result.kind === 'acquired',
    );
    expect(taken).toHaveLength(1);
  });

  test('of a slow starter never displaces a faster one', async () => {
    // The slow one has judged owner.5 dead; meanwhile another took 6 and 7 followed.
    await leave(5, { pid: 2 ** 30, pidSpace: 'another container' });
    await utimes(join(folder, 'owner.5'), 0, 0);
    const slow = await attempt(async () => {
      await leave(7, {});
      return false;
    });
    expect(slow).toMatchObject({ kind: 'held', holder: { pid: process.pid } });
    expect(await lockFiles()).toEqual(['owner.5', 'owner.7']);
  });

  test('of another container is judged by its socket, after time to open it', async () => {
    const elsewhere = { pid: 1, pidSpace: 'another container', host: 'elsewhere' };
    await leave(1, elsewhere);
    expect(await attempt(somebody)).toMatchObject({ kind: 'held', holder: { standing: 'elsewhere' } });
    expect((await attempt(nobody)).kind).toBe('held');
    await utimes(join(folder, 'owner.1'), Date.now() / 1000, Date.now() / 1000 - 60);
    expect((await attempt(somebody)).kind).toBe('held');
    expect((await attempt(nobody)).kind).toBe('acquired');
  });

  test('of another machine is never taken over', async () => {
    await leave(1, { bootId: 'another machine', host: 'elsewhere' });
    await utimes(join(folder, 'owner.1'), 0, 0);
    expect((await attempt(nobody)).kind).toBe('held');
  });

  test('that another version wrote is left alone; an empty one is what a power cut leaves', async () => {
    await writeFile(join(folder, 'owner.1'), '{"holder":"a later format"}');
    await expect(attempt()).rejects.toMatchObject({ code: 'busy' });
    await writeFile(join(folder, 'owner.1'), '');
    expect((await attempt()).kind).toBe('acquired');
  });
});

describe('the identity of a process', () => {
  test('this one has one that does not change', () => {
    expect(processStart(process.pid)).not.toBeNull();
    expect(ownIdentity()).toEqual(own);
    expect(processStart(2 ** 30)).toBeNull();
  });

  const here = { pid: 10, startedAt: '100', bootId: 'boot', pidSpace: 'space', host: 'host' };
  const startOf = (pid: number) => (pid === 10 ? '100' : null);
  test.each([
    [{}, 'alive'],
    [{ pid: 11 }, 'gone'],
    [{ startedAt: '99' }, 'gone'],
    [{ bootId: 'other' }, 'gone'],
    [{ bootId: 'other', host: 'other' }, 'elsewhere'],
    [{ bootId: null, host: 'other' }, 'elsewhere'],
    [{ pidSpace: 'other' }, 'elsewhere'],
  ] as const)('%o is %s', (holder, judgement) => {
    expect(judgeProcess({ ...here, ...holder }, here, startOf)).toBe(judgement);
  });

  test('without a boot id the host name decides', () => {
    const unknown = { ...here, bootId: null };
    expect(judgeProcess(unknown, unknown, startOf)).toBe('alive');
    expect(judgeProcess({ ...unknown, host: 'other' }, unknown, startOf)).toBe('elsewhere');
  });
});
