import { digestOf } from '#platform/commands/digest';
import * as fc from 'fast-check';
import { given } from '#platform/testing/given';
import type { Context } from '#kernel/decider';
import { compare, plus } from '#manufacturing/quantity';
import { Rejected } from '#kernel/rejected';
import { allocatedTo, unallocated } from './legs';
import { productionOrder, type ProductionOrder } from './production-order';
import type { Demand, LegEnding, Made, ProductionOrderEvent } from './production-order.events';

const productionOrderId = 'haifa.P1';
const at = '2026-01-05T08:00:00.000Z';
const demand: Demand = {
  product: 'flange',
  revision: 'B',
  quantity: '100',
  unit: 'pcs',
  due: '2026-02-01T10:00:00.000Z',
  priority: 5,
  overPercent: '5',
  underPercent: '2',
};
const pieces = (amount: string) => ({ amount, unit: 'pcs' as const });
const creation = { productionOrderId, ...demand, quantity: pieces('100') };
const created: ProductionOrderEvent = { type: 'ProductionOrderCreated', data: { productionOrderId, ...demand, createdAt: at } };

const linked = (local: string, quantity: string, unallocated: string): ProductionOrderEvent => ({
  type: 'WorkOrderLinked',
  data: { productionOrderId, workOrderId: `haifa.${local}`, quantity, unallocated, linkedAt: at },
});
const started = (local: string): ProductionOrderEvent => ({
  type: 'LegStarted',
  data: { productionOrderId, workOrderId: `haifa.${local}`, startedAt: at },
});
const made = (good: string, scrap = '0'): Made => ({ good, scrap, rework: '0' });
const legEnded = (local: string, good: string, unallocated: string, ending: LegEnding = 'Completed'): ProductionOrderEvent => ({
  type: 'LegEnded',
  data: { productionOrderId, workOrderId: `haifa.${local}`, ending, made: made(good), unallocated, endedAt: at },
});
const completed = (good: string): ProductionOrderEvent => ({
  type: 'ProductionOrderCompleted',
  data: { productionOrderId, made: made(good), completedAt: at },
});
const heldNow: ProductionOrderEvent = { type: 'ProductionOrderHeld', data: { productionOrderId, reason: 'credit', heldAt: at } };
const cancelled: ProductionOrderEvent = {
  type: 'ProductionOrderCancelled',
  data: { productionOrderId, reason: 'gone', made: made('0'), cancelledAt: at },
};
const ending = (local: string, good: string) => ({
  productionOrderId,
  workOrderId: `haifa.${local}`,
  ending: 'Completed' as const,
  good,
  scrap: '0',
  rework: '0',
  unit: 'pcs' as const,
});

describe('an unknown production order', () => {
  test('is created from a demand', () => given(productionOrder).when('CreateProductionOrder', creation).then(created));
  test('has no tolerance and priority 5 by default', () => {
    const { priority: _, overPercent: __, underPercent: ___, ...plain } = creation;
    given(productionOrder)
      .when('CreateProductionOrder', plain)
      .then({
        type: 'ProductionOrderCreated',
        data: { productionOrderId, ...demand, priority: 5, overPercent: '0', underPercent: '0', createdAt: at },
      });
  });
  test.each(['0', '0.000', '-5', '1.1234567', 'NaN', '1e400'])('is refused for a quantity of %p', (amount) =>
    given(productionOrder)
      .when('CreateProductionOrder', { ...creation, quantity: pieces(amount) })
      .rejects('quantity-not-positive'),
  );
  test('is refused for half a piece and for an under-production of 100 percent', () => {
    given(productionOrder)
      .when('CreateProductionOrder', { ...creation, quantity: pieces('0.5') })
      .rejects('fraction-of-a-piece');
    given(productionOrder)
      .when('CreateProductionOrder', { ...creation, underPercent: '100' })
      .rejects('tolerance-too-wide');
  });
  test('refuses every command', () => {
    given(productionOrder).when('CancelProductionOrder', { productionOrderId, reason: 'x' }).rejects('production-order-unknown');
    given(productionOrder)
      .when('LinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W1', quantity: pieces('1') })
      .rejects('production-order-unknown');
  });
  test('is flagged once when a work order names it', () => {
    const orphan: ProductionOrderEvent = { type: 'OrphanLegDetected', data: { productionOrderId, workOrderId: 'haifa.W1', told: 'ended' } };
    given(productionOrder).when('RecordLegEnded', ending('W1', '5')).then(orphan);
    given(productionOrder, orphan).when('RecordLegEnded', ending('W1', '5')).changesNothing();
  });
});

describe('an open production order', () => {
  const open = given(productionOrder, created);
  test('can be created again where the demand was recorded with an offset', () => {
    const older = { ...created, data: { ...created.data, due: '2026-02-01T12:00:00+02:00' } } as ProductionOrderEvent;
    given(productionOrder, older)
      .when('CreateProductionOrder', { ...creation, due: '2026-02-01T12:00:00+02:00' })
      .changesNothing();
  });
  test('can be created again with the same demand, not with another', () => {
    open.when('CreateProductionOrder', creation).changesNothing();
    open.when('CreateProductionOrder', { ...creation, due: '2026-03-01T12:00:00+02:00' }).rejects('production-order-exists');
  });
  test('is made by work orders up to the tolerance; legs and rest are the demand (I1)', () => {
    open.when('LinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W1', quantity: pieces('60') }).then(linked('W1', '60', '40'));
    const sixty = given(productionOrder, created, linked('W1', '60', '40'));
    sixty.when('LinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W2', quantity: pieces('45') }).then(linked('W2', '45', '0'));
    sixty.when('LinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W2', quantity: pieces('46') }).rejects('over-allocated');
    sixty.when('LinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W1', quantity: pieces('60') }).changesNothing();
    sixty.when('LinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W1', quantity: pieces('61') }).rejects('work-order-linked');
  });
  test('accepts work orders of its own facility and unit only', () => {
    open.when('LinkWorkOrder', { productionOrderId, workOrderId: 'lyon.W1', quantity: pieces('60') }).rejects('wrong-facility');
    open
      .when('LinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W1', quantity: { amount: '60', unit: 'kg' } })
      .rejects('unit-incompatible');
    open.when('LinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W1', quantity: pieces('0') }).rejects('quantity-not-positive');
  });
  test('unlinks a work order that has not started, and no other', () => {
    given(productionOrder, created, linked('W1', '60', '40'))
      .when('UnlinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W1', reason: 'moved' })
      .then({
        type: 'WorkOrderUnlinked',
        data: { productionOrderId, workOrderId: 'haifa.W1', reason: 'moved', unallocated: '100', unlinkedAt: at },
      });
    given(productionOrder, created, linked('W1', '60', '40'), started('W1'))
      .when('UnlinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W1', reason: 'moved' })
      .rejects('leg-started');
    open.when('UnlinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W1', reason: 'moved' }).changesNothing();
  });
  test('is amended; the event has the demand before', () => {
    open
      .when('AmendProductionOrder', { productionOrderId, quantity: pieces('120'), reason: 'more' })
      .then({
        type: 'ProductionOrderAmended',
        data: { productionOrderId, from: demand, to: { ...demand, quantity: '120' }, reason: 'more', unallocated: '120', amendedAt: at },
      });
    open.when('AmendProductionOrder', { productionOrderId, quantity: pieces('100'), reason: 'same' }).changesNothing();
  });
  test('follows a work order that was released or resized, and flags an excess', () => {
    const release = { productionOrderId, workOrderId: 'haifa.W1', quantity: pieces('60') };
    open.when('RecordLegReleased', release).then(linked('W1', '60', '40'));
    const sixty = given(productionOrder, created, linked('W1', '60', '40'));
    sixty.when('RecordLegReleased', release).changesNothing();
    sixty
      .when('RecordLegReleased', { ...release, quantity: pieces('110') })
      .then(
        { type: 'LegResized', data: { productionOrderId, workOrderId: 'haifa.W1', from: '60', to: '110', unallocated: '0' } },
        {
          type: 'OverAllocationDetected',
          data: { productionOrderId, workOrderId: 'haifa.W1', allocated: '110', limit: '105', excess: '5' },
        },
      );
  });
  test('is cancelled', () => open.when('CancelProductionOrder', { productionOrderId, reason: 'gone' }).then(cancelled));
  test('is not completed with less than the tolerance', () =>
    open.when('CompleteProductionOrder', { productionOrderId }).rejects('quantity-short'));
});

test('a work order of another facility does not become a leg', () =>
  given(productionOrder, created)
    .when('RecordLegReleased', { productionOrderId, workOrderId: 'lyon.W1', quantity: pieces('60') })
    .then({ type: 'OrphanLegDetected', data: { productionOrderId, workOrderId: 'lyon.W1', told: 'of another facility' } }));

describe('a production order in progress', () => {
  const past = [created, linked('W1', '60', '40'), linked('W2', '40', '0'), started('W1')];
  const run = given(productionOrder, ...past);
  test('is in progress from the first leg that starts', () => {
    expect(past.reduce(productionOrder.evolve, productionOrder.initial).status).toBe('InProgress');
    run.when('RecordLegStarted', { productionOrderId, workOrderId: 'haifa.W1' }).changesNothing();
  });
  test('is not cancelled while a leg is under way', () =>
    run.when('CancelProductionOrder', { productionOrderId, reason: 'x' }).rejects('legs-under-way'));
  test('frees the quantity that a leg fell short of', () =>
    run.when('RecordLegEnded', { ...ending('W1', '50'), ending: 'Stopped' }).then(legEnded('W1', '50', '10', 'Stopped')));
  test('is complete when its last leg ends with enough', () =>
    given(productionOrder, ...past, legEnded('W1', '58', '2'))
      .when('RecordLegEnded', ending('W2', '40'))
      .then(legEnded('W2', '40', '2'), completed('98')));
  test('is not complete while a leg is open, even with enough', () => {
    const enough = {
      ...legEnded('W1', '100', '0'),
      data: { ...(legEnded('W1', '100', '0').data as object), unallocated: '0' },
    } as ProductionOrderEvent;
    const wide = [{ ...created, data: { ...(created.data as object), overPercent: '50' } } as ProductionOrderEvent, ...past.slice(1)];
    given(productionOrder, ...wide)
      .when('RecordLegEnded', ending('W1', '100'))
      .then(enough);
  });
  test('stays in progress when the legs made too little', () =>
    given(productionOrder, ...past, legEnded('W1', '57', '3'))
      .when('RecordLegEnded', ending('W2', '40'))
      .then(legEnded('W2', '40', '3')));
  test('flags an excess over all legs, and is still complete', () =>
    given(productionOrder, ...past, legEnded('W1', '60', '0'))
      .when('RecordLegEnded', ending('W2', '46'))
      .then(
        legEnded('W2', '46', '0'),
        { type: 'DemandExceededDetected', data: { productionOrderId, workOrderId: 'haifa.W2', good: '106', limit: '105', excess: '1' } },
        completed('106'),
      ));
  test('is not amended below the quantity made or allocated', () => {
    const half = given(productionOrder, ...past, legEnded('W1', '60', '0'));
    half.when('AmendProductionOrder', { productionOrderId, quantity: pieces('59'), reason: 'less' }).rejects('below-produced');
    half.when('AmendProductionOrder', { productionOrderId, quantity: pieces('90'), reason: 'less' }).rejects('below-allocated');
  });
  test('is closed only when its legs are over, and short only with a reason', () => {
    run.when('CloseProductionOrder', { productionOrderId }).rejects('legs-open');
    const short = given(productionOrder, created, linked('W1', '60', '40'), legEnded('W1', '60', '40'));
    short.when('CloseProductionOrder', { productionOrderId }).rejects('reason-missing');
    short
      .when('CloseProductionOrder', { productionOrderId, reason: 'customer agrees' })
      .then({
        type: 'ProductionOrderClosed',
        data: { productionOrderId, made: made('60'), short: '38', reason: 'customer agrees', closedAt: at },
      });
  });
});

describe('a held production order', () => {
  const stood = given(productionOrder, created, heldNow);
  test('refuses to link a work order, and records one that was released', () => {
    stood.when('LinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W1', quantity: pieces('60') }).rejects('production-order-state');
    stood.when('RecordLegReleased', { productionOrderId, workOrderId: 'haifa.W1', quantity: pieces('60') }).then(linked('W1', '60', '40'));
  });
  test('is resumed', () => {
    stood.when('HoldProductionOrder', { productionOrderId, reason: 'again' }).changesNothing();
    stood
      .when('ResumeProductionOrder', { productionOrderId })
      .then({ type: 'ProductionOrderResumed', data: { productionOrderId, resumedAt: at } });
  });
});

describe('a production order whose legs are over', () => {
  const over = [created, linked('W1', '60', '40'), started('W1'), legEnded('W1', '60', '0')];
  it('is complete when the last leg ends, in any order of the facts', () => {
    const later = '2026-01-05T09:00:00.000Z';
    const first = [created, linked('W1', '60', '40'), linked('W2', '40', '0'), started('W1'), started('W2')];
    const second: ProductionOrderEvent = {
      ...legEnded('W2', '40', '0'),
      data: { ...legEnded('W2', '40', '0').data, endedAt: later },
    } as never;
    given(productionOrder, ...first, second)
      .when('RecordLegEnded', ending('W1', '60'), { now: later })
      .then(legEnded('W1', '60', '0'), {
        type: 'ProductionOrderCompleted',
        data: { productionOrderId, made: made('100'), completedAt: later },
      });
  });
  it('is complete when it is resumed after a hold', () =>
    given(productionOrder, created, linked('W1', '100', '0'), heldNow, legEnded('W1', '100', '0'))
      .when('ResumeProductionOrder', { productionOrderId })
      .then({ type: 'ProductionOrderResumed', data: { productionOrderId, resumedAt: at } }, completed('100')));
  it('is complete when the demand is reduced', () => {
    const to = { ...demand, quantity: '60' };
    given(productionOrder, ...over)
      .when('AmendProductionOrder', { productionOrderId, quantity: pieces('60'), reason: 'x' })
      .then(
        { type: 'ProductionOrderAmended', data: { productionOrderId, from: demand, to, reason: 'x', unallocated: '0', amendedAt: at } },
        completed('60'),
      );
  });
});

describe('a completed production order', () => {
  const past = [created, linked('W1', '100', '0'), started('W1'), legEnded('W1', '100', '0'), completed('100')];
  const done = given(productionOrder, ...past);
  test('cannot be cancelled (I16) nor amended', () => {
    done.when('CancelProductionOrder', { productionOrderId, reason: 'x' }).rejects('production-order-completed');
    done.when('AmendProductionOrder', { productionOrderId, quantity: pieces('120'), reason: 'x' }).rejects('production-order-state');
  });
  test('follows a correction, and flags one that leaves it short', () =>
    done
      .when('RecordLegEnded', ending('W1', '90'))
      .then(
        {
          type: 'LegCorrected',
          data: { productionOrderId, workOrderId: 'haifa.W1', from: made('100'), to: made('90'), unallocated: '10' },
        },
        { type: 'CompletionShortDetected', data: { productionOrderId, workOrderId: 'haifa.W1', good: '90', short: '8' } },
      ));
  test('flags a late work order', () =>
    done
      .when('RecordLegReleased', { productionOrderId, workOrderId: 'haifa.W2', quantity: pieces('5') })
      .then(linked('W2', '5', '0'), {
        type: 'LegOnClosedOrderDetected',
        data: { productionOrderId, workOrderId: 'haifa.W2', status: 'Completed' },
      }));
  test('is closed, and reopened', () => {
    const closed: ProductionOrderEvent = { type: 'ProductionOrderClosed', data: { productionOrderId, made: made('100'), closedAt: at } };
    done.when('CloseProductionOrder', { productionOrderId }).then(closed);
    given(productionOrder, ...past, closed)
      .when('ReopenProductionOrder', { productionOrderId, reason: 'claim' })
      .then({ type: 'ProductionOrderReopened', data: { productionOrderId, reason: 'claim', reopenedAt: at } });
  });
});

describe('a cancelled production order', () => {
  const gone = given(productionOrder, created, cancelled);
  test('stays cancelled', () => {
    gone.when('CancelProductionOrder', { productionOrderId, reason: 'x' }).changesNothing();
    gone.when('ReopenProductionOrder', { productionOrderId, reason: 'x' }).rejects('production-order-state');
    gone.when('LinkWorkOrder', { productionOrderId, workOrderId: 'haifa.W1', quantity: pieces('1') }).rejects('production-order-state');
  });
});

describe('any past of a production order', () => {
  const context: Context = { now: at, occurredAt: at, actor: 'pia', role: 'planner', commandId: '1', digestOf };
  type Command = Readonly<{ type: keyof typeof productionOrder.decide; data: object }>;
  const decide = (state: ProductionOrder, { type, data }: Command) => productionOrder.decide[type](data as never, state, context);
  const run = (commands: readonly Command[]) =>
    commands.reduce<ProductionOrder>((state, command) => {
      try {
        return decide(state, command).reduce(productionOrder.evolve, state);
      } catch (error) {
        if (error instanceof Rejected) return state;
        throw error;
      }
    }, productionOrder.initial);
  const amount = fc.integer({ min: 0, max: 130 }).map(String);
  const workOrderId = fc.constantFrom('haifa.W1', 'haifa.W2', 'haifa.W3', 'lyon.W1');
  const command = (type: Command['type'], fields: Record<string, fc.Arbitrary<unknown>> = {}): fc.Arbitrary<Command> =>
    fc.record(fields).map((data) => ({ type, data: { productionOrderId, ...data } }));
  const quantity = fc.record({ amount, unit: fc.constantFrom('pcs', 'pcs', 'pcs', 'kg') });
  const facts = fc.oneof(
    command('RecordLegReleased', { workOrderId, quantity }),
    command('RecordLegStarted', { workOrderId }),
    command('RecordLegEnded', {
      workOrderId,
      ending: fc.constantFrom('Completed', 'Stopped', 'Aborted', 'Cancelled'),
      good: amount,
      scrap: amount,
      rework: amount,
      unit: fc.constantFrom('pcs', 'pcs', 'kg'),
    }),
  );
  const reason = fc.constant('x');
  const any = fc.oneof(
    { weight: 4, arbitrary: facts },
    { weight: 2, arbitrary: fc.constant<Command>({ type: 'CreateProductionOrder', data: creation }) },
    { weight: 3, arbitrary: command('LinkWorkOrder', { workOrderId, quantity }) },
    command('AmendProductionOrder', { quantity, reason }),
    command('UnlinkWorkOrder', { workOrderId, reason }),
    command('HoldProductionOrder', { reason }),
    command('ResumeProductionOrder'),
    command('CancelProductionOrder', { reason }),
    command('CompleteProductionOrder'),
    command('CloseProductionOrder', { reason: fc.constantFrom(undefined, 'x') }),
    command('ReopenProductionOrder', { reason }),
  );
  const past = fc.array(any, { maxLength: 25 });
  test('a repeated command changes nothing or is refused', () => {
    fc.assert(
      fc.property(past, any, (before, again) => {
        const state = run([...before, again]);
        try {
          expect(decide(state, again)).toEqual([]);
        } catch (error) {
          if (!(error instanceof Rejected)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
  test('facts are never refused', () => {
    fc.assert(
      fc.property(past, facts, (before, fact) => void decide(run(before), fact)),
      { numRuns: 500 },
    );
  });
  test('legs and rest are the demand, unless the legs exceed it (I1)', () => {
    fc.assert(
      fc.property(past, (before) => {
        const state = run(before);
        if (state.status === 'Unknown') return;
        const legs = allocatedTo(state.legs);
        const all = plus(legs, unallocated(state.demand.quantity, state.legs));
        expect(all).toBe(compare(legs, state.demand.quantity) > 0 ? legs : state.demand.quantity);
      }),
      { numRuns: 500 },
    );
  });
});
