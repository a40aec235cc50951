/**
 * The main steps of docs/tour.http through the client that openapi-typescript generates from docs/generated/openapi.json: a wrong path,
 * field or type in the document does not compile.
 */
import { readFileSync } from 'node:fs';
import createClient from 'openapi-fetch';
import type { components, paths } from './api';

const { api, tokens } = JSON.parse(readFileSync(process.env.ENDPOINTS!, 'utf8')) as { api: string; tokens: Record<string, string> };
const as = (role: string) => createClient<paths>({ baseUrl: api, headers: { authorization: `Bearer ${tokens[role]}` } });
const key = (name: string) => ({ header: { 'Idempotency-Key': `rest-client-${name}` } });
const engineer = as('engineer');
const planner = as('planner');
const operator = as('operator');

function taken<T>({ data, error, response }: { data?: T; error?: components['schemas']['Problem']; response: Response }): T {
  if (data === undefined) throw new Error(`${response.url}: ${response.status} ${JSON.stringify(error)}`);
  return data;
}

function expect(what: string, holds: boolean): void {
  if (!holds) throw new Error(`expected: ${what}`);
}

async function main(): Promise<void> {
  const plant = { facilityId: 'rest', name: 'Rest plant', enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'Europe/Paris' };
  taken(await engineer.POST('/facility/register-facility', { params: key('plant'), body: plant }));
  taken(
    await engineer
      .POST('/facility/add-hierarchy-element', {
        params: key('line'),
        body: { elementId: 'rest.line1', level: 'ProductionLine', name: 'Line 1' },
      })
      .then((answer) => (answer.response.status === 422 ? { data: {}, response: answer.response } : answer)),
  );
  taken(
    await engineer.POST('/equipment/register-equipment', {
      params: key('machine'),
      body: { equipmentId: 'rest.M4', name: 'Lathe 4', equipmentClass: 'lathe' },
    }),
  );

  const refused = await operator.POST('/equipment/start-equipment', { body: { equipmentId: 'rest.M4' } });
  expect('a stopped machine is not started', refused.error?.code === 'transition-not-allowed');

  const order = { productionOrderId: 'rest.P1', product: 'shaft', quantity: { amount: '10', unit: 'pcs' as const } };
  taken(
    await planner.POST('/production-order/create-production-order', {
      params: key('order'),
      body: { ...order, due: '2027-01-31T16:00:00+01:00' },
    }),
  );
  taken(
    await planner.POST('/work-order/release-work-order', {
      params: key('work'),
      body: {
        workOrderId: 'rest.W1',
        productionOrderId: 'rest.P1',
        product: 'shaft',
        quantity: { amount: '10', unit: 'pcs' },
        operations: [{ operationId: '10', name: 'Turning', sequence: 10, equipmentId: 'rest.M4' }],
        allowStart: true,
        occurredAt: '2026-01-05T05:00:00+01:00',
      },
    }),
  );
  taken(
    await operator.POST('/work-order/start-work-order', {
      params: key('start'),
      body: { workOrderId: 'rest.W1', equipmentId: 'rest.M4', occurredAt: '2026-01-05T06:00:00+01:00' },
    }),
  );
  const report = () =>
    operator.POST('/work-order/report-production', {
      params: key('report'),
      body: {
        workOrderId: 'rest.W1',
        reportId: 'r1',
        operationId: '10',
        equipmentId: 'rest.M4',
        good: '6',
        scrap: [{ quantity: '1', reasonCode: 'scratch' }],
        from: '2026-01-05T06:00:00+01:00',
        to: '2026-01-05T09:30:00+01:00',
      },
    });
  const receipt = taken(await report());
  expect('a repeated command has the first answer', taken(await report()).token === receipt.token);

  const seen = { waitFor: receipt.token };
  const board = taken(await planner.GET('/order-board', { params: { query: { ...seen, facilityId: ['rest'] } } }));
  const [entry] = board.items;
  expect(
    'the board shows the report',
    !board.behind && entry?.productionOrderId === 'rest.P1' && entry.legs.some(({ good }) => good === '6'),
  );

  const one = await operator.GET('/work-order/{id}', { params: { path: { id: 'rest.W1' }, query: seen } });
  expect('a row has the entity tag that If-Match takes', taken(one).revision === one.response.headers.get('etag')?.replaceAll('"', ''));

  const hidden = await as('operator@haifa').GET('/equipment/{id}', { params: { path: { id: 'rest.M4' }, query: {} } });
  expect('another plant sees nothing of it', hidden.response.status === 404 && hidden.error?.code === 'not-found');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
