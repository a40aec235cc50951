/**
 * Which connection strings are encrypted and check the other side's certificate. Hides: how each scheme says so. Promises: with REQUIRE_TLS an app
 * connects to no backend in the clear, except on this machine. Does not: connect.
 */

/** What is wrong with a connection string and how to write it; without its password. Undefined if it is encrypted. */
type Fault = string | undefined;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The URL without its password. */
export const withoutPassword = (url: string): string => url.replace(/(:\/\/[^:/@]*:)[^@]+@/, '$1***@');

/** The parameters of a connection string by lower-case names, and whether all its hosts are on this machine. */
function partsOf(url: string): { parameter: (name: string) => string | undefined; local: boolean } {
  const [, hosts = '', query = ''] = /^[a-z+]+:\/\/(?:[^/?#]*@)?([^/?#]*)[^?#]*(?:\?([^#]*))?/.exec(url) ?? [];
  const given = new Map([...new URLSearchParams(query)].map(([name, value]) => [name.toLowerCase(), value.toLowerCase()]));
  // The driver of PostgreSQL connects to these instead, where they are given.
  const others = ['host', 'hostaddr'].flatMap((name) => given.get(name) ?? []);
  const local = [hosts, ...others].every((all) => all.split(',').every((host) => LOOPBACK.test(host.replace(/:\d+$/, ''))));
  return { parameter: (name) => given.get(name), local };
}

const checks: Record<string, (parameter: (name: string) => string | undefined, url: string) => Fault> = {
  EVENTSTORE_URL: (parameter) =>
    parameter('tls') === 'false' || parameter('tlsverifycert') === 'false' ? 'remove tls=false and tlsVerifyCert=false' : undefined,
  DATABASE_URL: (parameter) => (parameter('sslmode') === 'verify-full' ? undefined : 'add sslmode=verify-full, and sslrootcert=<file>'),
  REDIS_URL: (_parameter, url) => (url.startsWith('rediss://') ? undefined : 'write rediss://'),
  OTEL_EXPORTER_OTLP_ENDPOINT: (_parameter, url) => (url.startsWith('https://') ? undefined : 'write https://'),
};
checks.DATABASE_OWNER_URL = checks.DATABASE_URL!;
checks.EVENTSTORE_ADMIN_URL = checks.EVENTSTORE_URL!;

/** The faults of all settings that name a backend, if REQUIRE_TLS is set. */
export const unencrypted = (settings: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(settings.REQUIRE_TLS === 'yes' ? checks : {}).flatMap(([name, check]) => {
    const url = settings[name];
    if (typeof url !== 'string') return [];
    const { parameter, local } = partsOf(url);
    const fault = local ? undefined : check(parameter, url);
    return fault ? [`${name}: ${withoutPassword(url)} is not encrypted and checked, and REQUIRE_TLS is set; ${fault}.`] : [];
  });
