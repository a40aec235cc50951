/**
 * Hides where settings come from: the environment, and nothing else.
 * Promises that an app starts with settings that are complete and well formed, or names every fault at once and does not start.
 * Does not watch for changes, read files or print secrets.
 */
import { unencrypted } from './tls';
import { APPLICATION } from './version';

/** Exit code of an app whose settings are wrong (EX_CONFIG of sysexits.h): a restart does not help. */
export const EXIT_CONFIG = 78;

export type AppName = 'api' | 'worker' | 'event-store' | 'standalone' | 'ops';

type Variable<T> = Readonly<{
  about: string;
  /** Shown in .env.example; the default when the variable is empty. */
  fallback?: T | ((app: AppName) => T | undefined);
  /** The apps that cannot start without it. */
  needed?: readonly AppName[];
  /** The only app that reads it, if there is one. */
  only?: AppName;
  secret?: boolean;
  /** @throws Error with what is expected. */
  read: (text: string) => T;
}>;

const variable = <T>(definition: Variable<T>) => definition;

const whole =
  (min: number, max: number) =>
  (text: string): number => {
    if (!/^\d{1,12}$/.test(text) || Number(text) < min || Number(text) > max) throw new Error(`a whole number from ${min} to ${max}`);
    return Number(text);
  };

const oneOf =
  <T extends string>(...options: readonly T[]) =>
  (text: string): T => {
    if (!options.includes(text as T)) throw new Error(`one of ${options.join(', ')}`);
    return text as T;
  };

const url =
  (...schemes: readonly string[]) =>
  (text: string): string => {
    const expected = `a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
    if (!schemes.some((scheme) => text.startsWith(`${scheme}://`))) throw new Error(expected);
    // A list of hosts, as in esdb://a:2113,b:2113, is not a valid URL: only the first host is checked.
    if (!URL.canParse(text.replace(/,[^/?]*/, ''))) throw new Error(expected);
    return text;
  };

const text =
  (pattern: RegExp, expected: string) =>
  (value: string): string => {
    if (!pattern.test(value)) throw new Error(expected);
    return value;
  };

/** Keys fetched without TLS could be replaced on the way, so they would prove nothing. */
const keySource = (value: string): string => {
  const source = url('https', 'http', 'file')(value);
  const { protocol, hostname } = new URL(source);
  if (protocol === 'http:' && !['127.0.0.1', '[::1]', 'localhost'].includes(hostname)) throw new Error('an https or file URL');
  return source;
};

const hostNames = (value: string): readonly string[] =>
  value.split(',').map((item) => text(/^[\w-]+(\.[\w-]+)*$/, 'a list of host names such as mes.example')(item.trim()));

const origins = (value: string): readonly string[] =>
  value.split(',').map((item) => {
    const origin = item.trim();
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) throw new Error('a list of origins such as https://console.example');
    return origin;
  });

const ofApp = (app: string) => ({
  about: `Password that \`ops accounts\` gives the role plantlog_${app} of PostgreSQL and the user plantlog-${app} of the event store.`,
  secret: true,
  read: text(/^[\w.~-]{12,64}$/, '12 to 64 letters, digits and . _ ~ -'),
});

const VARIABLES = {
  PORT: variable({
    about: 'TCP port that the app listens on. api and standalone: HTTP; worker: health and metrics; event-store: gRPC.',
    fallback: (app) => ({ api: 3000, standalone: 3000, worker: 3001, 'event-store': 2113, ops: 0 })[app],
    read: whole(0, 65535),
  }),
  HOST: variable({
    about: 'Address to listen on; 0.0.0.0 for all.',
    fallback: '127.0.0.1',
    read: text(/^[\w.:-]+$/, 'a host name or an address'),
  }),
  DATA_DIR: variable({
    about: 'Directory for all state of the embedded parts. The event-store node alone: data/event-store.',
    fallback: (app) => (app === 'event-store' ? 'data/event-store' : '.data'),
    read: (value) => value,
  }),
  EVENTSTORE_URL: variable({
    about:
      'Connection string of EventStoreDB or KurrentDB, e.g. esdb://localhost:2113?tls=false. Empty with `npm start`: the embedded node.',
    needed: ['api', 'worker', 'ops'],
    secret: true,
    read: url('esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'),
  }),
  DATABASE_URL: variable({
    about:
      'Connection string of PostgreSQL 16 or later, e.g. postgresql://user:password@localhost:5432/mes. Empty with `npm start`: embedded.',
    needed: ['api', 'worker', 'ops'],
    secret: true,
    read: url('postgresql', 'postgres'),
  }),
  REDIS_URL: variable({
    about: 'Redis 7 for the job queue, e.g. redis://localhost:6379. Empty: the queue lives in PostgreSQL.',
    secret: true,
    read: url('redis', 'rediss'),
  }),
  DATABASE_DISK: variable({
    about:
      "A directory on PostgreSQL's disk, if that is a disk of this machine: its room is measured. `npm start` sets it for the embedded one.",
    only: 'worker',
    read: (value) => value,
  }),
  DATABASE_OWNER_URL: variable({
    about:
      'Connection string of the role that owns the database, for `ops migrate` and `ops analysts`, where DATABASE_URL has a role with fewer rights. Empty: DATABASE_URL.',
    only: 'ops',
    secret: true,
    read: url('postgresql', 'postgres'),
  }),
  EVENTSTORE_ADMIN_URL: variable({
    about: 'Connection string of an administrator of the event store, for `ops accounts`.',
    only: 'ops',
    secret: true,
    read: url('esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'),
  }),
  API_PASSWORD: variable({ ...ofApp('api'), only: 'ops' }),
  WORKER_PASSWORD: variable({ ...ofApp('worker'), only: 'ops' }),
  OPS_PASSWORD: variable({ ...ofApp('ops'), only: 'ops' }),
  REQUIRE_TLS: variable({
    about: 'yes: refuse to start with a connection string to another machine that is not encrypted, or whose certificate is not checked.',
    fallback: 'no' as const,
    read: oneOf('yes', 'no'),
  }),
  ANALYST_PASSWORD: variable({
    about:
      'Password of the read-only SQL role `analyst`. Empty: the role cannot log in (`npm start` makes a password and keeps it in the data directory).',
    secret: true,
    read: text(/^.{12,128}$/s, '12 to 128 characters'),
  }),
  ANALYST_SECONDS: variable({
    about: 'Longest statement of an analyst, in seconds. A session that lifts its own limit is ended.',
    fallback: 300,
    read: whole(1, 86_400),
  }),
  JWT_ISSUER: variable({
    about: 'Issuer (`iss`) whose access tokens are accepted. Empty with `npm start`: its own development issuer.',
    needed: ['api'],
    read: text(/^\S{1,512}$/, 'a text without spaces'),
  }),
  JWT_AUDIENCE: variable({
    about: 'Audience (`aud`) that a token must name.',
    fallback: APPLICATION,
    read: text(/^\S{1,512}$/, 'a text without spaces'),
  }),
  JWKS_URL: variable({
    about: "The issuer's public keys: the jwks_uri of any OpenID Connect issuer, by https (http from this machine only), or a file.",
    needed: ['api'],
    read: keySource,
  }),
  CONSOLE_CLIENT_ID: variable({
    about:
      'Client id of the console at JWT_ISSUER, a public client with PKCE and the redirect URI https://<host>/console/signed-in. Empty: nobody signs in there.',
    read: text(/^\S{1,256}$/, 'a text without spaces'),
  }),
  CONSOLE_SCOPE: variable({
    about: 'Scopes that the console asks for when somebody signs in.',
    fallback: 'openid profile',
    read: text(/^[\x21-\x7e]+( [\x21-\x7e]+)*$/, 'scopes, separated by single spaces'),
  }),
  DEVELOPMENT_TOKENS: variable({
    about: 'File with the tokens and the key of the development issuer. `npm start` sets it; the api reads it only with that issuer.',
    read: (value) => value,
  }),
  OPS_TOKEN: variable({
    about: 'Access token that `npm run ops` sends to the api. Empty with `npm start`: one of its own issuer.',
    secret: true,
    read: text(/^\S{1,8192}$/, 'a token without spaces'),
  }),
  LOG_LEVEL: variable({
    about: 'Least severe level that is logged.',
    fallback: 'info' as const,
    read: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable({
    about: 'OTLP/HTTP endpoint for traces, e.g. http://localhost:4318. Empty: no tracing.',
    read: url('http', 'https'),
  }),
  BODY_LIMIT: variable({ about: 'Largest request body in bytes.', fallback: 1_048_576, read: whole(1_024, 104_857_600) }),
  RATE_LIMIT: variable({ about: 'Requests per minute and caller; 0 for no limit.', fallback: 12_000, read: whole(0, 10_000_000) }),
  WAIT_FOR_MS: variable({
    about: 'How long a read with a token (waitFor) waits for its view, in milliseconds; then it answers that it is behind.',
    fallback: 2_000,
    read: whole(0, 30_000),
  }),
  API_DOCS: variable({
    about:
      'Serve the API description at /docs, GraphiQL at /graphiql, and answer introspection; also to callers without a token. Only `npm start` does by default.',
    fallback: (app) => (app === 'standalone' ? 'yes' : 'no'),
    read: oneOf('yes', 'no'),
  }),
  CORS_ORIGINS: variable({
    about: 'Origins of browser applications that may call the api, separated by commas, e.g. https://console.example. Empty: none.',
    read: origins,
  }),
  ALLOWED_HOSTS: variable({
    about:
      'Names by which clients reach the app, separated by commas, e.g. mes.example. Requests for other names are refused; addresses and localhost always pass.',
    read: hostNames,
  }),
  ACCESS_LOG: variable({
    about: 'Which requests the api logs: all, or those that were denied.',
    fallback: (app) => (app === 'standalone' ? 'denied' : 'all'),
    read: oneOf('all', 'denied'),
  }),
  METRICS_TOKEN: variable({
    about:
      'What Prometheus sends as `Authorization: Bearer …` to read /metrics of the api and the worker. Empty: only engineers may read those of the api, and nobody those of the worker, unless API_DOCS=yes.',
    secret: true,
    read: text(/^[\w.~+/=-]{16,256}$/, '16 to 256 letters, digits and . _ ~ + / = -'),
  }),
  DRAIN_SECONDS: variable({
    about: 'How many seconds an app may take to finish what it has begun when it is stopped.',
    fallback: 10,
    read: whole(0, 600),
  }),
  DRAIN_NOTICE_SECONDS: variable({
    about:
      'How many seconds the api goes on taking requests after SIGTERM while /health/ready already says that it is draining, and at most as long again while requests still come: longer than your balancer takes to notice. 0: not at all.',
    fallback: (app) => (app === 'api' ? 5 : 0),
    read: whole(0, 300),
  }),
  TLS_CERT: variable({
    about: 'PEM file of the certificate of the event-store node; with it the node speaks TLS only and asks every client for a login.',
    only: 'event-store',
    read: (value) => value,
  }),
  TLS_KEY: variable({ about: 'PEM file of the key of TLS_CERT.', only: 'event-store', read: (value) => value }),
  ADVERTISE_HOST: variable({
    about: 'The host name that the event-store node tells clients to connect to. Empty: HOST, or the name of the machine.',
    only: 'event-store',
    read: text(/^[\w.:-]+$/, 'a host name or an address'),
  }),
  SYSTEM_PROJECTIONS: variable({
    about: 'Whether the event-store node keeps the streams $ce-…, $et-…, $category-… and $streams.',
    only: 'event-store',
    fallback: 'false' as const,
    read: oneOf('true', 'false'),
  }),
  MAX_APPEND_SIZE: variable({
    about: 'Largest append that the event-store node takes, in bytes.',
    only: 'event-store',
    fallback: 1_048_576,
    read: whole(1, 16_777_216),
  }),
  DEFAULT_ADMIN_PASSWORD: variable({
    about: 'Password that the user `admin` of the event-store node gets at its first start with TLS, which needs it.',
    only: 'event-store',
    secret: true,
    read: text(/^.{1,128}$/s, 'at most 128 characters'),
  }),
  DEFAULT_OPS_PASSWORD: variable({
    about: 'The same for the user `ops`. Empty: that user is disabled.',
    only: 'event-store',
    secret: true,
    read: text(/^.{1,128}$/s, 'at most 128 characters'),
  }),
} as const;

type Variables = typeof VARIABLES;
/** The settings of an app by the names of their variables. One without a fallback may be undefined if the app does not need it. */
export type Config = {
  readonly [K in keyof Variables]: 'fallback' extends keyof Variables[K]
    ? Variables[K] extends Variable<infer T>
      ? Widened<T>
      : never
    : (Variables[K] extends Variable<infer T> ? T : never) | undefined;
} & { readonly app: AppName };
type Widened<T> = T extends number ? number : T;

/** The type of a setting for an app that needs it: never undefined. */
export type Complete<K extends keyof Variables> = Config & { readonly [P in K]: NonNullable<Config[P]> };

/** Every fault of the settings, one line each. */
export class ConfigFaults extends Error {
  constructor(
    readonly app: AppName,
    readonly faults: readonly string[],
  ) {
    super(`The settings of ${app} are wrong:\n${faults.map((fault) => `  - ${fault}`).join('\n')}\nSee .env.example for all of them.`);
    this.name = 'ConfigFaults';
  }
}

/**
 * Reads and checks all settings. `needed` adds variables that this app requires.
 * @throws ConfigFaults
 */
export function readConfig<K extends keyof Variables = never>(
  app: AppName,
  needed: readonly K[] = [],
  env: NodeJS.ProcessEnv = process.env,
): Complete<K> {
  const faults: string[] = [];
  const config: Record<string, unknown> = { app };
  for (const [name, definition] of Object.entries(VARIABLES) as [K, Variable<unknown>][]) {
    if (definition.only && definition.only !== app) continue;
    const given = env[name]?.trim();
    if (!given) {
      config[name] = typeof definition.fallback === 'function' ? definition.fallback(app) : definition.fallback;
      if (config[name] === undefined && (definition.needed?.includes(app) || needed.includes(name))) {
        faults.push(`${name} is missing: ${definition.about}`);
      }
      continue;
    }
    try {
      config[name] = definition.read(given);
    } catch (error) {
      const shown = definition.secret ? 'its value (not shown)' : JSON.stringify(given);
      faults.push(`${name}: ${shown} is not ${(error as Error).message}.`);
    }
  }
  faults.push(...unencrypted(config));
  if (faults.length > 0) throw new ConfigFaults(app, faults);
  return Object.freeze(config) as Complete<K>;
}

/** The settings as they may be shown: secrets are named, not shown. */
export const shownConfig = (config: Config): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(VARIABLES as Record<string, Variable<unknown>>)
      .filter(([name]) => config[name as keyof Config] !== undefined)
      .map(([name, definition]) => [name, definition.secret ? '(set)' : config[name as keyof Config]]),
  );

/** The text of .env.example. */
export function envExample(): string {
  const entries = Object.entries(VARIABLES as Record<string, Variable<unknown>>).map(([name, definition]) => {
    const fallback = typeof definition.fallback === 'function' ? definition.fallback('standalone') : definition.fallback;
    const note =
      definition.needed && fallback === undefined
        ? `\n# Needed by: ${definition.needed.join(', ')}.`
        : definition.only
          ? `\n# Read by: ${definition.only} alone.`
          : '';
    return `# ${definition.about}${note}\n${fallback === undefined ? `# ${name}=` : `${name}=${String(fallback)}`}\n`;
  });
  return `# All settings. Each app reads them from its environment; what is left out has the value shown, or none.\n\n${entries.join('\n')}`;
}

/** The environment with some settings changed: for an app that this one starts, or a command line with options. */
export const environmentWith = (changes: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({ ...process.env, ...changes });

/** A setting as given, unchecked: for command lines, which need some settings only for some commands. */
export const given = (name: keyof Variables): string | undefined => process.env[name]?.trim() || undefined;

/** Whether npm runs this app as a script of package.json. */
export const startedByNpm = (): boolean => process.env.npm_lifecycle_event !== undefined;

/** The account at this terminal, also behind sudo. */
export const accountName = (): string => process.env.SUDO_USER ?? process.env.USER ?? process.env.LOGNAME ?? 'terminal';

/** The names of all variables. */
export const variableNames = (): readonly string[] => Object.keys(VARIABLES);
