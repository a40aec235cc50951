import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigFaults, envExample, readConfig, shownConfig, variableNames } from './config';

const enough = {
  EVENTSTORE_URL: 'esdb+discover://admin:changeit-store@a:2113,b:2113,c:2113?tls=true',
  DATABASE_URL: 'postgresql://me:changeit-sql@localhost:5432/plantlog',
  JWT_ISSUER: 'https://login.example',
  JWKS_URL: 'https://login.example/keys',
};

const faultsOf = (read: () => unknown): readonly string[] => {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigFaults) return error.faults;
  }
  throw new Error('no fault was found');
};

describe('the settings', () => {
  it('are complete when the required variables are set; the rest have defaults', () => {
    expect(readConfig('api', [], enough)).toMatchObject({
      PORT: 3000,
      HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
      JWT_AUDIENCE: 'plantlog',
      ...enough,
    });
    expect(readConfig('worker', [], enough).PORT).toBe(3001);
    expect(readConfig('standalone', [], {}).EVENTSTORE_URL).toBeUndefined();
  });

  it('treat an empty variable as not set', () => {
    expect(readConfig('api', [], { ...enough, REDIS_URL: ' ', PORT: '' })).toMatchObject({ PORT: 3000, REDIS_URL: undefined });
  });

  it('report all faults at once, missing and malformed variables', () => {
    const faults = faultsOf(() =>
      readConfig('api', [], {
        PORT: '70000',
        LOG_LEVEL: 'loud',
        REDIS_URL: 'localhost:6379',
        BODY_LIMIT: '1e6',
        DATABASE_URL: 'mysql://x',
      }),
    );
    for (const name of ['PORT', 'LOG_LEVEL', 'REDIS_URL', 'BODY_LIMIT', 'DATABASE_URL', 'EVENTSTORE_URL', 'JWT_ISSUER', 'JWKS_URL']) {
      expect(faults.filter((fault) => fault.startsWith(name))).toHaveLength(1);
    }
    expect(faults).toHaveLength(8);
  });

  it.each([['-1'], ['80.5'], ['0x50'], ['65536'], ['http'], ['9'.repeat(400)]])('do not accept %s as a port', (PORT) => {
    expect(faultsOf(() => readConfig('standalone', [], { PORT }))).toHaveLength(1);
  });

  it('never show a secret, neither in a fault nor in the settings printed at start', () => {
    const faults = faultsOf(() => readConfig('standalone', [], { DATABASE_URL: 'me:hunter2@host', ANALYST_PASSWORD: 'short' }));
    expect(faults.join()).not.toMatch(/hunter2|short\b/);
    expect(JSON.stringify(shownConfig(readConfig('api', [], enough)))).not.toContain('changeit');
  });

  it('can be required by one caller only', () => {
    expect(faultsOf(() => readConfig('standalone', ['DATABASE_URL'], {}))).toEqual([expect.stringMatching(/^DATABASE_URL is missing/)]);
  });

  it('of a single app are not read by the others', () => {
    expect(readConfig('event-store', [], { SYSTEM_PROJECTIONS: 'true' }).SYSTEM_PROJECTIONS).toBe('true');
    expect(readConfig('standalone', [], { SYSTEM_PROJECTIONS: 'perhaps' }).SYSTEM_PROJECTIONS).toBeUndefined();
    expect(faultsOf(() => readConfig('event-store', [], { SYSTEM_PROJECTIONS: 'perhaps' }))).toHaveLength(1);
  });

  it('are each read by some app', () => {
    const root = resolve(__dirname, '../../..');
    const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.js') && !/spec\.js$|(^|\/)test\//.test(file) && !file.endsWith('runtime/config.js'))
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .join('\n');
    expect(variableNames().filter((name) => !new RegExp(`(\\.|given\\)\\(')${name}\\b`).test(sources))).toEqual([]);
  });

  it('are all listed in .env.example, which is itself valid', () => {
    const example = readFileSync(resolve(__dirname, '../../../../.env.example'), 'utf8');
    expect(example).toBe(envExample());
    const lines = example.split('\n').filter((line) => /^[A-Z_]+=/.test(line));
    const env = Object.fromEntries(lines.map((line) => line.split('=', 2) as [string, string]));
    expect(() => readConfig('standalone', [], env)).not.toThrow();
  });
});
