import { createServer, type AddressInfo, type Server } from 'node:net';
import { withPostgres } from '#platform/testing/testing';
import { ConfigFaults } from './config';
import { migrate, openPool, refuseOldPostgres } from './database';

const int32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer).swap32();
const int16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer).swap16();
const message = (type: string, ...parts: Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};
const READY = message('Z', Buffer.from('I'));

/** A server that accepts every login and answers every query with its version. */
function serverOf(version: string): Promise<Server> {
  const answer = Buffer.concat([
    message('T', int16(1), Buffer.from('server_version\0'), int32(0), int16(0), int32(25), int16(-1 & 0xffff), int32(0), int16(0)),
    message('D', int16(1), int32(version.length), Buffer.from(version)),
    message('C', Buffer.from('SHOW\0')),
    READY,
  ]);
  const server = createServer((socket) => {
    let greeted = false;
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      if (!greeted) socket.write(Buffer.concat([message('R', int32(0)), READY]));
      else if (data.toString('latin1').startsWith('Q')) socket.write(answer);
      greeted = true;
    });
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

describe('PostgreSQL that is too old', () => {
  const real = withPostgres();
  const servers: Server[] = [];
  afterAll(() => servers.forEach((server) => server.close()));
  const urlOf = async (version: string) => {
    const server = await serverOf(version);
    servers.push(server);
    return `postgresql://me:secret@127.0.0.1:${(server.address() as AddressInfo).port}/x`;
  };

  it('is rejected with one sentence that says what to do', async () => {
    const refused = refuseOldPostgres('worker', await urlOf('15.8 (Debian 15.8-0+deb12u1)'));
    await expect(refused).rejects.toThrow(ConfigFaults);
    await expect(refused).rejects.toMatchObject({
      faults: ['DATABASE_URL: this needs PostgreSQL 16 or later, and the server is 15.8 (Debian 15.8-0+deb12u1). Upgrade it.'],
    });
  });

  it('is distinguished from one that is new enough, and from one that does not answer', async () => {
    await refuseOldPostgres('worker', await urlOf('16.0'));
    await refuseOldPostgres('worker', real.url);
    await refuseOldPostgres('worker', 'postgresql://me:secret@127.0.0.1:1/x');
  });
});

describe('a connection that the server closes', () => {
  const real = withPostgres();

  it('does not end the app between two statements of a transaction', async () => {
    const pool = openPool(real.url, 'spec');
    const client = await pool.connect();
    await client.query('BEGIN');
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const closed = new Promise((resolve) => client.once('end', resolve));
    await pool.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
    await closed;
    await expect(client.query('COMMIT')).rejects.toThrow();
    client.release(true);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });
});

it('does not wait without end for a server that takes a connection and never answers, when it migrates', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await expect(migrate(`postgres://anyone@127.0.0.1:${port}/any`)).rejects.toThrow(/timeout/);
  server.close();
}, 15_000);
