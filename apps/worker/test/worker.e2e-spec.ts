import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { freePort } from '#platform/embedded/embedded-postgres';
import { startTestSystem, type TestSystem } from '#platform/testing/testing';

describe('the worker as an app of its own', () => {
  let system: TestSystem;
  let worker: ChildProcess | undefined;
  let port: number;

  beforeAll(async () => {
    system = await startTestSystem();
    port = await freePort();
  }, 60_000);
  afterAll(async () => {
    worker?.kill('SIGKILL');
    await system.stop();
  });

  const start = () => {
    worker = spawn(process.execPath, [resolve(__dirname, '../main.js')], {
      env: {
        ...process.env,
        PORT: String(port),
        DATABASE_URL: system.databaseUrl,
        EVENTSTORE_URL: system.eventStoreUrl,
        METRICS_TOKEN: 'token-of-prometheus',
        LOG_LEVEL: 'warn',
        OTEL_EXPORTER_OTLP_ENDPOINT: '',
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return worker;
  };
  const ready = async (wanted: string) => {
    for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((again) => setTimeout(again, 100))) {
      const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).then(
        (response) => response.json() as Promise<{ status: string }>,
        () => undefined,
      );
      if (answer?.status === wanted) return;
    }
    throw new Error(`the worker did not become ${wanted}`);
  };

  it('becomes ready, survives the loss of the store, and stops in order', async () => {
    const first = start();
    await ready('ready');
    await system.store.kill();
    await ready('unavailable');
    await system.store.start();
    await ready('ready');
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(401);
    const headers = { authorization: 'Bearer token-of-prometheus' };
    let metrics = '';
    // The views may still be starting.
    for (const end = Date.now() + 30_000; !metrics.includes('view_lag_seconds{') && Date.now() < end;)
      metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text();
    for (const name of ['view_lag_seconds', 'process_timers_waiting', 'queue_jobs', 'database_bytes', 'database_connections'])
      expect(metrics).toMatch(new RegExp(`^plantlog_${name}(\\{.*\\})? \\d`, 'm'));
    first.kill('SIGTERM');
    expect((await once(first, 'exit'))[0]).toBe(0);
  }, 90_000);

  it('names every faulty setting and exits with code 78', async () => {
    const child = spawn(process.execPath, [resolve(__dirname, '../main.js')], {
      env: { ...process.env, PORT: 'x', DATABASE_URL: '', EVENTSTORE_URL: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    expect((await once(child, 'close'))[0]).toBe(78);
    for (const name of ['PORT', 'DATABASE_URL', 'EVENTSTORE_URL']) expect(said).toContain(name);
  }, 30_000);
});
