import { AccessDeniedError, EventStoreDBClient, NotFoundError, START } from '@eventstore/db-client';
import { GossipClient } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { MemberInfo } from '@eventstore/db-client/generated/gossip_pb';
import { MonitoringClient } from '@eventstore/db-client/generated/monitoring_grpc_pb';
import { StatsReq } from '@eventstore/db-client/generated/monitoring_pb';
import { OperationsClient } from '@eventstore/db-client/generated/operations_grpc_pb';
import { ScavengeResp, SetNodePriorityReq, StartScavengeReq, StopScavengeReq } from '@eventstore/db-client/generated/operations_pb';
import { ServerFeaturesClient } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { UsersClient } from '@eventstore/db-client/generated/users_grpc_pb';
import { CreateReq } from '@eventstore/db-client/generated/users_pb';
import { status } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { deadline, download, unary } from './raw';
import { admin, all, contract, events, fresh, impostor, type Login, ops, type ServerUnderTest } from './server-under-test';

type Answer = { code: number; reason: string; headers: http.IncomingHttpHeaders; body: string };

const request = (
  server: ServerUnderTest,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
  login: Login | null = admin,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const auth = login && server.mode === 'tls' ? `${login.username}:${login.password}` : undefined;
    const options = { host: server.host, port: server.port, method, path, headers, auth, ca: server.authority, agent: false };
    const sent = (server.mode === 'tls' ? https : http).request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({ code: response.statusCode!, reason: response.statusMessage!, headers: response.headers, body: text }),
      );
    });
    sent.on('error', reject).end(body);
  });

contract('the node', (server) => {
  it('announces its methods in lower case, with a numeric version', async () => {
    const client = server().raw(ServerFeaturesClient);
    const { answers } = await unary(client.getSupportedMethods.bind(client, new Empty()), server().as(null));
    const found = answers[0]!.toObject();
    expect(found.eventStoreServerVersion).toMatch(/^\d+\.\d+\.\d+/);
    const features = new Map(
      found.methodsList.map(({ serviceName, methodName, featuresList }) => [`${serviceName}/${methodName}`, featuresList]),
    );
    expect(features.get('event_store.client.streams.streams/batchappend')).toEqual(['deadline_duration']);
    expect(features.get('event_store.client.streams.streams/read')).toEqual(['position', 'events']);
    expect(features.get('event_store.client.projections.projections/create')).toEqual(['track_emitted_streams']);
    for (const method of ['create', 'update', 'delete', 'read', 'getinfo', 'replayparked', 'list', 'restartsubsystem']) {
      expect(features.get(`event_store.client.persistent_subscriptions.persistentsubscriptions/${method}`)).toEqual(['stream', 'all']);
    }
  });

  it('is found by clients that use discovery', async () => {
    const client = server().raw(GossipClient);
    const { answers } = await unary(client.read.bind(client, new Empty()), server().as());
    const members = answers[0]!.getMembersList();
    expect(members.filter((member) => member.getState() === MemberInfo.VNodeState.LEADER && member.getIsAlive())).toHaveLength(1);
    const endpoints = [0, 0].map(() => ({ address: server().host, port: server().port }));
    const credentials = server().mode === 'tls' ? { rootCertificate: Buffer.from(server().authority!) } : { insecure: true };
    const discovering = new EventStoreDBClient({ endpoints, nodePreference: 'random' }, credentials, admin);
    expect(await all(discovering.readAll({ maxCount: 1 }))).toHaveLength(1);
    (await (discovering as unknown as { getChannel(): Promise<{ close(): void }> }).getChannel()).close();
  });

  it('sends its statistics at once and again after each period', async () => {
    const client = server().raw(MonitoringClient);
    const stats = client.stats(new StatsReq().setRefreshTimePeriodInMs('200'), server().as(), deadline());
    const { answers } = await download(stats, 2);
    const figures = new Map(answers[1]!.getStatsMap().toObject());
    expect(Number(figures.get('proc-mem'))).toBeGreaterThan(0);
    const negative = client.stats(new StatsReq().setRefreshTimePeriodInMs('18446744073709551615'), server().as(), deadline());
    expect(await download(negative)).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('obeys operators', async () => {
    const client = server().raw(OperationsClient);
    const as = server().as(ops);
    const options = new StartScavengeReq.Options().setThreadCount(1).setStartFromChunk(0);
    const started = await unary(client.startScavenge.bind(client, new StartScavengeReq().setOptions(options)), as);
    expect(started.answers[0]!.getScavengeId()).not.toBe('');
    expect([ScavengeResp.ScavengeResult.STARTED, ScavengeResp.ScavengeResult.INPROGRESS]).toContain(
      started.answers[0]!.getScavengeResult(),
    );
    const unknown = randomUUID();
    const stop = new StopScavengeReq().setOptions(new StopScavengeReq.Options().setScavengeId(unknown));
    expect(await unary(client.stopScavenge.bind(client, stop), as)).toMatchObject({
      code: status.NOT_FOUND,
      details: 'Scavenge id was invalid.',
      trailers: { exception: 'scavenge-not-found', 'scavenge-id': unknown },
    });
    const none = new StartScavengeReq().setOptions(new StartScavengeReq.Options().setThreadCount(0));
    expect(await unary(client.startScavenge.bind(client, none), as)).toMatchObject({ code: status.INVALID_ARGUMENT });
    for (const ended of [
      unary(client.mergeIndexes.bind(client, new Empty()), as),
      unary(client.setNodePriority.bind(client, new SetNodePriorityReq().setPriority(1)), as),
      unary(client.restartPersistentSubscriptions.bind(client, new Empty()), as),
    ]) {
      expect(await ended).toMatchObject({ code: status.OK });
    }
  });

  it('refuses other users, unless everyone is an administrator', async () => {
    const client = server().raw(OperationsClient);
    if (server().mode === 'insecure') {
      expect(await unary(client.mergeIndexes.bind(client, new Empty()), server().as(null))).toMatchObject({ code: status.OK });
      return;
    }
    for (const ended of [
      unary(client.shutdown.bind(client, new Empty()), server().as(null)),
      unary(client.resignNode.bind(client, new Empty()), server().as(null)),
      unary(client.mergeIndexes.bind(client, new Empty()), server().as(null)),
    ]) {
      expect(await ended).toMatchObject({ code: status.PERMISSION_DENIED, trailers: { exception: 'access-denied' } });
    }
    expect(await unary(client.shutdown.bind(client, new Empty()), server().as(impostor))).toMatchObject({ code: status.UNAUTHENTICATED });
  });
});

contract('projections', (server) => {
  it('are listed, reset and restarted by operators', async () => {
    const client = server().client(ops);
    expect((await client.listProjections()).map(({ name }) => name)).toEqual(expect.arrayContaining(['$by_category', '$streams']));
    await client.resetProjection('$by_category');
    expect((await client.getProjectionStatus('$by_category')).name).toBe('$by_category');
    expect(await client.restartSubsystem()).toBeUndefined();
  });

  it('that do not exist are not found', async () => {
    const client = server().client();
    const name = fresh('nowhere');
    for (const call of [
      () => client.getProjectionStatus(name),
      () => client.getProjectionState(name),
      () => client.getProjectionResult(name),
      () => client.enableProjection(name),
      () => client.disableProjection(name),
      () => client.abortProjection(name),
      () => client.resetProjection(name),
      () => client.updateProjection(name, 'fromAll()'),
      () => client.deleteProjection(name),
    ]) {
      await expect(call()).rejects.toThrow(NotFoundError);
    }
  });

  it('cannot be changed by other users', async () => {
    if (server().mode === 'insecure') return;
    const login = { username: fresh('worker'), password: 'only for a while' };
    const options = new CreateReq.Options().setLoginName(login.username).setPassword(login.password).setFullName('A worker');
    const users = server().raw(UsersClient);
    expect(await unary(users.create.bind(users, new CreateReq().setOptions(options)), server().as())).toMatchObject({ code: status.OK });
    const worker = server().client(login);
    expect((await worker.listProjections()).length).toBeGreaterThan(0);
    await expect(worker.restartSubsystem()).rejects.toThrow(AccessDeniedError);
    for (const call of [
      () => worker.enableProjection('$streams'),
      () => worker.disableProjection('$streams'),
      () => worker.resetProjection('$streams'),
      () => server().client(null).restartSubsystem(),
    ]) {
      await expect(call()).rejects.toThrow();
    }
  });
});

contract('HTTP on the same port', (server) => {
  it('reports that the node is live', async () => {
    expect(await request(server(), 'GET', '/health/live', {}, undefined, null)).toMatchObject({ code: 204, body: '' });
    expect(await request(server(), 'HEAD', '/health/live', {}, undefined, null)).toMatchObject({ code: 204 });
    expect(await request(server(), 'GET', '/health/live?liveCode=200', {}, undefined, null)).toMatchObject({ code: 200 });
  });

  it('answers the client’s ping and refuses unknown requests', async () => {
    const client = server().client() as unknown as { HTTPRequest(method: string, path: string, options: object): Promise<unknown> };
    expect(await client.HTTPRequest('GET', '/ping', {})).toMatchObject({
      msgTypeId: expect.any(Number),
      text: 'Ping request successfully handled',
    });
    expect(await request(server(), 'POST', '/asdpoijsad')).toMatchObject({ code: 404, reason: 'Not Found' });
  });

  it('reports version and state', async () => {
    const { code, body } = await request(server(), 'GET', '/info', {}, undefined, null);
    expect(code).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ esVersion: expect.stringMatching(/^\d+\.\d+/), state: 'leader' });
  });

  it('gossips', async () => {
    const { body } = await request(server(), 'GET', '/gossip', {}, undefined, null);
    const { members } = JSON.parse(body) as { members: { state: string; isAlive: boolean }[] };
    expect(members.some(({ state, isAlive }) => state === 'Leader' && isAlive)).toBe(true);
  });

  it('reports statistics to users', async () => {
    expect((await request(server(), 'GET', '/stats')).code).toBe(200);
    const stranger = await request(server(), 'GET', '/stats', {}, undefined, null);
    expect(stranger.code).toBe(server().mode === 'tls' ? 401 : 200);
  });

  it('accepts one event, even if it is not JSON', async () => {
    const stream = fresh('order');
    const id = randomUUID();
    const posted = await request(
      server(),
      'POST',
      `/streams/${stream}`,
      { 'Content-Type': 'application/json', 'ES-EventType': 'Made', 'ES-EventId': id },
      '{"index":0}',
    );
    expect(posted).toMatchObject({ code: 201, reason: 'Created' });
    expect(posted.headers.location).toMatch(new RegExp(`/streams/${stream}/0$`));
    await request(server(), 'POST', `/streams/${stream}`, { 'Content-Type': 'application/json', 'ES-EventType': 'malformed' }, '****');
    const found = await all(server().client().readStream(stream, { fromRevision: START }));
    expect(found.map(({ event }) => [event!.type, event!.data, event!.isJson])).toEqual([
      ['Made', { index: 0 }, true],
      ['malformed', '****', true],
    ]);
    expect(found[0]!.event!.id).toBe(id);
  });

  it('accepts a list of events at an expected version', async () => {
    const stream = fresh('order');
    const list = JSON.stringify(
      [0, 1].map((index) => ({ eventId: randomUUID(), eventType: 'Made', data: { index }, metadata: { who: 'ada' } })),
    );
    const headers = { 'Content-Type': 'application/vnd.eventstore.events+json', 'ES-ExpectedVersion': '-1' };
    expect(await request(server(), 'POST', `/streams/${stream}`, headers, list)).toMatchObject({ code: 201 });
    const other = list.replaceAll(/"eventId":"[^"]+"/g, () => `"eventId":"${randomUUID()}"`);
    const refused = await request(server(), 'POST', `/streams/${stream}`, headers, other);
    expect(refused).toMatchObject({ code: 400, reason: 'Wrong expected EventNumber' });
    expect(refused.headers['es-currentversion']).toBe('1');
    expect((await all(server().client().readStream(stream))).map(({ event }) => event!.metadata)).toEqual([{ who: 'ada' }, { who: 'ada' }]);
    expect(await request(server(), 'POST', `/streams/${stream}/`, { ...headers, 'ES-ExpectedVersion': '1' }, other)).toMatchObject({
      code: 201,
    });
    expect(await all(server().client().readStream(stream))).toHaveLength(4);
  });

  it('refuses invalid events', async () => {
    const path = `/streams/${fresh('order')}`;
    expect(await request(server(), 'POST', path, { 'Content-Type': 'application/json' }, '{}')).toMatchObject({ code: 400 });
    expect(await request(server(), 'POST', path, { 'Content-Type': 'application/vnd.eventstore.events+json' }, '{')).toMatchObject({
      code: 400,
    });
    const tooLong = JSON.stringify(['Made', 'x'.repeat(70_000)].map((eventType) => ({ eventType })));
    expect(await request(server(), 'POST', path, { 'Content-Type': 'application/vnd.eventstore.events+json' }, tooLong)).toMatchObject({
      code: 400,
    });
    expect(await request(server(), 'POST', path, { 'Content-Type': 'text/plain', 'ES-EventType': 'x' }, 'hi')).toMatchObject({ code: 415 });
    expect(
      await request(
        server(),
        'POST',
        path,
        { 'Content-Type': 'application/json', 'ES-EventType': 'x', 'ES-ExpectedVersion': 'soon' },
        '{}',
      ),
    ).toMatchObject({ code: 400 });
  });

  it('refuses a deleted stream and a caller who may not write', async () => {
    const stream = fresh('order');
    const headers = { 'Content-Type': 'application/json', 'ES-EventType': 'Made' };
    await server().client().appendToStream(stream, events(1));
    await server().client().tombstoneStream(stream);
    expect(await request(server(), 'POST', `/streams/${stream}`, headers, '{}')).toMatchObject({ code: 410, reason: 'Deleted' });
    if (server().mode === 'insecure') return;
    for (const login of [null, impostor]) {
      const refused = await request(server(), 'POST', `/streams/${fresh('order')}`, headers, '{}', login);
      expect(refused.code).toBe(401);
      expect(refused.headers['www-authenticate']).toMatch(/^Basic /);
    }
  });
});
