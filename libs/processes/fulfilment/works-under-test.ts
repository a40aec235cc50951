/**
 * Customer orders on real parts: a store, a database, and a runner of their process that dies where it is told to. Promises: a path is gone
 * through to its end whatever dies; what it leaves in the streams can be compared with another run. Does not: start the store or the database.
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Event } from '#kernel/event';
import { customerOrder } from '#customer-order/customer-order';
import { decision } from '#decision/decision';
import { inboundTransfer } from '#inbound-transfer/inbound-transfer';
import { interFacilityTransfer } from '#inter-facility-transfer/inter-facility-transfer';
import type { AnyProcess } from '#kernel/process';
import { legIdOf, transferIdOf } from '#manufacturing/order-ids';
import { materialLot } from '#material-lot/material-lot';
import type { Command } from '#platform/commands/command';
import { Decisions } from '#platform/commands/decisions';
import { type AnyDecider, Registry } from '#platform/commands/registry';
import { type ProcessOptions, ProcessRunner } from '#platform/processes/processes';
import type { InstanceEvent } from '#platform/processes/record';
import type { Send } from '#platform/processes/send';
import { migrate, openPool } from '#platform/runtime/database';
import { now } from '#platform/runtime/clock';
import { inContext } from '#platform/security/context';
import { EventStore } from '#platform/store/event-store';
import { productionOrder } from '#production-order/production-order';
import { workOrder } from '#work-order/work-order';
import { whenCustomerOrderPlacedFulfilIt as fulfil } from '../when-customer-order-placed-fulfil-it';
import { whenInboundTransferReceivedBookLots as book } from '../when-inbound-transfer-received-book-lots';
import { whenInboundTransferReceivedConfirmIt as confirm } from '../when-inbound-transfer-received-confirm-it';
import { whenTransferPickedIssueLots as issue } from '../when-transfer-picked-issue-lots';
import { whenTransferShippedAnnounceIt as announce } from '../when-transfer-shipped-announce-it';
import { ReferenceKind } from '#manufacturing/references';
import { atReceiver } from '#manufacturing/transfer-ids';
import { capacity, plan } from './others-under-test';

const orders = [customerOrder, productionOrder, workOrder, plan, capacity, decision];
export const processes: readonly AnyProcess[] = [fulfil, announce, confirm, issue, book];
/** Registered plants that check no references, and an approved work master. */
const told = (category: string, tells: object): AnyDecider => ({
  category,
  initial: {},
  evolve: (state: object) => state,
  id: () => '',
  decide: {},
  tells: () => tells,
});
const checks = Object.fromEntries(Object.keys(ReferenceKind).map((kind) => [kind, false]));
const surroundings = [told('facility', { checks }), told('work-master', { operations: [] })];
/** All that decide, and what they look at. */
export const deciders: readonly AnyDecider[] = [
  ...([...orders, interFacilityTransfer, inboundTransfer, materialLot] as unknown as readonly AnyDecider[]),
  ...surroundings,
];
const deciderOf = (type: string): AnyDecider => deciders.find(({ decide }) => type in decide)!;
const LEASE = { ttlMs: 250, beatMs: 40 };

/** In the data of an act: when it is sent. */
export const NOW = 'now';

/** What a party does once the order is at rest. */
type Act = Readonly<{ type: string; data: Readonly<Record<string, unknown>> }>;
/** The acts of people and plants in an order, each once nothing more happens by itself. `ends` is the order's last status. */
export type Path = Readonly<{ name: string; ends: string; acts: (order: string) => readonly Act[] }>;

const pcs = (amount: string) => ({ amount, unit: 'pcs' });
const ofOrder = (type: string, customerOrderId: string, data: object = {}): Act => ({
  type,
  data: { customerOrderId, reason: 'as they ask', ...data },
});
const place = (order: string, amount: string, more: object = {}) =>
  ofOrder('PlaceCustomerOrder', order, {
    customer: 'acme',
    product: 'flange',
    quantity: pcs(amount),
    due: '2099-01-20T12:00:00Z',
    ...more,
  });
const work = (type: string, order: string, n: number, plant: string, data: object = {}): Act => ({
  type,
  data: { workOrderId: legIdOf(order, n, plant), reason: 'so be it', ...data },
});
const start = (order: string, n: number, plant: string) => work('StartWorkOrder', order, n, plant, { equipmentId: `${plant}.M1` });
const make = (order: string, n: number, plant: string, good: string): Act[] => [
  start(order, n, plant),
  work('ReportProduction', order, n, plant, { reportId: 'r1', operationId: '10', equipmentId: `${plant}.M1`, good, from: NOW, to: NOW }),
  work('StopWorkOrder', order, n, plant),
];
const HUB = 'oslo';
const inboundOf = (order: string, n: number, plant: string) => atReceiver(transferIdOf(order, n, plant), HUB)!;
const lotOf = (order: string, n: number, plant: string) => `${plant}.S${n}_${order.replace('.', '_')}`;
/** What the leg made is put into a lot, and picked from there. */
const pick = (order: string, n: number, plant: string, amount: string): Act[] => {
  const [lotId, materialId, quantity] = [lotOf(order, n, plant), 'flange', pcs(amount)];
  return [
    { type: 'ReceiveLot', data: { lotId, materialId, quantity } },
    { type: 'PickTransfer', data: { transferId: transferIdOf(order, n, plant), items: [{ materialId, quantity, lotId }] } },
  ];
};
const ship = (order: string, n: number, plant: string): Act => ({
  type: 'ShipTransfer',
  data: { transferId: transferIdOf(order, n, plant), eta: '2099-01-07T12:00:00Z' },
});
const receive = (order: string, n: number, plant: string, receiptId: string, received?: string): Act => ({
  type: 'ReceiveInboundTransfer',
  data: {
    inboundTransferId: inboundOf(order, n, plant),
    receiptId,
    ...(received ? { items: [{ item: lotOf(order, n, plant), received }] } : {}),
  },
});

export const PATHS: readonly Path[] = [
  {
    name: 'cancelled before anything starts',
    ends: 'Cancelled',
    acts: (order) => [place(order, '10'), ofOrder('CancelCustomerOrder', order)],
  },
  {
    name: 'made at two plants and shipped to a third',
    ends: 'Completed',
    acts: (order) => [
      place(order, '8', { shipTo: HUB }),
      ...make(order, 1, 'lyon', '6'),
      ...make(order, 2, 'haifa', '2'),
      ...pick(order, 1, 'lyon', '6'),
      ship(order, 1, 'lyon'),
      receive(order, 1, 'lyon', 'R1', '4'),
      ship(order, 2, 'haifa'),
      receive(order, 1, 'lyon', 'R2'),
      receive(order, 2, 'haifa', 'R1'),
    ],
  },
  {
    name: 'one plant falls short, another makes the rest',
    ends: 'Completed',
    acts: (order) => [place(order, '6'), ...make(order, 1, 'lyon', '4'), ...make(order, 2, 'haifa', '2')],
  },
  {
    name: 'a plant cancels, the rest is planned again',
    ends: 'Completed',
    acts: (order) => [place(order, '4'), work('CancelWorkOrder', order, 1, 'lyon'), ...make(order, 2, 'haifa', '4')],
  },
  {
    name: 'amended down, then cancelled after the start, and a person decides',
    ends: 'Cancelled',
    acts: (order) => [
      place(order, '10'),
      ofOrder('AmendCustomerOrder', order, { quantity: pcs('5') }),
      start(order, 3, 'lyon'),
      ofOrder('CancelCustomerOrder', order),
      { type: 'MakeDecision', data: { decisionId: `${order}-D1`, option: 'Stop', reason: 'no use' } },
    ],
  },
  {
    name: 'more than there is room for, and a person accepts a part and what is made',
    ends: 'Completed',
    acts: (order) => [
      place(order, '20'),
      { type: 'MakeDecision', data: { decisionId: `${order}-D1`, option: 'AcceptPartial', reason: 'better than nothing' } },
      ...['lyon', 'haifa', 'oslo'].flatMap((plant, index) => make(order, index + 1, plant, '6')),
    ],
  },
];

/** Where a runner dies: after the nth append of the process itself, or after the nth answer of a stream that it asked. */
export type Death = Readonly<{ at: 'appended' | 'answered'; n: number }>;
/** What else goes wrong: each message is sent twice under its id, or once more under another; the tables of processes are emptied. */
export type Trouble = 'none' | 'sent twice' | 'sent again' | 'emptied';
export type Outcome = Readonly<{ died: boolean; left: readonly string[] }>;

export class FulfilmentWorks {
  private readonly decisions: Decisions;

  private constructor(
    private readonly store: EventStore,
    private readonly pool: Pool,
  ) {
    const registry = new Registry();
    for (const decider of deciders) registry.enter(decider, {});
    this.decisions = new Decisions(store, undefined, registry);
  }

  static async start(storeUrl: string, databaseUrl: string): Promise<FulfilmentWorks> {
    await migrate(databaseUrl);
    return new FulfilmentWorks(new EventStore(storeUrl, 3_000), openPool(databaseUrl, 'sagas', 8));
  }

  async stop(): Promise<void> {
    await this.pool.end();
    await this.store.close();
  }

  /** Goes through a path with a new order; a runner that has died is replaced. Returns what the streams hold. */
  async undergo({ acts, ends }: Path, death?: Death, trouble: Trouble = 'none'): Promise<Outcome> {
    const order = `corp.${randomUUID().slice(0, 8)}`;
    const mortal = this.mortal(death, trouble);
    let runner = this.run(mortal.parts);
    let died = false;
    const replaced = async () => {
      if (died || !mortal.dead()) return;
      died = true;
      await runner.stop();
      if (trouble === 'emptied') await this.pool.query('TRUNCATE process_checkpoint, process_timer, process_shelf');
      runner = this.run({ send: this.sending(trouble) });
    };
    try {
      for (const act of acts(order)) {
        const at = now().toISOString();
        const data = Object.fromEntries(Object.entries(act.data).map(([key, value]) => [key, value === NOW ? at : value]));
        await this.send(act.type, data, { commandId: randomUUID(), actor: 'ann', roles: ['process'] });
        await until(async () => (await replaced(), this.isAtRest(order)), `rest after ${act.type} of ${order}`);
      }
      const state = await this.state(order);
      if (state.status !== ends) throw new Error(`${order} is ${state.status}, not ${ends}`);
      return { died, left: await this.left(order) };
    } finally {
      await runner.stop();
    }
  }

  private run(more: Partial<ProcessOptions>): ProcessRunner {
    const runner = new ProcessRunner({
      store: this.store,
      pool: this.pool,
      send: this.sending('none'),
      targetOf: ({ type, data }) => deciderOf(type).id(data),
      processes: [...processes],
      saveMs: 10,
      timerPollMs: 50,
      lateGraceMs: 100,
      retryPolicy: { attempts: 3, pauseMs: 10 },
      ownership: LEASE,
      log: () => undefined,
      ...more,
    });
    runner.start();
    return runner;
  }

  private send(type: string, data: object, { commandId, ...principal }: { commandId: string; actor: string; roles: string[] }) {
    return inContext({ correlationId: commandId, principal: { ...principal, scopes: ['*'] } }, () =>
      this.decisions.run(deciderOf(type), type, { ...data, commandId } as unknown as Command),
    );
  }

  private sending(trouble: Trouble): Send {
    return async ({ type, data }, { commandId, actor, correlationId, causationId, clock, facilities }) => {
      const once = (id: string) =>
        inContext({ correlationId, causationId, clock, principal: { actor, roles: ['process'], scopes: [...facilities] } }, () =>
          this.decisions.run(deciderOf(type), type, { ...data, commandId: id } as unknown as Command),
        );
      const receipt = await once(commandId);
      if (trouble === 'sent twice') await once(commandId);
      // An answer to an old attempt may be a refusal; it changes nothing.
      if (trouble === 'sent again') await once(randomUUID()).catch(() => undefined);
      return receipt;
    };
  }

  /** The parts of a runner that dies where it is told to: nothing that it does later has any effect. */
  private mortal(death: Death | undefined, trouble: Trouble) {
    let calls = 0;
    let dead = false;
    const alive = () => {
      if (dead) throw new Error('dead');
    };
    const passed = (at: Death['at']) => {
      if (death?.at === at && (calls += 1) === death.n) dead = true;
      alive();
    };
    const store = Object.create(this.store) as EventStore;
    Object.assign(store, {
      append: async (...given: Parameters<EventStore['append']>) => {
        alive();
        const appended = await this.store.append(...given);
        passed('appended');
        return appended;
      },
      read: async (...given: Parameters<EventStore['read']>) => (alive(), this.store.read(...given)),
    });
    const pool = Object.create(this.pool) as Pool;
    pool.query = (async (...given: Parameters<Pool['query']>) => (alive(), this.pool.query(...given))) as never;
    const sending = this.sending(trouble);
    const send: Send = async (...given) => {
      alive();
      const receipt = await sending(...given);
      passed('answered');
      return receipt;
    };
    return { parts: { store, pool, send } satisfies Partial<ProcessOptions>, dead: () => dead };
  }

  private async state(order: string) {
    return (await this.store.read<Event & never>(`customer-order-${order}`)).reduce(
      (state, event) => customerOrder.evolve(state, event),
      customerOrder.initial,
    );
  }

  /** Nothing more happens by itself: the processes have taken everything, and have no action without an outcome. */
  private async isAtRest(order: string): Promise<boolean> {
    const before = await this.instances(order);
    const newest = (await this.streams(order))
      .flatMap(({ events }) => events)
      .reduce((latest, { position }) => (position > latest ? position : latest), -1n);
    const { rows } = await this.pool.query<{ position: bigint }>('SELECT position FROM process_checkpoint WHERE process = ANY($1)', [
      processes.map(({ name }) => name),
    ]);
    if (rows.length < processes.length || rows.some(({ position }) => position < newest)) return false;
    // The answer to an action is taken after its input is finished, and may have led to more meanwhile.
    const now = await this.instances(order);
    const [own] = now;
    const steps = own!.flatMap((event) => (event.type === 'StepTaken' ? [event.data] : []));
    const last = steps.reduce((state, { input }) => fulfil.evolve(state, input as never), fulfil.initial);
    return (
      own!.length > 0 && last.doing === undefined && now.every((events, n) => events.length === before[n]!.length && isAnswered(events))
    );
  }

  /** What the instances of the processes have recorded, the order's own first. */
  private async instances(order: string): Promise<readonly (readonly InstanceEvent[])[]> {
    const names = [
      `${fulfil.name}-${order}`,
      ...(await this.transfers(order)).flatMap(([there, here]) => [
        ...[announce, issue].map(({ name }) => `${name}-${there}`),
        ...[confirm, book].map(({ name }) => `${name}-${here}`),
      ]),
    ];
    return Promise.all(names.map((name) => this.store.read<InstanceEvent>(name)));
  }

  /** The transfers of the legs, at both plants. */
  private async transfers(order: string): Promise<(readonly [there: string, here: string])[]> {
    const state = await this.state(order);
    const legs = state.status === 'Unknown' ? [] : state.legs;
    return legs.map(({ leg, facilityId }) => [transferIdOf(order, leg, facilityId), inboundOf(order, leg, facilityId)]);
  }

  private async streams(order: string) {
    const state = await this.state(order);
    const legs = state.status === 'Unknown' ? [] : state.legs;
    const names = [
      `customer-order-${order}`,
      ...[1, 2, 3, 4, 5, 6].flatMap((n) => [`allocation-plan-${order}-P${n}`, `decision-${order}-D${n}`]),
      ...legs.flatMap(({ leg, facilityId }) => [
        `production-order-${legIdOf(order, leg, facilityId)}`,
        `work-order-${legIdOf(order, leg, facilityId)}`,
        ...[lotOf(order, leg, facilityId), atReceiver(lotOf(order, leg, facilityId), HUB)].map((lot) => `material-lot-${lot}`),
      ]),
      ...(await this.transfers(order)).flatMap(([there, here]) => [`inter-facility-transfer-${there}`, `inbound-transfer-${here}`]),
    ];
    return Promise.all(names.map(async (name) => ({ name, events: await this.store.read(name) })));
  }

  /** What the streams hold, without ids and times: the same whatever died. Records that a command changed nothing are no facts. */
  private async left(order: string): Promise<string[]> {
    const told = (await this.streams(order)).flatMap(({ name, events }) =>
      events
        .filter(({ type }) => type !== 'CommandUnchanged' && type !== 'CommandRefused')
        .map(({ type, data }) => `${name} ${type} ${JSON.stringify(data)}`),
    );
    const reserved = await Promise.all(
      ['lyon', 'haifa', 'oslo'].map(async (plant) => {
        const events = await this.store.read(`facility-capacity-${plant}.cell`);
        const state = events.reduce((folded, event) => capacity.evolve(folded, event), capacity.initial);
        const mine = Object.keys(state.reserved).filter((id) => id.endsWith(order.slice(5)));
        return `${plant} ${mine.join(',') || 'has nothing reserved'}`;
      }),
    );
    const local = new RegExp(order.slice(5), 'g');
    return [...told, ...reserved].map((line) => line.replace(local, 'CO').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'then'));
  }
}

const isAnswered = (events: readonly InstanceEvent[]): boolean => {
  const sent = events.reduce((all, event) => all + (event.type === 'StepTaken' ? event.data.sends.length : 0), 0);
  return sent === events.filter(({ type }) => type === 'OutcomeRecorded').length;
};

/** Long, since other things may run beside it. */
const PATIENCE_MS = 120_000;

async function until(done: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !(await done()); await new Promise((resolve) => setTimeout(resolve, 15)))
    if (performance.now() > end) throw new Error(`timed out waiting for ${what}`);
}
