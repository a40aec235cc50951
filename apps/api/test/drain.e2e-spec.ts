import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '#platform/embedded/embedded-postgres';
import { migrate } from '#platform/runtime/database';
import { startTestSystem, type TestSystem } from '#platform/testing/testing';
import { ISSUER, TestIssuer } from './api-under-test';

const NOTICE_SECONDS = 2;

type Answer = Readonly<{ status: number; connection?: string; body: Record<string, unknown> }>;

/** An api as an app of its own, as seen by a balancer that looks at /health/ready ten times a second. */
class Backend {
  ready = false;
  private app!: ChildProcess;
  private readonly agent = new Agent({ keepAlive: true });
  private watching = true;
  private readonly watched: Promise<void>;

  constructor(
    readonly port: number,
    private readonly env: NodeJS.ProcessEnv,
    private readonly token: string,
  ) {
    this.watched = this.watch();
  }

  async start(): Promise<void> {
    const env = { ...process.env, ...this.env, PORT: String(this.port), DRAIN_NOTICE_SECONDS: String(NOTICE_SECONDS), LOG_LEVEL: 'warn' };
    this.app = spawn(process.execPath, [resolve(__dirname, '../main.js')], { env, stdio: ['ignore', 'inherit', 'inherit'] });
    for (const end = Date.now() + 60_000; !this.ready; await sleep(50)) if (Date.now() > end) throw new Error('the api is not ready');
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.app.kill(signal);
    const [code] = (await once(this.app, 'exit')) as [number | null];
    this.ready = false;
    return code;
  }

  /** The first answer that says that it is draining. */
  async draining(): Promise<Answer> {
    for (; ; await sleep(20)) {
      const answer = await this.ask('GET', 'health/ready');
      if (answer.status !== 200) return answer;
    }
  }

  async close(): Promise<void> {
    this.watching = false;
    await this.watched;
    this.app.kill('SIGKILL');
    this.agent.destroy();
  }

  async ask(method: string, path: string, body?: object): Promise<Answer> {
    const { finish, answer } = this.begin(path, body, method);
    finish();
    return answer;
  }

  /** A request of which the api has all but the last byte. */
  begin(path: string, body?: object, method = 'POST'): { begun: Promise<unknown>; finish(): void; answer: Promise<Answer> } {
    const payload = body ? JSON.stringify(body) : '';
    const headers = {
      authorization: `Bearer ${this.token}`,
      ...(body && { 'content-type': 'application/json', 'content-length': String(payload.length) }),
    };
    const asked = request(`http://127.0.0.1:${this.port}/${path}`, { method, headers, agent: this.agent });
    const answer = new Promise<Answer>((done, failed) => {
      asked.on('error', failed);
      asked.on('response', (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('error', failed);
        response.on('end', () => {
          const { connection } = response.headers;
          done({ status: response.statusCode!, ...(connection && { connection }), body: JSON.parse(text) as Record<string, unknown> });
        });
      });
    });
    const begun = body ? new Promise((written) => asked.write(payload.slice(0, -1), written)) : Promise.resolve();
    return { begun, finish: () => void asked.end(payload.slice(-1)), answer };
  }

  private async watch(): Promise<void> {
    for (; this.watching; await sleep(100))
      this.ready = await this.ask('GET', 'health/ready').then(
        ({ status }) => status === 200,
        () => false,
      );
  }
}

describe('an api that is stopped', () => {
  let system: TestSystem;
  let backends: readonly [Backend, Backend];

  beforeAll(async () => {
    const [found, issuer] = await Promise.all([startTestSystem(), TestIssuer.create()]);
    system = found;
    await migrate(system.databaseUrl);
    const token = await issuer.token({ sub: 'eve', roles: ['operator', 'engineer'], facilities: ['*'] });
    const env = {
      EVENTSTORE_URL: system.eventStoreUrl,
      DATABASE_URL: system.databaseUrl,
      JWT_ISSUER: ISSUER,
      JWKS_URL: issuer.url,
      RATE_LIMIT: '0',
    };
    backends = [new Backend(await freePort(), env, token), new Backend(await freePort(), env, token)];
    await Promise.all(backends.map((backend) => backend.start()));
  }, 120_000);
  afterAll(async () => {
    await Promise.all(backends.map((backend) => backend.close()));
    await system.stop();
  }, 30_000);

  it('fails no request behind a balancer while both apis are restarted, one after the other', async () => {
    const failures: string[] = [];
    let [rolling, answered] = [true, 0];
    const callers = [...Array(6).keys()].map(async (caller) => {
      for (let n = 0; rolling; n++) {
        const able = backends.filter(({ ready }) => ready);
        const backend = able[n % able.length];
        try {
          if (!backend) throw new Error('no backend is ready');
          const facilityId = `f${caller}x${n}`;
          const { status, body } = await (n % 3 === 0
            ? backend.ask('POST', 'facility/register-facility', {
                facilityId,
                name: 'A',
                enterpriseId: 'e',
                enterpriseName: 'E',
                timeZone: 'UTC',
              })
            : backend.ask('GET', 'me'));
          if (status >= 300) failures.push(`${status} ${JSON.stringify(body)}`);
          answered++;
        } catch (error) {
          failures.push(String(error));
        }
        await sleep(5);
      }
    });
    for (const backend of backends) {
      expect(await backend.stop()).toBe(0);
      await backend.start();
    }
    rolling = false;
    await Promise.all(callers);
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(50);
  }, 120_000);

  it('reports that it is draining, accepts requests until the notice is over, and answers all that it accepted', async () => {
    const [backend] = backends;
    const slow = backend.begin('facility/register-facility', {
      facilityId: 'slow',
      name: 'A',
      enterpriseId: 'e',
      enterpriseName: 'E',
      timeZone: 'UTC',
    });
    await slow.begun;
    const ended = backend.stop();
    expect(await backend.draining()).toMatchObject({ status: 503, connection: 'close', body: { status: 'draining' } });
    expect(await backend.ask('GET', 'me')).toMatchObject({ status: 200, connection: 'close' });
    expect(await backend.ask('GET', '%zz')).toMatchObject({ status: 400, connection: 'close' });
    const silent = connect(backend.port, '127.0.0.1');
    await once(silent, 'connect');
    // New connections are refused (one that waits while the port closes is reset); a request that had partly arrived is answered.
    while (
      await backend
        .ask('GET', 'me')
        .catch((error: NodeJS.ErrnoException) => (expect(['ECONNREFUSED', 'ECONNRESET']).toContain(error.code), undefined))
    )
      await sleep(20);
    // So is one on a connection that was there before.
    silent.write(`GET /health/live HTTP/1.1\r\nhost: 127.0.0.1:${backend.port}\r\n\r\n`);
    expect(await text(silent)).toMatch(/^HTTP\/1.1 200 OK\r\n(.+\r\n)*connection: close\r\n/i);
    slow.finish();
    expect(await slow.answer).toMatchObject({ connection: 'close', body: { changed: true } });
    expect(await ended).toBe(0);
    await backend.start();
  }, 60_000);

  it('serves a balancer that has not noticed, for as long as the notice again', async () => {
    const [backend] = backends;
    const ended = backend.stop();
    await backend.draining();
    const answers: number[] = [];
    for (const end = Date.now() + NOTICE_SECONDS * 1_000 + 300; Date.now() < end; await sleep(20))
      answers.push((await backend.ask('GET', 'me')).status);
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(await ended).toBe(0);
    await backend.start();
  }, 60_000);

  it('is not delayed by an idle connection, and does not wait after Ctrl-C', async () => {
    const [backend] = backends;
    const silent = connect(backend.port, '127.0.0.1');
    await once(silent, 'connect');
    silent.on('error', () => undefined);
    const from = performance.now();
    expect(await backend.stop('SIGINT')).toBe(0);
    expect(performance.now() - from).toBeLessThan(10_000);
    silent.destroy();
    await backend.start();
  }, 60_000);
});
