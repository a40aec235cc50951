import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { lives, markOf } from './directory-lock';
import { boundLog } from './server-limits';
import { startPostgres, type RunningPostgres } from './embedded-postgres';

const on = async <T>(url: string, sql: string): Promise<T[]> => {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end().catch(() => undefined);
  }
};

describe('embedded PostgreSQL', () => {
  let dataDir: string;
  let server: RunningPostgres;
  const start = async (port?: number) => (server = await startPostgres({ dataDir, port, durable: false }));
  const kill = async () => {
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
  };

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'plantlog-postgres-spec-'));
    // As in /root: nobody but the owner may enter, so PostgreSQL's own account cannot reach the cluster by its path.
    chmodSync(dataDir, 0o700);
    await start();
  });
  afterAll(async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('runs version 18 with data checksums, UTF-8 and code point order', async () => {
    const [row] = await on(
      server.url,
      `select current_setting('server_version') v, current_setting('data_checksums') c, current_setting('server_encoding') e, 'a' > 'B' as o`,
    );
    expect(row).toEqual({ v: expect.stringMatching(/^18\./), c: 'on', e: 'UTF8', o: true });
  });

  it('never runs as root', () => {
    expect(Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1])).not.toBe(0);
  });

  it('keeps its password in a file that only we can read, and accepts no other', async () => {
    expect(statSync(join(dataDir, 'superuser-password')).mode & 0o777).toBe(0o600);
    const stranger = new URL(server.url);
    stranger.password = 'guess';
    await expect(on(stranger.href, 'select 1')).rejects.toThrow('password authentication failed');
  });

  it('keeps data and port across a restart', async () => {
    await on(server.url, 'create table kept as select 42 as answer');
    const { port } = server;
    await server.stop();
    await start();
    expect(server).toMatchObject({ port, adopted: false });
    expect(await on(server.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('takes over a server that still runs on its directory instead of starting a second one', async () => {
    const { pid, port } = server;
    await start();
    expect(server).toMatchObject({ pid, port, adopted: true });
    expect(await on(server.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('starts one server for two concurrent starts', async () => {
    await server.stop();
    const [one, two] = await Promise.all([start(), start()]);
    expect(one.pid).toBe(two.pid);
  });

  it('recovers what was committed when it is killed, even with open sessions', async () => {
    const session = new Client({ connectionString: server.url });
    session.on('error', () => undefined);
    await session.connect();
    await session.query('insert into kept select generate_series(1, 999)');
    const { pid } = server;
    await kill();
    await start();
    expect(server.pid).not.toBe(pid);
    expect(await on(server.url, 'select count(*)::int as n from kept')).toEqual([{ n: 1000 }]);
    await session.end().catch(() => undefined);
  });

  it('is not misled by a stale pid file whose pid belongs to another OS process by now', async () => {
    await kill();
    const path = join(dataDir, 'cluster', 'postmaster.pid');
    // An OS process of PostgreSQL's own account: it ignores those of other accounts.
    const { uid, gid } = statSync(join(dataDir, 'cluster'));
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore', ...(process.getuid?.() === 0 && { uid, gid }) });
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^\d+/, String(stranger.pid)));
    await start().finally(() => stranger.kill());
    expect(await on(server.url, 'select count(*)::int as n from kept')).toEqual([{ n: 1000 }]);
  });

  it('takes another port when that of the last start is taken, but fails with a clear error when the port was asked for', async () => {
    const { port } = server;
    await server.stop();
    const squatter = createServer().listen(port, '127.0.0.1');
    await expect(start(port)).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken`);
    await start();
    expect(server.port).not.toBe(port);
    await new Promise((closed) => squatter.close(closed));
  });

  it('says clearly that a directory belongs to another version, and leaves it unchanged', async () => {
    await server.stop();
    const path = join(dataDir, 'cluster', 'PG_VERSION');
    writeFileSync(path, '17\n');
    await expect(start()).rejects.toThrow('was made by PostgreSQL 17; this one is 18');
    writeFileSync(path, '18\n');
    await start();
    expect(await on(server.url, 'select count(*)::int as n from kept')).toEqual([{ n: 1000 }]);
  });

  (process.platform === 'linux' ? it : it.skip)(
    'fails a query that wants too much memory, whatever its session sets, and goes on',
    async () => {
      const hog = `SET work_mem = '2GB'; SELECT count(a) FROM (SELECT array_agg(repeat(md5(g::text), 30000)) AS a FROM generate_series(1, 1500) g GROUP BY g % 3) x`;
      await expect(on(server.url, hog)).rejects.toMatchObject({ code: '53200' });
      expect(await on(server.url, 'select 1 as n')).toEqual([{ n: 1 }]);
    },
  );

  it('keeps its log within bounds while the server appends to it', async () => {
    const log = join(dataDir, 'postgres.log');
    const bound = () => boundLog(log, { bytes: 2_000, older: 2 });
    for (let n = 0; n < 4; n += 1) {
      await on(server.url, `DO $$ BEGIN RAISE LOG '%', repeat('x${n}', 2000); END $$`);
      bound();
      expect(statSync(log).size).toBe(0);
    }
    expect(
      readdirSync(dataDir)
        .filter((name) => name.startsWith('postgres.log'))
        .sort(),
    ).toEqual(['postgres.log', 'postgres.log.1', 'postgres.log.2']);
    expect(readFileSync(`${log}.1`, 'utf8')).toContain('x3x3');
    expect(statSync(`${log}.1`).mode & 0o077).toBe(0);
    // However much was written since the last look, no file is longer.
    expect(readdirSync(dataDir).filter((name) => name.startsWith('postgres.log') && statSync(join(dataDir, name)).size > 2_000)).toEqual(
      [],
    );
  });

  it('is gone after stop, with nothing left running', async () => {
    const mark = markOf(server.pid)!;
    await server.stop();
    expect(lives(mark)).toBe(false);
    await start();
  });
});
