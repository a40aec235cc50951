import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandBus } from '@nestjs/cqrs';
import { Pool } from 'pg';
import { Registry } from '#platform/commands/registry';
import { ProcessRunner } from '#platform/processes/processes';
import { sendThrough } from '#platform/processes/send';
import { EventStore } from '#platform/store/event-store';
import { processes } from '#processes/processes';
import { ApiUnderTest } from './api-under-test';
import { strangeMetadata } from './strange';

const SPLITS = 'when-lot-split-create-child';
const ABORTS = 'when-equipment-aborted-hold-work-orders';

describe('processes, operated by people', () => {
  let api: ApiUnderTest;
  let store: EventStore;
  let runner: ProcessRunner;
  const lots = { parent: `haifa.L${Date.now()}`, child: `haifa.C${Date.now()}` };
  const instanceId = `${lots.parent}~${lots.child}`;
  const of = (process: string, id: string) => `process=${process}&instanceId=${encodeURIComponent(id)}`;
  const look = (process: string, id: string, token?: string) =>
    api.get(`/processes/instance?${of(process, id)}`, token ?? api.tokens.supervisor);
  const decide = (what: string, body: object, token?: string) => api.post(`/processes/${what}`, body, token ?? api.tokens.supervisor);
  const until = async (wanted: () => Promise<unknown>): Promise<void> => {
    const end = Date.now() + 20_000;
    while (!(await wanted())) {
      if (Date.now() > end) throw new Error('nothing of the kind within 20 s');
      await sleep(50);
    }
  };

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    const { app } = api.api;
    store = app.get(EventStore);
    runner = new ProcessRunner({
      store,
      pool: app.get(Pool),
      processes,
      send: sendThrough(app.get(CommandBus), app.get(Registry)),
      targetOf: ({ type, data }) => app.get(Registry).targetOf(type, data) ?? '',
      timerPollMs: 100,
    });
    runner.start();
    await api.plants('haifa');
    const kg = (amount: string) => ({ amount, unit: 'kg' });
    await api.post('/material-lot/receive-lot', { lotId: lots.parent, materialId: 'steel', quantity: kg('100') }, api.tokens.supervisor);
    await api.post('/material-lot/split-lot', { lotId: lots.parent, childLotId: lots.child, quantity: kg('25') }, api.tokens.supervisor);
    await until(async () => (await look(SPLITS, instanceId)).body.status === 'done');
  }, 180_000);
  afterAll(async () => {
    await runner?.stop();
    await api?.stop();
  });

  it('have job queues whose depth operators see, with the time of the count', async () => {
    const pool = api.api.app.get(Pool);
    await pool.query(`INSERT INTO queue_report VALUES ('process-timers', 'redis', 3, 1, 12, 0, '2026-01-05T08:00:00Z')`);
    const expected = {
      items: [
        { queue: 'process-timers', backend: 'redis', waiting: 3, active: 1, delayed: 12, failed: 0, countedAt: '2026-01-05T08:00:00.000Z' },
      ],
    };
    expect((await api.get('/processes/queues', api.tokens.everywhere)).body).toEqual(expected);
    const query = '{ jobQueues { items { queue backend waiting active delayed failed countedAt } } }';
    expect((await api.post('/graphql', { query }, api.tokens.everywhere)).body).toEqual({ data: { jobQueues: expected } });
    // The counts are of all plants.
    const ofOnePlant = await api.get('/processes/queues', api.tokens.supervisor);
    expect([ofOnePlant.status, ofOnePlant.body.code]).toEqual([403, 'facility-not-in-scope']);
    expect((await api.get('/processes/queues', api.tokens.operator)).status).toBe(403);
  });

  it('are listed, each with the labelled steps of its history', async () => {
    const mine = async () =>
      ((await api.get(`/processes?process=${SPLITS}&state=Over`, api.tokens.supervisor)).body.items as { instanceId: string }[]).find(
        (row) => row.instanceId === instanceId,
      );
    await until(mine);
    expect(await mine()).toMatchObject({ process: SPLITS, status: 'done', facilityId: 'haifa', lastInput: 'CommandAccepted' });
    const { status, body } = await look(SPLITS, instanceId);
    expect(status).toBe(200);
    expect(body).toMatchObject({ over: true, paused: false, parked: null, pending: [], waiting: [] });
    expect((body.timeline as { label: string }[]).map(({ label }) => label)).toEqual([
      'Lot split: Create lot from split',
      'Create lot from split accepted',
      'Create lot from split was accepted',
    ]);
  });

  it('are paused and resumed with a reason, which is recorded in their stream', async () => {
    const body = { process: SPLITS, instanceId, reason: 'stock taking' };
    expect((await decide('pause-instance', body)).body).toMatchObject({ paused: true });
    expect(await decide('pause-instance', body)).toMatchObject({ status: 409, body: { code: 'instance-paused' } });
    const resumed = (await decide('resume-instance', body)).body;
    expect(resumed).toMatchObject({ paused: false });
    expect((resumed.timeline as object[]).slice(-2)).toMatchObject([
      { type: 'InstancePaused', label: 'paused', role: 'supervisor', reason: 'stock taking' },
      { type: 'InstanceResumed', label: 'resumed', role: 'supervisor' },
    ]);
  });

  it('cannot be operated by other roles and other plants', async () => {
    expect((await look(SPLITS, instanceId, api.tokens.operator)).status).toBe(403);
    expect((await look(SPLITS, 'lyon.A~lyon.B')).status).toBe(404);
    const abroad = { process: SPLITS, instanceId: 'lyon.A~lyon.B', reason: 'curious' };
    expect(await decide('retry-instance', abroad)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(await decide('stop-process', { process: SPLITS, reason: 'curious' })).toMatchObject({ status: 403 });
    expect(await decide('pause-instance', { process: SPLITS, instanceId })).toMatchObject({ status: 400, body: { code: 'invalid-input' } });
  });

  it('are parked by a fault, retried, and continue without the input that an operator skips', async () => {
    const machine = `haifa.M${Date.now()}`;
    const workOrderId = `haifa.F${Date.now()}`;
    await store.append(`work-order-${workOrderId}`, -1n, [
      {
        type: 'OperationStarted',
        data: { workOrderId, operationId: '10', equipmentId: machine, resumeWithinMinutes: 30, startedAt: 'never' },
        metadata: strangeMetadata('haifa'),
      },
    ] as never);
    const stands = async () => (await look(ABORTS, machine)).body;
    await until(async () => (await stands()).parked);
    expect((await stands()).parked).toMatchObject({ reason: 'poison', on: { type: 'OperationStarted' }, attempts: [{}] });
    await until(async () =>
      ((await api.get(`/processes?state=Parked`, api.tokens.supervisor)).body.items as { instanceId: string }[]).some(
        (row) => row.instanceId === machine,
      ),
    );
    const body = { process: ABORTS, instanceId: machine, reason: 'looked into it' };
    await decide('retry-instance', body);
    await until(async () => ((await stands()).timeline as { type: string }[]).filter(({ type }) => type === 'InstanceParked').length === 2);
    const forced = { ...body, commandId: randomUUID(), accepted: true };
    expect(await decide('force-outcome', forced)).toMatchObject({ status: 404, body: { code: 'no-such-action' } });
    expect((await decide('skip-input', body)).status).toBe(200);
    expect(await stands()).toMatchObject({ parked: null });
    expect(await decide('skip-input', body)).toMatchObject({ status: 409, body: { code: 'instance-not-parked' } });
  });

  it('show and accept the same through GraphQL', async () => {
    const query = `query($of: InstanceInput!) { processInstance(of: $of) { status over timeline } }`;
    const answer = await api.graphql(query, { of: { process: SPLITS, instanceId } }, api.tokens.supervisor);
    expect(answer.body.data.processInstance).toMatchObject({ status: 'done', over: true });
    const mutation = `mutation($input: DecideOnInstanceInput!) { pauseInstance(input: $input) { paused } }`;
    const input = { process: SPLITS, instanceId, reason: 'stock taking' };
    expect((await api.graphql(mutation, { input }, api.tokens.supervisor)).body.data.pauseInstance).toEqual({ paused: true });
    expect(
      (await api.graphql(`{ processInstances { items { instanceId state } } }`, {}, api.tokens.supervisor)).body.errors,
    ).toBeUndefined();
  });
});
