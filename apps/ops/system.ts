import { setTimeout as sleep } from 'node:timers/promises';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { environmentWith, given, readConfig, type Config } from '#platform/runtime/config';
import { PlainFault } from './terminal';

export type Endpoints = Readonly<{
  api?: string;
  eventstore?: string;
  postgres?: string;
  /** The owner of the database, if the other has fewer rights. */
  postgresOwner?: string;
  analyst?: string;
  graphql?: string;
  tokens?: Readonly<Record<string, string>>;
}>;
/** Options of a command for finding the system. */
export type Whereabouts = Readonly<{ dataDir?: string; api?: string; token?: string }>;

/** The data directory of `npm start`. */
export const directoryOf = ({ dataDir }: Whereabouts): string => resolve(dataDir ?? given('DATA_DIR') ?? '.data');

/** Where the running system is: flags first, then the environment, then what `npm start` wrote into its data directory. */
export function endpointsOf(where: Whereabouts): Endpoints {
  const file = join(directoryOf(where), 'endpoints.json');
  let written: Endpoints = {};
  if (existsSync(file)) {
    try {
      written = JSON.parse(readFileSync(file, 'utf8')) as Endpoints;
    } catch (error) {
      throw new PlainFault(`Could not read ${file}: ${(error as Error).message}`);
    }
  }
  const [store, database] = [given('EVENTSTORE_URL'), given('DATABASE_URL')];
  return {
    ...written,
    ...(store ? { eventstore: store } : {}),
    ...(database ? { postgres: database } : {}),
    ...(where.api ? { api: where.api } : {}),
  };
}

/** The api and a token of one of the roles. @throws PlainFault */
export function apiOf(where: Whereabouts, ...roles: readonly string[]): { api: string; token: string } {
  const { api, tokens = {} } = endpointsOf(where);
  if (!api)
    throw new PlainFault(
      `No running system found: there is no endpoints.json in ${directoryOf(where)}. Start it with \`npm start\`, or give --data-dir, or --api and --token.`,
    );
  const token = where.token ?? given('OPS_TOKEN') ?? roles.map((role) => tokens[role]).find((known) => known !== undefined);
  if (!token) throw new PlainFault(`No token of ${roles.join(' or ')} found. Give one with --token or OPS_TOKEN.`);
  return { api, token };
}

/** How long to retry while the api answers 503, in ms. */
const PATIENCE_MS = 20_000;

/** Requests the api; retries 503 for at most 20 s. @throws PlainFault with the answer of the api */
export async function ask(
  where: Whereabouts,
  roles: readonly string[],
  path: string,
  query: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const { api, token } = apiOf(where, ...roles);
  const search = new URLSearchParams(Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])));
  const until = performance.now() + PATIENCE_MS;
  const once = () =>
    fetch(`${api}/${path}?${search.toString()}`, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(60_000) });
  let response: Response;
  try {
    response = await once();
    while (response.status === 503 && performance.now() < until) {
      await sleep(1_000);
      response = await once();
    }
  } catch (error) {
    throw new PlainFault(
      `The api at ${api} does not answer: ${((error as Error).cause as Error | undefined)?.message ?? (error as Error).message}`,
    );
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as Record<string, unknown>;
  let problem: { detail?: string; code?: string; whatToDo?: string } = {};
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    // Not a problem document: use the status.
  }
  throw new PlainFault(
    `${problem.detail ?? `The api answered ${response.status}.`}${problem.code ? ` (${problem.code})` : ''}${problem.whatToDo ? ` ${problem.whatToDo}` : ''}`,
    1,
    response.status,
  );
}

/** Settings for work without the api. @throws ConfigFaults */
export function configOf(where: Whereabouts): Config {
  const { eventstore, postgres, postgresOwner } = endpointsOf(where);
  const changes = {
    ...(postgresOwner && !given('DATABASE_URL') && !given('DATABASE_OWNER_URL') ? { DATABASE_OWNER_URL: postgresOwner } : {}),
    ...(eventstore ? { EVENTSTORE_URL: eventstore } : {}),
    ...(postgres ? { DATABASE_URL: postgres } : {}),
    DATA_DIR: directoryOf(where),
  };
  return readConfig('ops', [], environmentWith(changes));
}

/** The connection string for what only the owner of the database may do. */
export const ownerUrlOf = (config: Config): string => config.DATABASE_OWNER_URL ?? config.DATABASE_URL!;
