import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { startNode } from '../../node';
import { Exposed } from '../../security/exposure';
import { selfSigned } from '../certificate';
import { startProcess } from '../node-process';
import { all, events, until } from '../server-under-test';
import { connect, dataDir, kept } from './node-under-test';
import { EventStoreDBClient } from '@eventstore/db-client';

const { certificate, key } = selfSigned();
const tls = { cert: certificate, key };
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

const get = (port: number, path: string, host?: string): Promise<{ code: number; type: string; body: string }> =>
  new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, headers: host === undefined ? {} : { host } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ code: response.statusCode!, type: response.headers['content-type'] ?? '', body }));
    });
    request.on('error', reject);
  });

describe('a node that would be open to everybody', () => {
  it('does not start without TLS on addresses other than loopback', async () => {
    await expect(startNode({ dataDir: dataDir(), host: '0.0.0.0' })).rejects.toThrow(Exposed);
    await expect(startProcess(dataDir(), { args: ['--host', '0.0.0.0'] })).rejects.toThrow(/without TLS everyone/i);
  });

  it('does not start with TLS and no password, or with the well-known password of an earlier version', async () => {
    await expect(startNode({ dataDir: dataDir(), tls })).rejects.toThrow(/DEFAULT_ADMIN_PASSWORD/);
    await (await startNode({ dataDir: dataDir(), tls, adminPassword: 'changeit', opsPassword: 'changeit' })).close();
    await expect(startNode({ dataDir: dataDir(), tls })).rejects.toThrow(/still has `changeit`/);
    const node = await startNode({ dataDir: dataDir(), tls, adminPassword: 'of this node', opsPassword: 'of its operators' });
    await node.close();
    await (await startNode({ dataDir: dataDir(), tls })).close();
  });

  it('has no user ops without a password for it', async () => {
    const node = await startNode({ dataDir: dataDir(), tls, adminPassword: 'of this node' });
    const as = (username: string, password: string) =>
      kept(
        new EventStoreDBClient(
          { endpoint: `127.0.0.1:${node.port}` },
          { rootCertificate: Buffer.from(certificate) },
          { username, password },
        ),
      );
    await expect(all(as('ops', 'changeit').readStream('$users'))).rejects.toMatchObject({ code: 16 });
    await expect(all(as('admin', 'changeit').readStream('$users'))).rejects.toMatchObject({ code: 16 });
    expect((await all(as('admin', 'of this node').readStream('$users'))).length).toBe(2);
    await node.close();
  });

  it('makes its files readable only by the user that runs it, including those of earlier versions', async () => {
    let node = await startNode({ dataDir: dataDir(), segmentSize: 1_000 });
    for (let i = 0; i < 20; i++) await connect(node).appendToStream('order', events(5));
    await node.log.scavenge();
    await node.close();
    const log = join(dataDir(), 'log');
    chmodSync(log, 0o755);
    for (const name of readdirSync(log)) chmodSync(join(log, name), 0o644);
    node = await startNode({ dataDir: dataDir() });
    await connect(node).appendToStream('order', events(1));
    await node.close();
    expect(modeOf(dataDir())).toBe('700');
    expect(modeOf(log)).toBe('700');
    expect(new Set(readdirSync(log).map((name) => modeOf(join(log, name))))).toEqual(new Set(['600']));
  });

  it('does not change the mode of a directory that holds other files', async () => {
    writeFileSync(join(dataDir(), 'other'), '');
    chmodSync(dataDir(), 0o755);
    await (await startNode({ dataDir: dataDir() })).close();
    expect(modeOf(dataDir())).toBe('755');
    expect(modeOf(join(dataDir(), 'log'))).toBe('700');
  });

  it('refuses requests that name another host', async () => {
    const node = await startNode({ dataDir: dataDir() });
    for (const path of ['/health/live', '/streams/$all', '/metrics', '/info']) {
      expect((await get(node.port, path, 'evil.example')).code).toBe(421);
      expect((await get(node.port, path)).code).toBeLessThan(300);
      expect((await get(node.port, path, `localhost:${node.port}`)).code).toBeLessThan(300);
    }
    await node.close();
  });
});

describe('operators', () => {
  it('can ask a node whether it is ready, and for its metrics', async () => {
    const node = await startNode({ dataDir: dataDir() });
    await connect(node).appendToStream('order', events(3));
    expect((await get(node.port, '/health/live')).code).toBe(204);
    const ready = await get(node.port, '/health/ready');
    expect([ready.code, JSON.parse(ready.body)]).toEqual([200, { status: 'ready', parts: { log: 'up' } }]);
    const metrics = await get(node.port, '/metrics');
    expect(metrics.type).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(metrics.body).toMatch(/^event_store_events_written_total 3$/m);
    expect(metrics.body).toMatch(/^event_store_writable 1$/m);
    for (const line of metrics.body.trimEnd().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+ -?[\d.e+-]+)$/);
    await node.close();
  });

  it('can read its log as JSON lines after the line that says LISTENING', async () => {
    const node = await startProcess(dataDir(), { env: { LOG_LEVEL: 'info' } });
    await node.stop();
    await until(() => node.output().includes('"stopped"'));
    const [first, ...rest] = node.output().trimEnd().split('\n');
    expect(first).toBe(`LISTENING ${node.port}`);
    const lines = rest.map((line) => JSON.parse(line) as { msg: string; process: string; level: number; time: string });
    expect(lines.map(({ msg }) => msg)).toEqual(['started', 'stopping', 'stopped']);
    for (const line of lines) expect(line).toMatchObject({ process: 'event-store', level: 30, time: expect.stringMatching(/^\d{4}-/) });
  });
});
