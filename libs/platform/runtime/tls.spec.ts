import { ConfigFaults, readConfig } from './config';
import { unencrypted, withoutPassword } from './tls';

const encrypted = {
  REQUIRE_TLS: 'yes',
  EVENTSTORE_URL: 'esdb://api:hunter2@a:2113,b:2113?tls=true&tlsCAFile=/certs/ca.crt',
  DATABASE_URL: 'postgresql://api:hunter2@db:5432/plantlog?sslmode=verify-full&sslrootcert=/certs/ca.crt',
  REDIS_URL: 'rediss://:hunter2@redis:6379',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'https://traces.example',
};

describe('TLS to the backends', () => {
  it('is there in these connection strings', () => expect(unencrypted(encrypted)).toEqual([]));

  it.each([
    ['EVENTSTORE_URL', 'esdb://api:hunter2@a:2113,b:2113?tls=false'],
    ['EVENTSTORE_URL', 'esdb+discover://api:hunter2@a?TLS=False'],
    ['EVENTSTORE_URL', 'esdb://api:hunter2@a:2113?tlsVerifyCert=false'],
    ['EVENTSTORE_URL', 'esdb://localhost:2113,b:2113?tls=false'],
    ['DATABASE_URL', 'postgresql://api:hunter2@db/plantlog'],
    ['DATABASE_URL', 'postgresql://api:hunter2@db/plantlog?sslmode=require'],
    ['DATABASE_URL', 'postgresql://localhost@db/plantlog?sslmode=disable'],
    ['DATABASE_URL', 'postgresql://api:hunter2@localhost/plantlog?host=db.example'],
    ['DATABASE_OWNER_URL', 'postgresql://api:hunter2@db/plantlog?sslmode=prefer'],
    ['REDIS_URL', 'redis://:hunter2@redis:6379'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://traces.example'],
  ])('is missing: %s=%s', (name, url) => {
    const [fault, ...more] = unencrypted({ ...encrypted, [name]: url });
    expect(more).toEqual([]);
    expect(fault).toContain(`${name}: ${withoutPassword(url)} is not encrypted`);
    expect(fault).not.toContain('hunter2');
  });

  it.each(['postgresql://api:x@127.0.0.1:5432/plantlog', 'postgresql://api:x@[::1]:5432/plantlog', 'postgresql://localhost/plantlog'])(
    'is not needed on this machine: %s',
    (url) => expect(unencrypted({ REQUIRE_TLS: 'yes', DATABASE_URL: url })).toEqual([]),
  );

  it('is enforced at start if REQUIRE_TLS is set, and not otherwise', () => {
    const plain = { ...encrypted, DATABASE_URL: 'postgresql://me:hunter2@db/plantlog' };
    const faults = (env: NodeJS.ProcessEnv) => {
      try {
        readConfig('worker', [], env);
        return [];
      } catch (error) {
        return (error as ConfigFaults).faults;
      }
    };
    expect(faults({ ...plain, REQUIRE_TLS: 'no' })).toEqual([]);
    expect(faults(plain)).toEqual([expect.stringContaining('DATABASE_URL: postgresql://me:***@db/plantlog')]);
    expect(faults(encrypted)).toEqual([]);
  });
});
