import { LIMITS } from '#platform/http/graphql-limits';
import { ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
beforeAll(async () => void (api = await ApiUnderTest.start({ BODY_LIMIT: '1048576' })), 60_000);
afterAll(() => api?.stop());

const register = (facilityId: string) =>
  `mutation { registerFacility(input: { facilityId: "${facilityId}", name: "Works", enterpriseId: "acme", enterpriseName: "Acme", timeZone: "UTC" }) { id revision changed events } }`;

describe('GraphQL', () => {
  it('is the same api as REST: command, query, caller', async () => {
    expect((await api.graphql('{ me { actor roles } }', undefined, api.tokens.operator)).body).toEqual({
      data: { me: { actor: 'operator-1', roles: ['operator'] } },
    });
    expect((await api.graphql(register('haifa'))).body).toEqual({
      data: { registerFacility: { id: 'haifa', revision: '0', changed: true, events: ['FacilityRegistered'] } },
    });
  });

  it('needs a caller with permission', async () => {
    const nobody = await api.graphql('{ me { actor } }', undefined, '');
    expect([nobody.status, nobody.body.errors[0].extensions.code]).toEqual([401, 'unauthenticated']);
    const operator = await api.graphql(register('haifa'), undefined, api.tokens.operator);
    expect(operator.body).toEqual({
      data: { registerFacility: null },
      errors: [
        expect.objectContaining({
          path: ['registerFacility'],
          extensions: expect.objectContaining({ code: 'role-not-allowed', status: 403 }),
        }),
      ],
    });
  });

  it('reports an invalid input in the same words as REST', async () => {
    const { body } = await api.graphql(register('Haifa 1'));
    expect(body.errors[0].extensions).toMatchObject({
      code: 'invalid-input',
      status: 400,
      errors: [{ field: 'facilityId', message: expect.any(String) }],
      correlationId: expect.any(String),
    });
    const refused = await api.graphql(register('haifa').replace('"Works"', '"Other works"'));
    expect(refused.body.errors[0].extensions).toMatchObject({ code: 'facility-already-registered', status: 422 });
    const absent = await api.graphql('mutation { renameFacility(input: { facilityId: "nowhere", name: "x" }) { id } }');
    expect(absent.body.errors[0].extensions).toMatchObject({ code: 'not-found', status: 404 });
  });

  it('returns the receipts of accepted mutations when another one of the request is refused', async () => {
    const two =
      'mutation { a: renameFacility(input: { facilityId: "haifa", name: "New works" }) { changed } b: renameFacility(input: { facilityId: "nowhere", name: "x" }) { changed } }';
    const { status, body } = await api.graphql(two);
    expect([status, body.data]).toEqual([200, { a: { changed: true }, b: null }]);
    expect(body.errors).toMatchObject([{ path: ['b'], extensions: { code: 'not-found' } }]);
  });

  it('does not show its schema unless configured to', async () => {
    for (const query of [
      '{ __schema { types { name } } }',
      '{ __type(name: "Me") { name } }',
      '{ me { ...on Me { __typename } } __schema { types { name } } }',
    ]) {
      const { status, body } = await api.graphql(query);
      expect([status, body.errors[0].extensions.code]).toEqual([400, 'invalid-query']);
    }
    expect((await api.graphql('{ me { actr } }')).body.errors[0].message).toBe('Cannot query field "actr" on type "Me".');
    expect((await api.graphql('mutation { renameFacilty }')).text).not.toContain('Did you mean');
  });

  const BOUND_MS = 200;
  const lists = (first: string) =>
    Array.from(
      { length: 15 },
      (_, n) => `a${n}: orderBoard(${first}) { items { productionOrderId legs { workOrderId good scrap } } }`,
    ).join(' ');
  const spread = (depth: number) =>
    `{ ...f0 } ${Array.from({ length: depth }, (_, i) => `fragment f${i} on Query { a${i}: me { actor } ...f${i + 1} ...f${i + 1} }`).join(' ')} fragment f${depth} on Query { me { actor } }`;
  it.each<[string, string]>([
    ['deep', `{ me ${'{ me '.repeat(50)} ${'}'.repeat(50)} }`],
    ['full of aliases', `{ ${Array.from({ length: LIMITS.aliases + 1 }, (_, i) => `a${i}: me { actor }`).join(' ')} }`],
    ['full of ten thousand aliases', `{ ${Array.from({ length: 10_000 }, (_, i) => `a${i}: me { actor }`).join(' ')} }`],
    ['full of directives', `{ me { actor ${'@skip(if: false) '.repeat(LIMITS.directives + 1)} } }`],
    ['full of ten thousand directives', `{ me { actor ${'@x '.repeat(10_000)} } }`],
    ['a fragment bomb', spread(30)],
    ['a cycle of fragments', '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }'],
    ['full of root fields', `{ ${Array.from({ length: LIMITS.rootFields + 1 }, () => 'me { actor }').join(' ')} }`],
    ['one field repeated many times', `{ me { ${'actor '.repeat(490)} } }`],
    ['rows by the default of a variable', `query ($n: Int = 500) { ${lists('first: $n')} }`],
    [
      'rows within an input',
      `{ ${Array.from({ length: 15 }, (_, n) => `a${n}: auditReplay(first: 500) { items { id stream type data metadata } }`).join(' ')} }`,
    ],
    ['a flood of tokens', `{ ${'me { actor } '.repeat(LIMITS.tokens)} }`],
    ['a parsed document', JSON.stringify({ kind: 'Document', definitions: [] })],
    ['JSON', 'null'],
    ['nothing', ''],
    ['not GraphQL', 'select 1'],
  ])('refuses a document that is %s', async (_, query) => {
    // The process does other things, too: of several attempts, the cheapest tells what the refusal costs. Unbounded ones cost seconds.
    let cheapest = Infinity;
    for (let attempt = 0; attempt < 4 && cheapest > BOUND_MS; attempt += 1) {
      const begin = process.cpuUsage();
      const { status, body } = await api.graphql(query);
      cheapest = Math.min(cheapest, process.cpuUsage(begin).user / 1_000);
      expect([status, body.data]).toEqual([400, null]);
      expect(['query-too-large', 'invalid-query']).toContain(body.errors[0].extensions.code);
    }
    expect(cheapest).toBeLessThan(BOUND_MS);
  });

  it('accepts one operation by POST as JSON, nothing else', async () => {
    const { tokens } = api;
    expect((await api.send('POST', '/graphql', { token: tokens.operator, body: [{ query: '{ me { actor } }' }] })).status).toBe(400);
    expect((await api.get(`/graphql?query=${encodeURIComponent(register('x'))}`)).status).toBe(405);
    expect((await api.get(`/graphql?query=${encodeURIComponent('{me{actor}}')}`)).status).toBe(405);
    for (const type of ['text/plain', 'application/graphql', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded']) {
      expect(
        (await api.send('POST', '/graphql', { token: tokens.operator, body: '{"query":"{me{actor}}"}', headers: { 'content-type': type } }))
          .status,
      ).toBe(415);
    }
    expect((await api.graphql('query a { me { actor } } query b { me { actor } }')).body.errors[0].extensions.code).toBe('invalid-query');
    expect((await api.send('POST', '/graphql', { token: tokens.operator, body: { query: 7 } })).status).toBe(400);
    expect(
      (await api.send('POST', '/graphql', { token: tokens.operator, body: { query: '{ me { actor } }', variables: 'x' } })).status,
    ).toBe(400);
    const moved = 'subscription moved { equipmentMoved { id } }';
    for (const body of [{ query: moved }, { query: `query me { me { actor } } ${moved}`, operationName: 'moved' }]) {
      const answer = await api.send('POST', '/graphql', { token: tokens.operator, body });
      expect([answer.status, answer.body.errors[0].extensions.code]).toEqual([400, 'invalid-query']);
    }
    const beside = { query: `query me { me { actor } } ${moved}`, operationName: 'me' };
    expect((await api.send('POST', '/graphql', { token: tokens.operator, body: beside })).body.data.me.actor).toBeDefined();
    const headers = { 'idempotency-key': 'k' };
    expect((await api.post('/graphql', { query: register('haifa') }, tokens.everywhere, headers)).body.errors[0].extensions.code).toBe(
      'invalid-input',
    );
  });

  it('does not coerce variables to another type', async () => {
    const query = 'mutation($i: RegisterFacility!) { registerFacility(input: $i) { id } }';
    const good = { facilityId: 'lyon', name: 'Works', enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'UTC' };
    for (const i of [
      null,
      [],
      'x',
      7,
      { ...good, facilityId: { $ne: 1 } },
      { ...good, isAdmin: true },
      { ...good, name: ['a'] },
      { ...good, facilityId: true },
    ]) {
      const { status, body } = await api.graphql(query, { i });
      expect([status, body.data ?? null]).toEqual([400, null]);
    }
    expect((await api.graphql(query, { i: good })).body.data.registerFacility.id).toBe('lyon');
  });
});
