import { createClient, type Client } from 'graphql-ws';
import { Client as Postgres } from 'pg';
import WebSocket from 'ws';
import { parseToken } from '#platform/store/log-mark';
import { ApiUnderTest } from './api-under-test';

const positionOf = (token: string) => parseToken(token)!.position;

let api: ApiUnderTest;
const clients: Client[] = [];
beforeAll(async () => {
  api = await ApiUnderTest.start();
  for (const facilityId of ['haifa', 'lyon']) {
    const { status } = await api.post('/facility/register-facility', {
      facilityId,
      name: 'Works',
      enterpriseId: 'acme',
      enterpriseName: 'Acme',
      timeZone: 'UTC',
    });
    expect(status).toBe(200);
  }
}, 60_000);
afterAll(async () => {
  await Promise.all(clients.map((client) => client.dispose()));
  await api?.stop();
});

type Move = { id: string; row: { name: string } | null; position: string };
type Heard = { moves: Move[]; errors: unknown[]; closed: Promise<{ code: number }>; done: Promise<void>; stop(): void };

const MOVED = 'subscription($ids: [ID!]) { facilityElementMoved(ids: $ids) { id position row { name } } }';

function listen(
  token: string | undefined,
  query = MOVED,
  variables: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Heard {
  let close: (event: { code: number }) => void;
  const closed = new Promise<{ code: number }>((resolve) => (close = resolve));
  class WithHeaders extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, protocols, { headers });
    }
  }
  const client = createClient({
    url: `${api.api.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WithHeaders,
    retryAttempts: 0,
    lazy: true,
    ...(token === undefined ? {} : { connectionParams: { authorization: `Bearer ${token}` } }),
    on: { closed: (event) => close(event as { code: number }) },
  });
  clients.push(client);
  const heard: Heard = { moves: [], errors: [], closed, done: Promise.resolve(), stop: () => undefined };
  heard.done = new Promise((done) => {
    heard.stop = client.subscribe<{ facilityElementMoved: Move }>(
      { query, variables },
      {
        next: ({ data, errors }) => (data ? heard.moves.push(data.facilityElementMoved) : heard.errors.push(...(errors ?? []))),
        error: (error) => (heard.errors.push(...(Array.isArray(error) ? (error as unknown[]) : [error])), done()),
        complete: () => done(),
      },
    );
  });
  return heard;
}

const until = async (condition: () => boolean, ms = 8_000) => {
  for (const end = Date.now() + ms; !condition() && Date.now() < end;) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(condition()).toBe(true);
};
const rename = async (facilityId: string, name: string) => (await api.post('/facility/rename-facility', { facilityId, name })).body;
/** Renames until the subscription delivers it, because a subscription starts some time after its request. */
const settle = async (heard: Heard, facilityId = 'haifa') => {
  for (let i = 0; heard.moves.length === 0 && i < 100; i += 1) {
    await rename(facilityId, `settling ${i}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(heard.errors).toEqual([]);
};

describe('a subscription', () => {
  it("sends each row of the caller's facilities after it changed, and no other", async () => {
    const [mine, all, one] = [
      listen(api.tokens.operator),
      listen(api.tokens.everywhere),
      listen(api.tokens.everywhere, MOVED, { ids: ['lyon'] }),
    ];
    await settle(mine);
    await settle(all);
    await settle(one, 'lyon');
    const lyon = await rename('lyon', 'Lyon works');
    const haifa = await rename('haifa', 'Haifa works');
    await until(
      () =>
        mine.moves.some(({ row }) => row?.name === 'Haifa works') &&
        all.moves.some(({ row }) => row?.name === 'Lyon works') &&
        one.moves.some(({ row }) => row?.name === 'Lyon works'),
    );
    expect(new Set(mine.moves.map(({ id }) => id))).toEqual(new Set(['haifa']));
    expect(new Set(one.moves.map(({ id }) => id))).toEqual(new Set(['lyon']));
    expect(BigInt(mine.moves.at(-1)!.position)).toBeGreaterThanOrEqual(positionOf(haifa.token));
    expect(positionOf(lyon.token)).toBeLessThan(positionOf(haifa.token));
    for (const heard of [mine, all, one]) heard.stop();
    await Promise.all([mine.done, all.done, one.done]);
  });

  it('continues after the database was down, and misses nothing', async () => {
    const heard = listen(api.tokens.everywhere);
    await settle(heard);
    const postgres = new Postgres({ connectionString: api.system.databaseUrl });
    await postgres.connect();
    await postgres.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await rename('lyon', 'renamed meanwhile');
    await until(() => heard.moves.some(({ row }) => row?.name === 'renamed meanwhile'), 15_000);
    await postgres.end();
    heard.stop();
  }, 30_000);

  it('needs a valid token', async () => {
    for (const token of [undefined, 'x', `${api.tokens.operator}x`, await api.issuer.token({ exp: Math.floor(Date.now() / 1000) - 60 })]) {
      expect((await listen(token).closed).code).toBe(4403);
    }
    const heard = listen(await api.issuer.token({ roles: [] }));
    await heard.done;
    expect(heard.errors).toEqual([
      expect.objectContaining({ extensions: expect.objectContaining({ code: 'role-not-allowed', status: 403 }) }),
    ]);
  });

  it('accepts the token of the upgrade request, too', async () => {
    const heard = listen(undefined, MOVED, {}, { authorization: `Bearer ${api.tokens.everywhere}` });
    await settle(heard);
    heard.stop();
  });

  it('ends when the token does', async () => {
    const heard = listen(await api.issuer.token({ exp: Math.floor(Date.now() / 1000) + 2, roles: ['operator'] }));
    await settle(heard);
    expect((await heard.closed).code).toBe(4403);
  }, 15_000);

  it('is refused to pages of other origins', async () => {
    const url = `${api.api.url.replace('http', 'ws')}/graphql`;
    const status = (headers: Record<string, string>, path = url) =>
      new Promise<number | string>((resolve) => {
        const socket = new WebSocket(path, 'graphql-transport-ws', { headers });
        socket.on('open', () => (socket.close(), resolve('open')));
        socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
        socket.on('error', () => undefined);
      });
    for (const origin of ['https://evil.test', 'null']) expect(await status({ origin })).toBe(403);
    expect(await status({ origin: api.api.url })).toBe('open');
    expect(await status({}, `${url}x`)).toBe(404);
  });

  it.each<[string, string]>([
    ['not a subscription', '{ me { actor } }'],
    ['a command', 'mutation { renameFacility(input: { facilityId: "haifa", name: "by socket" }) { id } }'],
    ['an unknown field', 'subscription { nothing }'],
    ['too complex', `subscription { facilityElementMoved { ${Array.from({ length: 40 }, (_, i) => `a${i}: id`).join(' ')} } }`],
    ['a flood of tokens', `subscription { facilityElementMoved { ${'id '.repeat(3_000)} } }`],
    ['introspection', '{ __schema { types { name } } }'],
    ['not GraphQL', 'x'],
  ])('is refused if the document is %s', async (_, query) => {
    const heard = listen(api.tokens.everywhere, query);
    await heard.done;
    expect(heard.errors[0]).toMatchObject({ extensions: { status: 400 } });
    expect(heard.moves).toEqual([]);
    expect((await api.get('/facility/haifa')).body.name).not.toBe('by socket');
  });
});
