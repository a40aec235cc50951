import 'reflect-metadata';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Ajv from 'ajv';
import { parse } from 'yaml';
import { readConfig, variableNames, type AppName } from '#platform/runtime/config';
import { WORKER_FLAGS } from '#platform/runtime/run-app';
import { HealthController } from '../../api/health.controller';

type Service = {
  image?: string;
  build?: { context: string; dockerfile: string };
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  expose?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[]; interval: string; timeout: string; retries: number };
  restart?: string;
  stop_grace_period?: string;
};
type Compose = { services: Record<string, Service>; volumes: Record<string, null> };

const project = resolve(__dirname, '../../../..');
const docker = join(project, 'docker');
const compose = parse(readFileSync(join(docker, 'compose.yml'), 'utf8'), { merge: true }) as Compose;
const names = Object.keys(compose.services);
const ours = names.filter((name) => compose.services[name]!.build);

/** Services that do their work and end. */
const ONCE = ['certificates', 'accounts'];

/** Fills `${NAME}`, `${NAME:-x}` and `${NAME:?x}` as Docker does. */
const filled = (text: string): string =>
  text.replace(/\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}/g, (_, name: string, fallback?: string) => fallback ?? given[name] ?? '');
const given: Record<string, string> = { JWT_ISSUER: 'https://login.example', JWKS_URL: 'https://login.example/keys' };
const asked = [...JSON.stringify(compose).matchAll(/\$\{(\w+)/g)].map(([, name]) => name!);
for (const name of asked) given[name] ??= 'a1b2c3d4e5f6';

/** The part of the Compose specification that is used here; a key that Docker does not know, or a misspelt one, is refused. */
const text = { type: 'string', minLength: 1 };
const texts = { type: 'array', items: text, minItems: 1 };
const duration = { type: 'string', pattern: '^\\d+(ms|s|m)$' };
const closed = (properties: object, required: string[] = []) => ({ type: 'object', additionalProperties: false, properties, required });
const schema = {
  type: 'object',
  additionalProperties: false,
  patternProperties: { '^x-': true },
  required: ['name', 'services', 'volumes'],
  properties: {
    name: text,
    volumes: { type: 'object', additionalProperties: { type: 'null' } },
    services: {
      type: 'object',
      additionalProperties: closed(
        {
          image: { type: 'string', pattern: '^(plantlog|[a-z0-9./-]+:[0-9][\\w.-]*)$' },
          build: closed({ context: text, dockerfile: text }, ['context', 'dockerfile']),
          restart: { enum: ['unless-stopped'] },
          stop_grace_period: duration,
          command: texts,
          entrypoint: texts,
          user: text,
          init: { type: 'boolean' },
          read_only: { type: 'boolean' },
          tmpfs: texts,
          cap_drop: texts,
          security_opt: texts,
          shm_size: text,
          environment: { type: 'object', additionalProperties: { type: 'string' } },
          ports: { type: 'array', items: { type: 'string', pattern: '^\\d+:\\d+$' } },
          expose: { type: 'array', items: { type: 'string', pattern: '^\\d+$' } },
          volumes: texts,
          depends_on: {
            type: 'object',
            additionalProperties: closed({ condition: { enum: ['service_healthy', 'service_completed_successfully'] } }, ['condition']),
          },
          healthcheck: closed(
            { test: texts, interval: duration, timeout: duration, retries: { type: 'integer', minimum: 1 }, start_period: duration },
            ['test', 'interval', 'timeout', 'retries'],
          ),
        },
        ['image'],
      ),
    },
  },
};

describe('docker/compose.yml', () => {
  it('is well formed: known keys only, every image with a fixed version', () => {
    const check = new Ajv({ allErrors: true }).compile(schema);
    check(compose);
    expect(check.errors).toBeNull();
  });

  it('has a three-node event store, PostgreSQL 18, Redis 7, a worker and an api', () => {
    expect(names.sort()).toEqual([
      'accounts',
      'api',
      'certificates',
      'event-store-1',
      'event-store-2',
      'event-store-3',
      'postgres',
      'redis',
      'worker',
    ]);
    expect(compose.services.postgres!.image).toMatch(/^postgres:18\./);
    expect(compose.services.redis!.image).toMatch(/^redis:7\./);
    expect(compose.services.redis!.command!.join(' ')).toMatch(/--appendonly yes.*--maxmemory-policy noeviction/);
  });

  it('makes every node seed its gossip from the two others, under the name in its certificate', () => {
    const nodes = names.filter((name) => name.startsWith('event-store-'));
    for (const node of nodes) {
      const { environment } = compose.services[node]!;
      expect(environment!.EVENTSTORE_GOSSIP_SEED!.split(',').sort()).toEqual(
        nodes.filter((other) => other !== node).map((other) => `${other}:2113`),
      );
      expect(environment).toMatchObject({ EVENTSTORE_NODE_HOST_ADVERTISE_AS: node, EVENTSTORE_CLUSTER_SIZE: String(nodes.length) });
      expect(environment).not.toHaveProperty('EVENTSTORE_INSECURE');
    }
  });

  it.each(names.filter((name) => !ONCE.includes(name)))('checks the health of %s and restarts it', (name) => {
    expect(compose.services[name]).toMatchObject({ restart: 'unless-stopped', healthcheck: { test: expect.any(Array) as unknown } });
  });

  it('mounts volumes and waits for services that exist, for health only if there is a check', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      for (const volume of service.volumes ?? []) {
        const [source] = volume.split(':') as [string];
        expect([name, source, source.startsWith('./') ? existsSync(join(docker, source)) : source in compose.volumes]).toEqual([
          name,
          source,
          true,
        ]);
      }
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(names).toContain(other);
        if (condition === 'service_healthy') expect(compose.services[other]!.healthcheck).toBeDefined();
      }
    }
  });

  it.each(ours)('gives %s all settings that it needs, and no unknown or faulty one', (name) => {
    const { environment = {}, command = [] } = compose.services[name]!;
    expect(Object.keys(environment).filter((key) => !variableNames().includes(key) && key !== 'NODE_EXTRA_CA_CERTS')).toEqual([]);
    const env = Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, filled(value)]));
    expect(readConfig(name as AppName, [], env).PORT).toBe(Number(environment.PORT));
    // As `npm start` runs it.
    expect(command).toEqual(['node', ...(name === 'worker' ? WORKER_FLAGS : []), `dist/apps/${name}/main.js`]);
    expect(existsSync(join(project, command.at(-1)!))).toBe(true);
  });

  it('reaches every backend by TLS, and gives each app its own account; the logins of owner and administrator are where accounts are made', () => {
    const settingsOf = (name: string) =>
      Object.fromEntries(Object.entries(compose.services[name]!.environment!).map(([key, value]) => [key, filled(value)]));
    for (const name of [...ours, 'accounts']) {
      const app = name === 'accounts' ? 'ops' : name;
      const env = settingsOf(name);
      expect(readConfig(app as AppName, [], env).REQUIRE_TLS).toBe('yes');
      expect(env.DATABASE_URL).toContain(`//plantlog_${app}:`);
      expect(env.EVENTSTORE_URL).toContain(`//plantlog-${app}:`);
    }
    for (const name of ours)
      expect(JSON.stringify(compose.services[name])).not.toMatch(/POSTGRES_PASSWORD|EVENTSTORE_ADMIN_PASSWORD|EVENTSTORE_OPS/);
    expect(compose.services.accounts!.command).toEqual(['node', 'dist/apps/ops/main.js', 'accounts']);
  });

  it.each(ours)('checks the health of %s on an open port, and lets it drain', (name) => {
    const { healthcheck, environment = {}, ports = [], expose = [], stop_grace_period } = compose.services[name]!;
    const path = /process\.env\.PORT \+ '(\/[^']+)'/.exec(healthcheck!.test.join(' '))![1];
    expect(`/${Reflect.getMetadata('path', HealthController.prototype.ready) as string}`).toBe(path);
    expect([...ports.map((port) => port.split(':')[1]), ...expose]).toContain(environment.PORT);
    const notice = name === 'api' ? Number(environment.DRAIN_NOTICE_SECONDS ?? 5) : 0;
    expect(parseInt(stop_grace_period!)).toBeGreaterThan(Number(environment.DRAIN_SECONDS) + notice + 5);
  });

  it('contains no secret, and docker/.env.example lists each', () => {
    const example = readFileSync(join(docker, '.env.example'), 'utf8').match(/^\w+(?==)/gm)!;
    expect([...new Set(asked)].sort()).toEqual([...example].sort());
    for (const { environment = {} } of Object.values(compose.services)) {
      for (const [key, value] of Object.entries(environment)) if (/PASSWORD/.test(key)) expect(value).toMatch(/^\$\{\w+:\?/);
    }
  });
});

describe('docker/Dockerfile', () => {
  const dockerfile = readFileSync(join(docker, 'Dockerfile'), 'utf8');
  it('runs as a user without privileges, and copies files that exist', () => {
    expect(dockerfile.match(/^USER (\S+)/gm)!.at(-1)).toBe('USER node');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) => sources!.split(' '));
    expect(copied.filter((source) => !existsSync(join(project, source)))).toEqual([]);
    const allowed = readFileSync(join(docker, 'Dockerfile.dockerignore'), 'utf8')
      .match(/^!.+/gm)!
      .map((line) => line.slice(1));
    expect(copied.filter((source) => !allowed.includes(source))).toEqual([]);
  });
});
