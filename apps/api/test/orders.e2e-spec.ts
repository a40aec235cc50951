import { CommandBus } from '@nestjs/cqrs';
import { Pool } from 'pg';
import { EventStore } from '#platform/store/event-store';
import { Registry } from '#platform/commands/registry';
import { ProcessRunner } from '#platform/processes/processes';
import { sendThrough } from '#platform/processes/send';
import { processes } from '#processes/processes';
import { ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
let runner: ProcessRunner;
const faults: unknown[] = [];
const productionOrderId = 'haifa.P1';
const workOrderId = 'haifa.W1';
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

const take = async (path: string, body: object): Promise<string> => {
  const answer = await api.post(path, body);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return (answer.body as { token: string }).token;
};
/** Reads until the answer is as wanted, because processes need some time. */
const eventually = async (path: string, wanted: object): Promise<void> => {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((again) => setTimeout(again, 50))) {
    const { body } = await api.get(path);
    try {
      expect(body).toMatchObject(wanted);
      return;
    } catch {
      // Not yet.
    }
  }
  expect((await api.get(path)).body).toMatchObject(wanted);
};
const pieces = (amount: string) => ({ amount, unit: 'pcs' });
const report = (reportId: string, operationId: string, good: string, more: object = {}) => ({
  workOrderId,
  reportId,
  operationId,
  equipmentId: 'haifa.M4',
  good,
  from: minutesAgo(3),
  to: minutesAgo(1),
  ...more,
});
const observe = (state: string, ago: number) =>
  take('/equipment/observe-equipment-state', { equipmentId: 'haifa.M4', state, occurredAt: minutesAgo(ago) });

beforeAll(async () => {
  api = await ApiUnderTest.start();
  const { app } = api.api;
  runner = new ProcessRunner({
    store: app.get(EventStore),
    pool: app.get(Pool),
    processes,
    send: sendThrough(app.get(CommandBus), app.get(Registry)),
    targetOf: ({ type, data }) => app.get(Registry).targetOf(type, data) ?? '',
    log: (fault, error) => faults.push(fault, error),
    timerPollMs: 100,
  });
  runner.start();
  await take('/facility/register-facility', {
    facilityId: 'haifa',
    name: 'Works',
    enterpriseId: 'acme',
    enterpriseName: 'Acme',
    timeZone: 'UTC',
  });
  await take('/equipment/register-equipment', { equipmentId: 'haifa.M4', name: 'Machine 4', equipmentClass: 'lathe' });
}, 60_000);
afterAll(async () => {
  await runner?.stop();
  await api?.stop();
});

describe('the plan of an order', () => {
  it('uses no more material than the lots of a plant have free before they expire', async () => {
    await api.plants('corp', 'lyon');
    const cell = { capacityId: 'lyon.cell', minutesPerUnit: '1', costPerUnit: '1' };
    const version = { workMasterId: 'corp.gear', version: 'A' };
    await take('/facility-capacity/define-capacity', { capacityId: 'lyon.cell', mode: 'Unary', minutesPerDay: 400 });
    await take('/work-master/draft-work-master', {
      ...{ ...version, product: 'gear', unit: 'pcs', operations: [{ operationId: '10', name: 'Hobbing', sequence: 10 }] },
      materials: [{ materialId: 'steel', quantityPerUnit: '0.5' }],
      facilities: [{ facilityId: 'lyon', ...cell }],
    });
    const other = await api.issuer.token({ sub: 'otto', roles: ['quality'], facilities: ['*'] });
    expect(await api.post('/work-master/approve-work-master', version, other)).toMatchObject({ status: 200 });
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    const lot = (lotId: string, quantity: string, more: object = {}) =>
      take('/material-lot/receive-lot', { lotId, materialId: 'steel', quantity: { amount: quantity, unit: 'kg' }, ...more });
    const propose = async (planId: string) => {
      const question = { planId, customerOrderId: 'corp.CO-9', product: 'gear', quantity: pieces('100'), due: inDays(20) };
      const token = await take('/allocation-plan/propose-allocation', question);
      return (await api.get(`/allocation-plan/${planId}?waitFor=${token}`)).body as { legs: object[]; unallocated: object[] };
    };
    // Nothing was ever received: material limits nothing.
    expect((await propose('corp.CO-9-P1')).legs).toMatchObject([{ facilityId: 'lyon', quantity: '100' }]);
    await lot('lyon.OLD', '40', { expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    const token = await lot('lyon.L1', '20.4');
    await eventually(`/material-lot/lyon.L1?waitFor=${token}`, { available: '20.4' });
    const { legs, unallocated } = await propose('corp.CO-9-P2');
    expect([legs, unallocated]).toMatchObject([[{ facilityId: 'lyon', quantity: '40' }], [{ quantity: '60', reason: 'Material' }]]);
  });
});

describe('an order from demand to completion', () => {
  it('is on the board once it was created', async () => {
    const token = await take('/production-order/create-production-order', {
      productionOrderId,
      product: 'flange',
      quantity: pieces('100'),
      due: '2030-01-01T00:00:00Z',
      overPercent: '5',
      underPercent: '2',
    });
    const { status, body, headers } = await api.get(`/order-board/${productionOrderId}?waitFor=${token}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'Open', risk: 'Unallocated', quantity: '100', good: '0', unallocated: '100' });
    expect(headers.get('etag')).toBe('"0"');
  });

  it('is made by a work order that was released before it was linked', async () => {
    const operations = [
      { operationId: '10', name: 'Turning', sequence: 10, equipmentId: 'haifa.M4' },
      { operationId: '20', name: 'Packing', sequence: 20, equipmentClass: 'packing' },
    ];
    await take('/work-order/release-work-order', {
      workOrderId,
      product: 'flange',
      quantity: pieces('100'),
      operations,
      overPercent: '5',
      allowStart: true,
      resumeWithinMinutes: 1,
      occurredAt: minutesAgo(30),
    });
    await take('/production-order/link-work-order', { productionOrderId, workOrderId, quantity: pieces('100') });
    await eventually(`/work-order/${workOrderId}`, { productionOrderId, status: 'AllowedToStart', subStatus: 'Ready' });
    await eventually(`/order-board/${productionOrderId}`, {
      risk: 'None',
      unallocated: '0',
      legs: [{ workOrderId, status: 'AllowedToStart' }],
    });
    const { body } = await api.get('/dispatch-list?equipmentId=haifa.M4&ready=true');
    expect(body).toMatchObject({ items: [{ workOrderId, operationId: '10', blockers: [] }], behind: false });
  });

  it('accepts reports up to the tolerance, each once, and records refusals', async () => {
    await take('/work-order/start-work-order', { workOrderId, occurredAt: minutesAgo(20) });
    await take('/work-order/report-production', report('r1', '10', '100', { scrap: [{ quantity: '1', reasonCode: 'burr' }] }));
    const excessive = await api.post('/work-order/report-production', report('r2', '10', '6'));
    expect([excessive.status, excessive.body.code]).toEqual([422, 'over-tolerance']);
    const otherwise = await api.post('/work-order/report-production', report('r1', '10', '99'));
    expect([otherwise.status, otherwise.body.code]).toEqual([422, 'report-id-taken']);
    const wrong = await api.post('/work-order/report-production', report('r3', '10', '1.5'));
    expect([wrong.status, wrong.body.code]).toEqual([422, 'fraction-of-a-piece']);
    const absurd = await api.post('/work-order/report-production', report('r3', '10', '1e400'));
    expect([absurd.status, absurd.body.code]).toEqual([400, 'invalid-input']);
    const unreasoned = await api.post('/work-order/correct-report', {
      workOrderId,
      reportId: 'r1',
      replacementReportId: 'r1a',
      good: '98',
    });
    expect([unreasoned.status, unreasoned.body.code]).toEqual([400, 'invalid-input']);
    const unknown = await api.post('/work-order/report-production', { ...report('r1', '10', '1'), workOrderId: 'haifa.W99' });
    expect(unknown.status).toBe(404);
    await take('/work-order/start-operation', { workOrderId, operationId: '20', equipmentId: 'haifa.M4' });
    const token = await take('/work-order/report-production', report('r4', '20', '40'));
    const { body } = await api.get(`/order-board/${productionOrderId}?waitFor=${token}`);
    expect(body).toMatchObject({ status: 'InProgress', good: '40', scrap: '1', percentDone: '40' });
    const wip = await api.get(`/wip-by-facility?facilityId=haifa&waitFor=${token}`);
    expect(wip.body).toMatchObject({
      items: [
        { operationId: '10', quantityIn: '100', quantityOut: '101', inProcess: '0', orders: 1, running: 1 },
        { operationId: '20', quantityIn: '100', quantityOut: '40', inProcess: '60' },
      ],
      behind: false,
    });
    const asked = await api.graphql('{ wipByFacility(product: "flange") { items { operationId inProcess } } }');
    expect(asked.body.data.wipByFacility.items).toEqual([
      { operationId: '10', inProcess: '0' },
      { operationId: '20', inProcess: '60' },
    ]);
    expect((await api.get('/wip-by-facility?facilityId=Haifa%27--')).status).toBe(400);
    expect((await api.get('/wip-by-facility?facility=haifa')).body).toMatchObject({
      code: 'invalid-input',
      whatToDo: expect.any(String),
      errors: [{ field: 'facility' }],
    });
  });

  it('is held when its machine stops and resumed with it', async () => {
    await observe('Execute', 3);
    await observe('Aborted', 0);
    await eventually(`/work-order/${workOrderId}`, {
      status: 'Interrupted',
      subStatus: 'Held',
      holdCause: 'Equipment',
      heldFor: ['haifa.M4'],
    });
    await eventually(`/order-board/${productionOrderId}`, { risk: 'Interrupted' });
    await observe('Execute', 0);
    await eventually(`/work-order/${workOrderId}`, { status: 'Running', heldFor: [], question: null });
  });

  it('waits for a supervisor if the machine is not back in time', async () => {
    await api
      .post('/work-order/update-work-order', { workOrderId, resumeWithinMinutes: 5 })
      .then(({ body: refused }) => expect(refused.code).toBe('work-order-state'));
    await observe('Aborted', 0);
    await eventually(`/work-order/${workOrderId}`, { status: 'Interrupted', question: null });
    // Shortens the minute that the order allows.
    await pool().query(`UPDATE process_timer SET due_at = now() WHERE process = 'when-equipment-aborted-hold-work-orders'`);
    await eventually(`/work-order/${workOrderId}`, { question: 'haifa.M4 has not returned in time. What becomes of the order?' });
    await eventually(`/order-board/${productionOrderId}`, { risk: 'DecisionNeeded' });
    const early = await api.post(
      '/work-order/decide-resumption',
      { workOrderId, decision: 'Resume', reason: 'repaired' },
      api.tokens.operator,
    );
    expect(early.status).toBe(403);
    await take('/work-order/decide-resumption', { workOrderId, decision: 'Resume', reason: 'repaired' });
    await eventually(`/work-order/${workOrderId}`, { status: 'Running', heldFor: [], question: null });
  });

  it('is completed with its work order, and reflects a later correction', async () => {
    await take('/work-order/report-production', report('r5', '20', '60'));
    for (const operationId of ['10', '20']) await take('/work-order/complete-operation', { workOrderId, operationId });
    await take('/work-order/complete-work-order', { workOrderId });
    await eventually(`/order-board/${productionOrderId}`, { status: 'Completed', good: '100', percentDone: '100', risk: 'None' });
    const late = await api.post('/work-order/report-production', report('r6', '20', '1'));
    expect([late.status, late.body.code]).toEqual([422, 'work-order-over']);
    await take('/work-order/correct-report', {
      workOrderId,
      reportId: 'r5',
      replacementReportId: 'r5a',
      good: '50',
      reason: 'counted twice',
    });
    await eventually(`/order-board/${productionOrderId}`, { status: 'Completed', good: '90' });
    const events = async () => (await store().read(`production-order-${productionOrderId}`)).map(({ type }) => type);
    for (const end = Date.now() + 10_000; Date.now() < end && !(await events()).includes('CompletionShortDetected');)
      await new Promise((again) => setTimeout(again, 50));
    expect(await events()).toEqual([
      'ProductionOrderCreated',
      'WorkOrderLinked',
      'LegStarted',
      'LegEnded',
      'ProductionOrderCompleted',
      'LegCorrected',
      'CompletionShortDetected',
    ]);
    expect((await api.get('/wip-by-facility')).body.items).toEqual([]);
  });

  it('is not visible to another plant', async () => {
    const elsewhere = api.tokens.elsewhere!;
    expect((await api.get(`/order-board/${productionOrderId}`, elsewhere)).status).toBe(404);
    expect((await api.get('/work-order', elsewhere)).body.items).toEqual([]);
    expect((await api.get('/wip-by-facility', elsewhere)).body.items).toEqual([]);
    expect((await api.post('/work-order/close-work-order', { workOrderId }, elsewhere)).status).toBe(404);
  });

  it('left no process with a fault', () => expect(faults).toEqual([]));
});

const pool = () => api.api.app.get(Pool);
const store = () => api.api.app.get(EventStore);
