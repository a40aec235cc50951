import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import { now } from '#platform/runtime/clock';
import { environmentWith, type Config } from '#platform/runtime/config';
import { migrate, openPool, refuseOldPostgres } from '#platform/runtime/database';
import { WORKER_FLAGS } from '#platform/runtime/run-app';
import { withoutPassword } from '#platform/runtime/tls';
import { freePort, isFree, startPostgres, type RunningPostgres } from '#platform/embedded/embedded-postgres';
import { EventStore } from '#platform/store/event-store';
import { ensureStoreUsers, urlOfStoreUser } from '#platform/store/store-users';
import { ensureAnalyst } from '#platform/views/analyst-role';
import { ensureRoles, urlOfRole, type RoleApp } from '#platform/views/database-roles';
import { readable } from '#platform/runtime/logging';
import { views } from '#slices';
import { Child, stopOrphans } from './child';
import { createDemo } from './demo';
import { NOT_EMPTY, noDemoBecause } from './demo-place';
import { developmentIssuer, replace, type Issuer } from './issuer';
import type { DevelopmentTokens } from '../api/console';
import { LogFile } from './log-file';
import { storeLogin } from './store-login';
import { APPLICATION } from '#platform/runtime/version';

/** State for the next start. */
type State = {
  ports: Record<string, number>;
  demo?: 'created' | 'none';
  demoMoment?: string;
  analystPassword?: string;
  /** What the console needs to get a token of the development issuer. */
  consoleKey?: string;
  /** Passwords of the apps in the embedded parts. */
  passwords?: Record<RoleApp, string>;
};

/** A fault outside of this program; the text says what to do. */
export class PlainFault extends Error {}

/** Facilities of the demo enterprise; each role gets a token for each of them. */
const DEMO_FACILITIES = ['haifa', 'lyon', 'pune'] as const;

/** The whole system on one machine: embedded parts, and connections to the others. */
export class System {
  private readonly dir: string;
  private readonly children: Child[] = [];
  /** Parts that run or start. */
  private postgres?: Promise<RunningPostgres>;
  private stopping = false;
  private state: State = { ports: {} };
  private issuer?: Issuer;
  private databaseUrl = '';
  private eventStoreUrl = '';
  /** True if the embedded event store was empty when it was started. */
  private wasEmpty = false;
  private renewal?: NodeJS.Timeout;
  readonly port: number;

  constructor(
    private readonly config: Config,
    port: number,
    private readonly say: (text: string) => void,
    private readonly onHopeless: (reason: Error) => void,
  ) {
    this.dir = resolve(config.DATA_DIR);
    this.port = port;
  }

  get apiUrl(): string {
    return `http://${visibleHost(this.config.HOST)}:${this.port}`;
  }

  /** The address of the console, with its key where this system issues the tokens itself. */
  get consoleUrl(): string {
    return this.issuer ? `${this.apiUrl}/#key=${this.state.consoleKey}` : `${this.apiUrl}/`;
  }

  /** Starts every part in order of dependency; resolves when the api is ready, including the demo enterprise if it is enabled. */
  async start(withDemo: boolean): Promise<void> {
    // endpoints.json means that everything is ready: remove the old one.
    rmSync(join(this.dir, 'endpoints.json'), { force: true });
    this.state = readState(join(this.dir, 'state.json'));
    await stopOrphans(join(this.dir, 'run'), this.say);
    if (this.config.JWT_ISSUER === undefined) this.issuer = await developmentIssuer(join(this.dir, 'issuer'));
    await this.writeDevelopmentTokens();
    await Promise.all([this.startDatabase(), this.startEventStore()]);
    await migrate(this.databaseUrl);
    await this.makeAccounts();
    await this.startWorkerAndApi();
    await this.makeDemo(withDemo).catch((error: Error) =>
      this.say(`The demo enterprise is incomplete; the next start continues it. ${error.message}`),
    );
    await this.writeEndpoints();
    const renew = () => Promise.all([this.writeEndpoints(), this.writeDevelopmentTokens()]);
    this.renewal = setInterval(() => void renew().catch(() => undefined), 12 * 3600 * 1000);
    this.renewal.unref();
  }

  /** Stops in reverse order, so that no part loses another one that it needs. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.renewal);
    rmSync(join(this.dir, 'endpoints.json'), { force: true });
    for (const child of this.children.reverse()) await child.stop();
    const server = await this.postgres?.catch(() => undefined);
    await server?.stop();
  }

  /** Kills the children at once; `stop` still stops PostgreSQL properly. */
  hurry(): void {
    for (const child of this.children) child.kill();
  }

  /** Where this system writes its events. */
  get writesTo(): string {
    return this.config.EVENTSTORE_URL
      ? `${withoutPassword(this.config.EVENTSTORE_URL)} (EVENTSTORE_URL)`
      : `${join(this.dir, 'event-store')} (embedded, ${this.wasEmpty ? 'new' : 'with the history of earlier starts'})`;
  }

  /** On the first start, and on later ones until it is complete: the demo enterprise, but only into an embedded store that was empty. */
  private async makeDemo(wanted: boolean): Promise<void> {
    if (this.state.demo) return;
    if (!wanted) return this.remember({ demo: 'none' });
    const { wasEmpty, state, issuer, config } = this;
    const reason = noDemoBecause({ external: Boolean(config.EVENTSTORE_URL), wasEmpty, begun: Boolean(state.demoMoment) });
    if (reason === NOT_EMPTY) this.remember({ demo: 'none' });
    if (reason !== undefined) return this.say(`No demo enterprise: ${reason}`);
    if (!issuer) return this.say('No demo enterprise: it needs tokens of the built-in issuer.');
    const tokens = await issuer.tokens(this.config.JWT_AUDIENCE, []);
    const demoMoment = this.state.demoMoment ?? now().toISOString();
    this.remember({ demoMoment });
    this.say(`Creating a demo enterprise in ${this.writesTo} …`);
    const commands = await createDemo(this.apiUrl, demoMoment, (role) => Promise.resolve(tokens[role]!));
    this.remember({ demo: 'created' });
    this.say(`Created a demo enterprise of three plants, with an order that all of them make, by ${commands} commands.`);
  }

  private remember(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    replace(join(this.dir, 'state.json'), JSON.stringify(this.state, null, 2), 0o600);
  }

  private async startDatabase(): Promise<void> {
    if (this.config.DATABASE_URL) {
      this.databaseUrl = this.config.DATABASE_URL;
      await withClient(this.databaseUrl, (client) => client.query('select 1')).catch((error: Error) => {
        throw new PlainFault(`Could not connect to PostgreSQL at DATABASE_URL: ${error.message || String(error)}`);
      });
      await refuseOldPostgres('standalone', this.databaseUrl);
      return;
    }
    const server = await this.keepPostgres();
    await withClient(server.url, async (client) => {
      const { rowCount } = await client.query(`select 1 from pg_database where datname = $1`, [APPLICATION]);
      if (rowCount === 0) await client.query(`create database ${escapeIdentifier(APPLICATION)}`);
    });
    const url = new URL(server.url);
    url.pathname = `/${APPLICATION}`;
    this.databaseUrl = url.href;
  }

  /** Starts PostgreSQL and keeps it running, always on the port of this start, which the other parts use. */
  private async keepPostgres(port?: number): Promise<RunningPostgres> {
    this.postgres = startPostgres({ dataDir: join(this.dir, 'postgres'), port });
    const server = await this.postgres;
    if (server.adopted) this.say(`PostgreSQL (pid ${server.pid}) was still running and is reused.`);
    void server.exited.then(async () => {
      if (this.stopping) return;
      this.say('PostgreSQL ended; it restarts.');
      for (let pause = 100; !this.stopping; pause = Math.min(pause * 2, 10_000)) {
        try {
          await this.keepPostgres(server.port);
          this.say('PostgreSQL is ready again.');
          return;
        } catch (error) {
          this.say(`Could not start PostgreSQL, retrying: ${(error as Error).message}`);
          await sleep(pause);
        }
      }
    });
    return server;
  }

  private async startEventStore(): Promise<void> {
    if (this.config.EVENTSTORE_URL) {
      this.eventStoreUrl = this.config.EVENTSTORE_URL;
      const store = new EventStore(this.eventStoreUrl);
      await store.ping().catch((error: Error) => {
        throw new PlainFault(
          `The event store at EVENTSTORE_URL does not answer: ${(error.cause as Error | undefined)?.message ?? error.message}`,
        );
      });
      return store.close();
    }
    const port = await this.portFor('event-store');
    const login = await storeLogin(join(this.dir, 'event-store-login'));
    this.eventStoreUrl = login.url(port);
    const dataDir = join(this.dir, 'event-store');
    mkdirSync(dataDir, { recursive: true });
    await this.child('event-store', { ...login.env, PORT: String(port), HOST: '127.0.0.1', DATA_DIR: dataDir }, () =>
      accepts(port),
    ).start();
    const store = new EventStore(this.eventStoreUrl);
    this.wasEmpty = (await store.head({ business: true }).finally(() => store.close())) < 0n;
  }

  /** In the embedded parts each app has an account of its own, with what it needs. */
  private async makeAccounts(): Promise<void> {
    const fresh = () => randomBytes(24).toString('base64url');
    const passwords = this.state.passwords ?? { api: fresh(), worker: fresh(), ops: fresh() };
    this.remember({ passwords });
    const { config, databaseUrl, eventStoreUrl } = this;
    if (!config.DATABASE_URL) {
      await ensureRoles(databaseUrl, passwords);
      const pool = openPool(databaseUrl, 'standalone', 1);
      const limits = { seconds: config.ANALYST_SECONDS };
      await ensureAnalyst(pool, views, this.analystPassword(), limits).finally(() => pool.end());
    }
    if (!config.EVENTSTORE_URL) await ensureStoreUsers(eventStoreUrl, passwords);
  }

  /** The connection strings of an app. */
  private backendsOf(app: RoleApp): { EVENTSTORE_URL: string; DATABASE_URL: string } {
    const { config, databaseUrl, eventStoreUrl } = this;
    const password = this.state.passwords![app];
    return {
      EVENTSTORE_URL: config.EVENTSTORE_URL ?? urlOfStoreUser(eventStoreUrl, app, password),
      DATABASE_URL: config.DATABASE_URL ?? urlOfRole(databaseUrl, app, password),
    };
  }

  private async startWorkerAndApi(): Promise<void> {
    const { config, issuer } = this;
    const given = {
      ANALYST_PASSWORD: this.analystPassword(),
      JWT_ISSUER: issuer?.issuer ?? config.JWT_ISSUER,
      JWKS_URL: issuer?.jwksUrl ?? config.JWKS_URL,
      API_DOCS: config.API_DOCS,
      DRAIN_NOTICE_SECONDS: String(config.DRAIN_NOTICE_SECONDS),
      DEVELOPMENT_TOKENS: issuer && this.developmentTokensPath,
    };
    const workerPort = await this.portFor('worker');
    const disk = config.DATABASE_URL ? {} : { DATABASE_DISK: join(this.dir, 'postgres') };
    const worker = this.child(
      'worker',
      { ...given, ...disk, ...this.backendsOf('worker'), PORT: String(workerPort), HOST: '127.0.0.1' },
      () => answersReady(`http://127.0.0.1:${workerPort}`),
    );
    const { HOST, API_DOCS, ACCESS_LOG } = config;
    const api = this.child('api', { ...given, ...this.backendsOf('api'), PORT: String(this.port), HOST, API_DOCS, ACCESS_LOG }, () =>
      answersReady(this.apiUrl),
    );
    await Promise.all([worker.start(), api.start()]);
  }

  private child(name: string, env: NodeJS.ProcessEnv, isReady: () => Promise<boolean>): Child {
    if (this.stopping) throw new PlainFault('Stopped before everything had started.');
    const child = new Child({
      name,
      main: resolve(__dirname, '..', name, 'main.js'),
      flags: name === 'worker' ? WORKER_FLAGS : [],
      env: environmentWith(env),
      runDir: join(this.dir, 'run'),
      log: new LogFile(join(this.dir, 'logs', `${name}.log`), (line) => this.say(readable(line, process.stdout.isTTY))),
      isReady,
      drain: this.config.DRAIN_SECONDS + 2 * this.config.DRAIN_NOTICE_SECONDS,
      say: this.say,
      onHopeless: this.onHopeless,
    });
    this.children.push(child);
    return child;
  }

  private async portFor(name: string): Promise<number> {
    const known = this.state.ports[name];
    const port = known && known !== this.port && (await isFree(known)) ? known : await freePort();
    this.remember({ ports: { ...this.state.ports, [name]: port } });
    return port;
  }

  private analystPassword(): string | undefined {
    if (this.config.ANALYST_PASSWORD) return this.config.ANALYST_PASSWORD;
    if (this.config.DATABASE_URL) return undefined;
    if (!this.state.analystPassword) this.remember({ analystPassword: randomBytes(18).toString('base64url') });
    return this.state.analystPassword;
  }

  private get developmentTokensPath(): string {
    return join(this.dir, 'issuer', 'console.json');
  }

  /** For the console: tokens of the development issuer, for whoever has the key. */
  private async writeDevelopmentTokens(): Promise<void> {
    if (!this.issuer) return;
    const key = this.state.consoleKey ?? randomBytes(24).toString('base64url');
    this.remember({ consoleKey: key });
    const tokens = await this.issuer.tokens(this.config.JWT_AUDIENCE, DEMO_FACILITIES);
    replace(this.developmentTokensPath, JSON.stringify({ key, tokens } satisfies DevelopmentTokens), 0o600);
  }

  /** Addresses of all parts, for programs; readable by this user only, since it has tokens and passwords. */
  private async writeEndpoints(): Promise<void> {
    const password = this.analystPassword();
    const analyst = password && new URL(this.databaseUrl);
    if (analyst) [analyst.username, analyst.password] = ['analyst', password];
    const backends = this.backendsOf('ops');
    const endpoints = {
      api: this.apiUrl,
      console: this.consoleUrl,
      graphql: `${this.apiUrl}/graphql`,
      eventstore: backends.EVENTSTORE_URL,
      postgres: backends.DATABASE_URL,
      ...(this.config.DATABASE_URL ? {} : { postgresOwner: this.databaseUrl }),
      ...(analyst && { analyst: analyst.href }),
      tokens: (await this.issuer?.tokens(this.config.JWT_AUDIENCE, DEMO_FACILITIES)) ?? {},
    };
    replace(join(this.dir, 'endpoints.json'), JSON.stringify(endpoints, null, 2) + '\n', 0o600);
  }
}

const readState = (path: string): State => {
  try {
    const { ports = {}, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as Partial<State>;
    return { ports, ...rest };
  } catch {
    return { ports: {} };
  }
};

/** The host to open on this machine. */
const visibleHost = (host: string): string =>
  host === '0.0.0.0' ? 'localhost' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => (socket.destroy(), done(true)));
    socket.once('error', () => done(false));
  });

const answersReady = (url: string): Promise<boolean> =>
  fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(3_000) }).then(
    async (response) => (await response.body?.cancel(), response.ok),
    () => false,
  );
