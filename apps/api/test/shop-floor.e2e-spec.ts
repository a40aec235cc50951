import { Client } from 'pg';
import { ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
/** Sends a command and expects it to be accepted. */
async function take(path: string, body: object, token = api.tokens.everywhere): Promise<string> {
  const { status, body: answer } = await api.post(path, body, token);
  expect([path, status, answer.detail]).toEqual([path, 200, undefined]);
  return answer.token as string;
}
const kg = (amount: string) => ({ amount, unit: 'kg' });
const at = (minute: number) => new Date(Date.UTC(2026, 0, 5, 8, minute)).toISOString();

beforeAll(async () => {
  api = await ApiUnderTest.start();
  for (const facilityId of ['haifa', 'lyon'])
    await take('/facility/register-facility', {
      facilityId,
      name: facilityId,
      enterpriseId: 'acme',
      enterpriseName: 'Acme',
      timeZone: 'UTC',
    });
}, 60_000);
afterAll(() => api?.stop());

describe('a plant', () => {
  it('is returned as one tree, each parent before its children', async () => {
    await take('/facility/add-hierarchy-element', { elementId: 'haifa.hall', level: 'Area', name: 'Hall' });
    await take('/facility/add-hierarchy-element', {
      elementId: 'haifa.line',
      level: 'ProductionLine',
      parentId: 'haifa.hall',
      name: 'Line',
    });
    const token = await take('/facility/add-hierarchy-element', {
      elementId: 'haifa.cell',
      level: 'WorkCell',
      parentId: 'haifa.line',
      name: 'Cell',
    });
    const { body } = await api.get(`/facility-tree?id=haifa&waitFor=${token}`);
    expect(body.items.map(({ depth, element }: { depth: number; element: { elementId: string } }) => [depth, element.elementId])).toEqual([
      [0, 'haifa'],
      [1, 'haifa.hall'],
      [2, 'haifa.line'],
      [3, 'haifa.cell'],
    ]);
    const { body: graph } = await api.graphql('{ facilityTree(id: "haifa.line") { items { depth element { elementId level } } behind } }');
    expect(graph.data.facilityTree.items).toEqual([
      { depth: 0, element: { elementId: 'haifa.line', level: 'ProductionLine' } },
      { depth: 1, element: { elementId: 'haifa.cell', level: 'WorkCell' } },
    ]);
  });
  it('refuses to skip a level', async () => {
    const { status, body } = await api.post('/facility/add-hierarchy-element', {
      elementId: 'haifa.x',
      level: 'WorkCell',
      parentId: 'haifa.hall',
      name: 'x',
    });
    expect([status, body.code]).toEqual([422, 'level-not-allowed-here']);
  });
  it('outside the scope looks like one that does not exist', async () => {
    const nowhere = await api.get('/facility-tree?id=mars');
    const lyon = await api.get('/facility-tree?id=lyon', api.tokens.operator);
    expect([lyon.status, lyon.body.code]).toEqual([404, nowhere.body.code]);
  });
});

describe('a machine', () => {
  const equipmentId = 'haifa.M4';
  it('is commanded and observed, and its timeline has no gaps', async () => {
    await take('/equipment/register-equipment', { equipmentId, name: 'Machine 4', elementId: 'haifa.cell', equipmentClass: 'milling' });
    await take('/equipment/reset-equipment', { equipmentId, occurredAt: at(0) });
    await take('/equipment/report-state-complete', { equipmentId, occurredAt: at(1) });
    await take('/equipment/start-equipment', { equipmentId, occurredAt: at(2) });
    await take('/equipment/report-state-complete', { equipmentId, occurredAt: at(3) });
    await take('/equipment/assign-equipment', { equipmentId, workOrderId: 'haifa.W1', occurredAt: at(3) });
    await take('/equipment/observe-equipment-state', { equipmentId, state: 'Idle', occurredAt: at(9) });
    await take('/equipment/observe-equipment-state', { equipmentId, state: 'Execute', occurredAt: at(5) });
    const token = await take('/equipment/stop-equipment', { equipmentId, occurredAt: at(12), reason: 'tool change' });

    const { body: now } = await api.get(`/equipment/haifa.M4?waitFor=${token}`);
    expect(now).toMatchObject({
      state: 'Stopping',
      since: at(12),
      workOrderIds: ['haifa.W1'],
      openStopId: 'S1',
      quality: 'GOOD',
      registered: true,
    });
    const { body: line } = await api.get(`/equipment-timeline?equipmentId=${equipmentId}&sort=startedAt&waitFor=${token}`);
    expect(line.items.map(({ state, startedAt, endedAt, legal }: Record<string, string>) => [state, startedAt, endedAt, legal])).toEqual([
      ['Resetting', at(0), at(1), true],
      ['Idle', at(1), at(2), true],
      ['Starting', at(2), at(3), true],
      ['Execute', at(3), at(9), true],
      ['Idle', at(9), at(12), false],
      ['Stopping', at(12), null, true],
    ]);
    const { body: odd } = await api.get(`/equipment-exceptions?equipmentId=${equipmentId}&sort=observedAt&waitFor=${token}`);
    expect(odd.items.map(({ kind, observedAt }: Record<string, string>) => [kind, observedAt])).toEqual([
      ['LateStateObserved', at(5)],
      ['IllegalTransitionObserved', at(9)],
    ]);
  });
  it('has a revision, which If-Match checks', async () => {
    const one = await api.get('/equipment/haifa.M4');
    const etag = one.headers.get('etag')!;
    const token = await take('/equipment/classify-stop', {
      equipmentId,
      stopId: 'S1',
      reasonCode: 'tool',
      lossClass: 'SetupAndAdjustment',
    });
    const stale = await api.post('/equipment/report-state-complete', { equipmentId }, api.tokens.everywhere, { 'if-match': etag });
    expect(stale.status).toBe(412);
    const fresh = (await api.get(`/equipment/haifa.M4?waitFor=${token}`)).headers.get('etag')!;
    expect((await api.post('/equipment/report-state-complete', { equipmentId }, api.tokens.everywhere, { 'if-match': fresh })).status).toBe(
      200,
    );
    const { body: stops } = await api.get(`/equipment-stops?equipmentId=${equipmentId}&waitFor=${token}`);
    expect(stops.items).toMatchObject([
      { stopId: 'S1', startedAt: at(12), reasonCode: 'tool', lossClass: 'SetupAndAdjustment', classifiedBy: 'eve' },
    ]);
  });
  it('refuses what PackML does not allow, and says what is allowed', async () => {
    const { status, body } = await api.post('/equipment/start-equipment', { equipmentId });
    expect([status, body.code, body.facts.state, body.facts.possible]).toEqual([
      422,
      'transition-not-allowed',
      'Stopped',
      ['Reset', 'Abort'],
    ]);
  });
  it('that does not exist, or is of another plant, is not found', async () => {
    for (const [id, token] of [
      ['haifa.M99', api.tokens.everywhere],
      ['haifa.M4', api.tokens.elsewhere],
    ] as const) {
      const { status, body } = await api.post('/equipment/stop-equipment', { equipmentId: id }, token);
      expect([status, body.code]).toEqual([404, 'not-found']);
    }
  });
  it('is never in two states at once: the database refuses it', async () => {
    const client = new Client({ connectionString: api.system.databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query(
        `SELECT table_name AS name FROM information_schema.tables WHERE table_name LIKE 'equipment_timeline_v%'`,
      );
      const insert = `INSERT INTO "${(rows as { name: string }[])[0]!.name}" SELECT (jsonb_populate_record(t, jsonb_build_object('intervalId', 'x', 'startedAt', t."startedAt" + interval '1 second'))).* FROM "${(rows as { name: string }[])[0]!.name}" t WHERE state = 'Execute'`;
      await expect(client.query(insert)).rejects.toMatchObject({ code: '23P01' });
    } finally {
      await client.end();
    }
  });
});

describe('material', () => {
  it('is received, reserved, consumed and traced through a work order and a split, forward and backward', async () => {
    await take('/material-lot/receive-lot', { lotId: 'haifa.STEEL', materialId: 'steel', quantity: kg('100'), supplierLot: '4/7' });
    await take('/material-lot/receive-lot', { lotId: 'haifa.OIL', materialId: 'oil', quantity: { amount: '20', unit: 'l' } });
    await take('/material-lot/reserve-lot', {
      lotId: 'haifa.STEEL',
      reservationId: 'R1',
      workOrderId: 'haifa.W1',
      quantity: { amount: '30000', unit: 'g' },
    });
    await take('/material-lot/consume-lot', {
      lotId: 'haifa.STEEL',
      consumptionId: 'C1',
      workOrderId: 'haifa.W1',
      quantity: kg('30'),
      reservationId: 'R1',
    });
    await take('/material-lot/consume-lot', {
      lotId: 'haifa.OIL',
      consumptionId: 'C1',
      workOrderId: 'haifa.W1',
      quantity: { amount: '500', unit: 'ml' },
    });
    await take('/material-lot/produce-lot', {
      lotId: 'haifa.GEARS',
      productionId: 'P1',
      materialId: 'gear',
      quantity: { amount: '40', unit: 'pcs' },
      workOrderId: 'haifa.W1',
    });
    await take('/material-lot/split-lot', { lotId: 'haifa.GEARS', childLotId: 'haifa.GEARS2', quantity: { amount: '15', unit: 'pcs' } });
    // Rework: the work order consumes a gear that it made and makes it again, which is a cycle.
    await take('/material-lot/consume-lot', {
      lotId: 'haifa.GEARS',
      consumptionId: 'C9',
      workOrderId: 'haifa.W1',
      quantity: { amount: '1', unit: 'pcs' },
    });
    const token = await take('/material-lot/reverse-consumption', {
      lotId: 'haifa.OIL',
      consumptionId: 'C1',
      quantity: { amount: '0.1', unit: 'l' },
      reason: 'left over',
    });

    const { body: stock } = await api.get(`/material-lot/haifa.STEEL?waitFor=${token}`);
    expect(stock).toMatchObject({ onHand: '70', reserved: '0', available: '70', unit: 'kg', status: 'Available', supplierLot: '4/7' });

    const steps = ({ items }: { items: { depth: number; edge: { parentId: string; childId: string; amount: string; unit: string } }[] }) =>
      items.map(({ depth, edge }) => `${depth} ${edge.parentId} > ${edge.childId} ${edge.amount} ${edge.unit}`);
    const { body: forward } = await api.get(`/genealogy?id=haifa.STEEL&direction=FORWARD&waitFor=${token}`);
    expect(steps(forward)).toEqual([
      '1 haifa.STEEL > haifa.W1 30 kg',
      '2 haifa.W1 > haifa.GEARS 40 pcs',
      '3 haifa.GEARS > haifa.GEARS2 15 pcs',
      '3 haifa.GEARS > haifa.W1 1 pcs',
    ]);
    expect(forward).toMatchObject({ complete: true, steps: 4, nextCursor: null, behind: false });
    const { body: graph } = await api.graphql(
      '{ genealogy(id: "haifa.GEARS2", direction: BACKWARD) { items { depth edge { parentId childId amount unit kind } } complete } }',
    );
    expect(graph.errors).toBeUndefined();
    expect(steps(graph.data.genealogy).slice(0, 2)).toEqual(['1 haifa.GEARS > haifa.GEARS2 15 pcs', '2 haifa.W1 > haifa.GEARS 40 pcs']);
    expect(steps(graph.data.genealogy).slice(2).sort()).toEqual([
      '3 haifa.GEARS > haifa.W1 1 pcs',
      '3 haifa.OIL > haifa.W1 0.4 l',
      '3 haifa.STEEL > haifa.W1 30 kg',
    ]);

    const page = await api.get('/genealogy?id=haifa.STEEL&direction=FORWARD&first=3');
    const next = await api.get(`/genealogy?id=haifa.STEEL&direction=FORWARD&first=3&after=${page.body.nextCursor}`);
    expect([...steps(page.body), ...steps(next.body)]).toEqual(steps(forward));
    expect((await api.get('/genealogy?id=haifa.STEEL&direction=FORWARD', api.tokens.elsewhere)).body.items).toEqual([]);
    expect((await api.get('/genealogy?id=haifa.STEEL&direction=SIDEWAYS')).status).toBe(400);
  });

  const receive = { lotId: 'haifa.BAD', materialId: 'steel', quantity: kg('1') };
  it.each([
    ['zero', kg('0'), 422, 'quantity-not-positive'],
    ['negative', kg('-1'), 400, 'invalid-input'],
    ['not a number', kg('NaN'), 400, 'invalid-input'],
    ['beyond all bounds', kg('1e400'), 400, 'invalid-input'],
    ['too precise', kg('0.1234567'), 400, 'invalid-input'],
    ['a float', { amount: 1.5, unit: 'kg' }, 400, 'invalid-input'],
    ['in an unknown unit', { amount: '1', unit: 'stone' }, 400, 'invalid-input'],
  ])('is not received if the quantity is %s', async (_, quantity, status, code) => {
    const answer = await api.post('/material-lot/receive-lot', { ...receive, quantity });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('cannot be used when it is on hold, expired, of another dimension, of another plant, or does not exist', async () => {
    await take('/material-lot/receive-lot', {
      lotId: 'haifa.OLD',
      materialId: 'glue',
      quantity: kg('5'),
      expiresAt: '2026-01-01T00:00:00Z',
    });
    await take('/material-lot/receive-lot', { lotId: 'haifa.HELD', materialId: 'glue', quantity: kg('5') });
    await take('/material-lot/hold-lot', { lotId: 'haifa.HELD', holdId: 'H1', reason: 'crack' });
    const consume = async (lotId: string, more: object = {}) => {
      const { status, body } = await api.post('/material-lot/consume-lot', { lotId, workOrderId: 'haifa.W1', quantity: kg('1'), ...more });
      return [status, body.code];
    };
    expect(await consume('haifa.OLD')).toEqual([422, 'lot-expired']);
    expect(await consume('haifa.HELD')).toEqual([422, 'lot-held']);
    expect(await consume('haifa.STEEL', { quantity: { amount: '1', unit: 'pcs' } })).toEqual([422, 'unit-incompatible']);
    expect(await consume('haifa.STEEL', { workOrderId: 'lyon.W1' })).toEqual([422, 'wrong-facility']);
    expect(await consume('haifa.STEEL', { quantity: kg('1000') })).toEqual([422, 'stock-insufficient']);
    expect(await consume('haifa.NONE')).toEqual([404, 'not-found']);
    expect((await api.post('/material-lot/override-expiry', { lotId: 'haifa.OLD' })).status).toBe(400);
  });

  it('is usable as far as it is not reserved, and its stock was at no time negative, whatever the clocks', async () => {
    const ahead = new Date(Date.now() + 240_000).toISOString();
    await take('/material-lot/receive-lot', { lotId: 'haifa.BRONZE', materialId: 'bronze', quantity: kg('10'), deliveryId: 'D1' });
    await take('/material-lot/receive-lot', {
      ...{ lotId: 'haifa.BRONZE', materialId: 'bronze', quantity: kg('10'), deliveryId: 'D2' },
      occurredAt: ahead,
    });
    const usable = async (token: string) =>
      (await api.get(`/material-lot?materialId=bronze&usableAt=2027-01-01T00:00:00Z&waitFor=${token}`)).body.items.length as number;
    const used = await take('/material-lot/consume-lot', { lotId: 'haifa.BRONZE', workOrderId: 'haifa.W1', quantity: kg('15') });
    expect(await usable(used)).toBe(1);
    const rest = { lotId: 'haifa.BRONZE', reservationId: 'R1', workOrderId: 'haifa.W1', quantity: kg('5') };
    expect(await usable(await take('/material-lot/reserve-lot', rest))).toBe(0);

    const asOf = async (time: string) => (await api.get(`/audit/state?entity=material-lot-haifa.BRONZE&occurredAt=${time}`)).body.state;
    expect(await asOf(new Date(Date.now() + 60_000).toISOString())).toMatchObject({ onHand: '10' });
    expect(await asOf(ahead)).toMatchObject({ onHand: '5' });
  });

  it('that is held from an earlier time on names what was used since', async () => {
    const lotId = 'haifa.LATE';
    await take('/material-lot/receive-lot', { lotId, materialId: 'glue', quantity: kg('5'), occurredAt: at(0) });
    const use = { lotId, consumptionId: 'C1', workOrderId: 'haifa.W1', quantity: kg('1') };
    await take('/material-lot/consume-lot', { ...use, occurredAt: at(11) });
    const token = await take('/material-lot/hold-lot', { lotId, holdId: 'H1', reason: 'crack', occurredAt: at(10) });
    const { body } = await api.get(`/lot-exceptions?lotId=${lotId}&waitFor=${token}`);
    expect(body.items).toMatchObject([{ kind: 'UseWhileBlockedDetected', use: 'Consumption', useId: 'C1', workOrderId: 'haifa.W1' }]);
    const { body: edges } = await api.get(`/genealogy-edges?parentId=${lotId}&waitFor=${token}`);
    expect(edges.items).toMatchObject([{ childId: 'haifa.W1', flags: ['UseWhileBlocked'] }]);
    await take('/material-lot/consume-lot', { ...use, consumptionId: 'C2', occurredAt: at(9) });
  });

  it('can be added by a process only after a split or a merge', async () => {
    const { status } = await api.post('/material-lot/create-lot-from-split', {
      lotId: 'haifa.FREE',
      parentLotId: 'haifa.STEEL',
      materialId: 'steel',
      quantity: kg('1'),
      ancestors: ['haifa.STEEL'],
    });
    expect(status).toBe(403);
  });

  it('is recorded as counted, whatever the count is, and flagged', async () => {
    const token = await take('/material-lot/observe-stock-count', {
      lotId: 'haifa.NONE',
      countId: 'N1',
      quantity: { amount: '3', unit: 'pcs' },
    });
    const { body } = await api.get(`/lot-discrepancies?lotId=haifa.NONE&waitFor=${token}`);
    expect(body.items).toMatchObject([{ kind: 'LOT_UNKNOWN', counted: '3', countedUnit: 'pcs', expected: null }]);
  });
});
