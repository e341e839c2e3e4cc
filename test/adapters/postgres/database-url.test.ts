import { describe, expect, test } from 'vitest';
import { describeAddress, parseDatabaseUrl } from '../../../src/adapters/postgres/database-url.ts';

describe('a database URL', () => {
  test('is taken apart, with what is escaped in it', () => {
    expect(
      parseDatabaseUrl('postgresql://us%40er:p%2Fw%23@db.example.com:6432/na%20me?sslmode=disable'),
    ).toEqual({
      host: 'db.example.com',
      port: 6432,
      database: 'na me',
      user: 'us@er',
      password: 'p/w#',
      ssl: false,
    });
    expect(parseDatabaseUrl('postgres:///store?host=/run/postgresql')).toMatchObject({
      host: '/run/postgresql',
      database: 'store',
      user: undefined,
      ssl: false,
    });
    expect(parseDatabaseUrl('postgres://[::1]/store')).toMatchObject({ host: '::1', ssl: false });
  });

  test.each([
    ['db.example.com/store', { rejectUnauthorized: true }],
    ['10.0.0.7/store', { rejectUnauthorized: true }],
    ['localhost.example.com/store', { rejectUnauthorized: true }],
    ['127.0.0.1.example.com/store', { rejectUnauthorized: true }],
    ['db.example.com/store?sslmode=require', { rejectUnauthorized: false }],
    ['db.example.com/store?sslmode=prefer', { rejectUnauthorized: false }],
    ['localhost/store?sslmode=verify-full', { rejectUnauthorized: true }],
  ])('%s is reached over TLS', (rest, ssl) => {
    const address = parseDatabaseUrl(`postgres://user@${rest}`);
    expect(address.ssl).toMatchObject(ssl);
    expect(address.ssl === false ? undefined : address.ssl.checkServerIdentity).toBeUndefined();
  });

  test('verify-ca checks the certificate and not the name', () => {
    const { ssl } = parseDatabaseUrl('postgres://user@db.example.com/store?sslmode=verify-ca');
    expect(ssl).toMatchObject({ rejectUnauthorized: true, checkServerIdentity: expect.any(Function) });
  });

  test.each(['localhost', '127.0.0.1', '127.1.2.3', '[::1]', 'db.example.com?sslmode=disable'])(
    '%s is reached in plain text',
    (host) => {
      const [name, params = ''] = host.split('?');
      expect(parseDatabaseUrl(`postgres://user@${name}/store?${params}`).ssl).toBe(false);
    },
  );

  test.each([
    ['mysql://root:hunter2@host/db'],
    ['hunter2'],
    ['postgres://user:%zz-hunter2@host/db'],
    ['postgres://user:hunter2@host/db?sslmode=maybe'],
    ['postgres://user:hunter2@host/db?sslrootcert=/no/such/file.pem'],
  ])('%s is refused without repeating it', (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    expect(() => parseDatabaseUrl(url)).not.toThrow('hunter2');
  });

  test('is shown without user and password', () => {
    const shown = (url: string) => describeAddress(parseDatabaseUrl(url));
    expect(shown('postgres://user:hunter2@db.example.com/store')).toBe('db.example.com/store');
    expect(shown('postgres://user:hunter2@db.example.com:6432/store')).toBe('db.example.com:6432/store');
    expect(shown('postgres://user@localhost')).toBe('localhost/user');
  });
});
