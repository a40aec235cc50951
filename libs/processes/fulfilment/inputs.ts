/** What an input changes: an event, the answer to what was asked, or a timer. */
import type { LegDelivery, LegMade } from '#customer-order/customer-order.events';
import type { ItemBooks } from '#inter-facility-transfer/inter-facility-transfer.events';
import { decisionIdOf, MOST_TRANSFERS, readLegId, readTransferId } from '#manufacturing/order-ids';
import { compare, convertDown, minus, plus, sum } from '#manufacturing/quantity';
import { accepted, refused } from './answers';
import {
  askedAgain,
  begun,
  counting,
  excluding,
  givenUp,
  legTimer,
  made,
  madeAnyway,
  notLate,
  notShipped,
  ORDER_TIMER,
  startTimer,
  question,
  rejecting,
  undone,
  without,
  withoutLater,
  withoutQuestion,
} from './changes';
import type { Input } from './messages';
import { proposed, remainder } from './proposal';
import type { Answer } from './questions';
import { settled } from './settle';
import { change, type Fulfilment, isOpen, type Leg, note, since, unallocated } from './state';

/** Minutes until a person is asked again whether to keep waiting for a leg that has not started. */
const ASK_AGAIN = 1_440;

type Event = Exclude<Input, { type: 'CommandRefused' | 'CommandAccepted' | 'TimerFired' }>;

/** The state after an input, with what follows from it at once. */
export function fold(before: Fulfilment, input: Input): Fulfilment {
  const { doing, ...rest } = before;
  const state: Fulfilment = { ...rest, timers: [] };
  switch (input.type) {
    case 'CommandAccepted':
      return settled(accepted(state, doing));
    case 'CommandRefused':
      return settled(refused(state, doing, input.data));
    case 'TimerFired':
      return settled(fired(state, input.data.timer));
    default:
      return settled(heard({ ...state, endRefused: false }, input));
  }
}

const fired = (state: Fulfilment, timer: string): Fulfilment => {
  if (timer === ORDER_TIMER) return { ...state, waits: false };
  const late = state.legs.find((each) => startTimer(each.leg) === timer);
  if (late) return overdue(state, late);
  const leg = state.legs.find((each) => legTimer(each.leg) === timer);
  return leg?.waits === 'timer' ? change(state, leg.leg, { waits: 'no' }) : state;
};

/** A leg whose time is over and that has not started: a person is asked. Silence alone never takes it from its plant. */
function overdue(state: Fulfilment, leg: Leg): Fulfilment {
  if (leg.started || leg.undone || leg.goal === 'undo' || state.status !== 'open') return state;
  const again = { ...state, timers: [{ name: startTimer(leg.leg), minutes: ASK_AGAIN }] };
  return state.question
    ? again
    : question(again, 'Late', `Leg ${leg.leg} at ${leg.facilityId} has not started by its planned end.`, leg.leg);
}

function heard(state: Fulfilment, input: Event): Fulfilment {
  switch (input.type) {
    case 'CustomerOrderPlaced': {
      const { customerOrderId, placedAt: _, ...demand } = input.data;
      return state.demand ? state : { ...state, customerOrderId, demand };
    }
    case 'CustomerOrderAmended':
      return withoutQuestion(
        { ...fresh(state), demand: input.data.to, madeMore: false, legs: trimmable(state) },
        'Partial',
        'Nothing',
        'Short',
      );
    case 'CustomerOrderHeld':
      return { ...state, held: true };
    case 'CustomerOrderResumed':
      return { ...state, held: false };
    case 'CustomerOrderCancellationRequested': {
      const { running, reason } = input.data;
      const cancelling: Fulfilment = { ...state, status: 'cancelling', running, reason, cancel: 'no' };
      return withoutQuestion(
        { ...cancelling, ...rejecting(cancelling) },
        'Partial',
        'Nothing',
        'Short',
        'Shipment',
        'Returned',
        'Late',
        'MadeAnyway',
      );
    }
    case 'AllocationProposed':
      return proposed(state, input.data);
    case 'PlanChosen':
      return {
        ...state,
        planning: 'idle',
        operations: input.data.operations,
        legs: [
          ...state.legs,
          ...input.data.legs
            .filter(({ leg }) => state.legs.every((each) => each.leg !== leg))
            .map((leg): Leg => ({
              ...leg,
              goal: 'make',
              why: '',
              done: [],
              refusals: 0,
              waits: 'no',
              started: false,
              undone: false,
              untrimmable: false,
              freed: false,
              stop: 'no',
              transfer: 'none',
              shipment: 1,
              again: '0',
              sentAgain: '0',
              deliveries: [],
            })),
        ],
      };
    case 'CompensationRetried':
    case 'CompensationSettled': {
      const leg = state.legs.find((each) => each.leg === input.data.leg);
      if (leg?.waits !== 'person') return state;
      const freed = change(state, leg.leg, { waits: 'no', refusals: 0 });
      return input.type === 'CompensationSettled' ? undone(freed, leg.leg, input.data.step, false) : freed;
    }
    case 'DecisionMade': {
      const { decisionId, option } = input.data;
      if (isAsked(state, decisionId)) return decided(state, option as Answer);
      // An answer to a question that is no longer one is recorded, and changes nothing.
      const { customerOrderId, demand } = state;
      return demand ? note(state, { type: 'RecordDecisionTaken', data: { customerOrderId, decisionId, option } }) : state;
    }
    case 'DecisionWithdrawn':
      // The decision was withdrawn, but its question is still open: it is asked again.
      return isAsked(state, input.data.decisionId) ? askedAgain(state) : state;
    case 'WorkOrderStarted':
      return ofLeg(state, input.data.workOrderId, (leg) => (leg.started || leg.undone ? state : begun(state, leg)));
    case 'WorkOrderEnded':
      return ofLeg(state, input.data.workOrderId, (leg) => ended(state, leg, input.data.totals, input.data.endedAt));
    case 'WorkOrderAborted':
      return ofLeg(state, input.data.workOrderId, (leg) => ended(state, leg, input.data.totals, input.data.abortedAt));
    case 'WorkOrderCancelled':
      return ofLeg(state, input.data.workOrderId, (leg) =>
        leg.goal === 'make' && !leg.undone
          ? givenUp(change(state, leg.leg, { done: without(leg.done, 'Release') }), leg, `${leg.facilityId} cancelled it`)
          : state,
      );
    case 'LegCorrected':
      return input.data.workOrderId === input.data.productionOrderId
        ? ofLeg(state, input.data.workOrderId, (leg) =>
            leg.made ? remade(state, leg, input.data.to) : lateReport(state, leg, input.data.to),
          )
        : state;
    case 'TransferShipped':
      return ofTransfer(state, input.data.transferId, (leg) => change(state, leg.leg, { transfer: 'shipped' }));
    case 'TransferCancelled':
      return ofTransfer(state, input.data.transferId, (leg) =>
        leg.transfer === 'planned' && state.status === 'open'
          ? question(notShipped(state, leg), 'Shipment', `The transfer of leg ${leg.leg} from ${leg.facilityId} was cancelled.`, leg.leg)
          : state,
      );
    case 'TransferClosed': {
      const { transferId, received, short, damaged, lost, returned } = input.data;
      const result = resultIn(state, input.data.items) ?? { received, short, damaged, lost, returned };
      return ofTransfer(state, transferId, (leg, shipment) => delivered(state, leg, shipment, result));
    }
  }
}

const ofLeg = (state: Fulfilment, id: string, then: (leg: Leg) => Fulfilment): Fulfilment => {
  const named = readLegId(id);
  const leg = state.legs.find((each) => each.leg === named?.n && each.facilityId === named.plant);
  return leg ? then(leg) : state;
};

const ofTransfer = (state: Fulfilment, id: string, then: (leg: Leg, shipment: number) => Fulfilment): Fulfilment => {
  const named = readTransferId(id);
  const leg = state.legs.find((each) => each.leg === named?.n && each.facilityId === named.plant);
  if (!leg || !named) return state;
  const known = named.attempt < leg.shipment ? leg.deliveries[named.attempt - 1] : leg.transfer === 'planned' || leg.transfer === 'shipped';
  return known || (named.attempt === leg.shipment && leg.delivery) ? then(leg, named.attempt) : state;
};

/** What was made is corrected; its transfer follows, unless it is on its way or only ships again what came back. */
function remade(state: Fulfilment, leg: Leg, to: LegMade): Fulfilment {
  const follows = since(4, state) && leg.transfer === 'planned' && !leg.delivery && leg.shipment < MOST_TRANSFERS;
  const outdated = follows && compare(to.good, leg.made!.good) !== 0;
  return made(outdated ? change(state, leg.leg, { outdated }) : state, leg, to);
}

/** A report for a leg that was taken back, or is being so; work that runs is told at its end. */
function lateReport(state: Fulfilment, leg: Leg, { good, scrap, rework }: LegMade): Fulfilment {
  if (!since(3, state) || leg.goal === 'make' || state.status === 'over') return state;
  const told = change(state, leg.leg, { late: { good, scrap, rework } });
  if (compare(good, '0') > 0 || state.question?.kind !== 'MadeAnyway' || state.question.leg !== leg.leg) return told;
  return withoutQuestion(told, 'MadeAnyway');
}

function ended(state: Fulfilment, leg: Leg, totals: LegMade, endedAt: string): Fulfilment {
  if (leg.made || leg.undone) return state;
  const short = compare(totals.good, leg.trimTo ?? leg.quantity) < 0;
  const over = made(change(notLate(state, leg), leg.leg, { started: true, goal: 'make', waits: 'no', refusals: 0 }), leg, totals, endedAt);
  return short && state.status === 'open' ? excluding(over, leg) : over;
}

function delivered(before: Fulfilment, leg: Leg, shipment: number, result: LegDelivery): Fulfilment {
  const deliveries = Array.from({ length: Math.max(shipment, leg.deliveries.length) }, (_, n) =>
    n === shipment - 1 ? result : (leg.deliveries[n] ?? NOTHING),
  );
  const total = (part: keyof LegDelivery): string => sum(deliveries.map((each) => each[part]));
  // What is shipped again does not stay with the plant.
  const returned = minus(total('returned'), leg.sentAgain);
  const delivery = { received: total('received'), short: total('short'), damaged: total('damaged'), lost: total('lost'), returned };
  const present = shipment === leg.shipment;
  const state = note(change(before, leg.leg, { deliveries, delivery, ...(present ? { transfer: 'over' } : {}) }), {
    type: 'RecordCustomerLegDelivered',
    data: { customerOrderId: before.customerOrderId, leg: leg.leg, ...delivery },
  });
  const asks = present && compare(result.returned, '0') > 0 && leg.shipment < MOST_TRANSFERS && state.status === 'open';
  if (asks && state.question && !since(2, state)) return state;
  if (!asks) return state;
  return question(state, 'Returned', `${result.returned} of leg ${leg.leg} came back to ${leg.facilityId}.`, leg.leg);
}

/** What became of a transfer, in the unit of the order: its lots may be in others. */
function resultIn(state: Fulfilment, items: readonly ItemBooks[] | undefined): LegDelivery | undefined {
  if (!since(4, state) || !items) return undefined;
  const { unit } = state.demand!;
  const total = (part: keyof LegDelivery): string =>
    sum(items.map((each) => convertDown({ amount: each[part], unit: each.unit }, unit) ?? '0'));
  return {
    received: total('received'),
    short: total('short'),
    damaged: total('damaged'),
    lost: total('lost'),
    returned: total('returned'),
  };
}

const NOTHING: LegDelivery = { received: '0', short: '0', damaged: '0', lost: '0', returned: '0' };

/** A plant that refused to make less is asked again for what is wanted now. */
const trimmable = (state: Fulfilment): readonly Leg[] =>
  since(4, state) ? state.legs.map((leg) => (leg.untrimmable ? { ...leg, untrimmable: false } : leg)) : state.legs;

/** The customer or a person has spoken: plans are made again, on all plants. */
const fresh = (state: Fulfilment): Fulfilment => ({
  ...withoutLater(state, 'Partial', 'Nothing', 'Short'),
  replans: 0,
  excluded: [],
  unplaceable: '0',
  partAccepted: false,
  shortAccepted: false,
});

const isAsked = ({ customerOrderId, question: asked }: Fulfilment, decisionId: string): boolean =>
  asked !== undefined && decisionIdOf(customerOrderId, asked.id) === decisionId;

function decided(before: Fulfilment, answer: Answer): Fulfilment {
  const { question: asked, ...rest } = before;
  const decisionId = decisionIdOf(before.customerOrderId, asked!.id);
  const state = note(rest, { type: 'RecordDecisionTaken', data: { customerOrderId: before.customerOrderId, decisionId, option: answer } });
  switch (answer) {
    case 'AcceptPartial':
      return { ...state, verdict: 'accept', unplaceable: remainder(state), partAccepted: true };
    case 'AcceptShort':
      return { ...state, shortAccepted: true, shortBy: unallocated(state) };
    case 'TryAgain': {
      const again = { ...fresh(state), ...rejecting(state) };
      const leg = again.legs.find((each) => asked!.kind === 'Shipment' && each.leg === asked!.leg);
      return leg?.transfer === 'over' ? shippedAgain(again, leg, leg.again) : again;
    }
    case 'ShipAgain': {
      const leg = state.legs.find((each) => each.leg === asked!.leg);
      if (leg?.transfer !== 'over' || !leg.delivery) return state;
      return shippedAgain(state, leg, leg.delivery.returned);
    }
    case 'Cancel':
      return { ...state, ...rejecting(state), cancel: 'wanted' };
    case 'PlanAgain': {
      const leg = state.legs.find((each) => each.leg === asked!.leg);
      return leg && isOpen(leg) && !leg.started ? givenUp(state, leg, `${leg.facilityId} has not started it`) : state;
    }
    case 'KeepAsStock': {
      const leg = state.legs.find((each) => each.leg === asked!.leg);
      return leg?.late ? change(state, leg.leg, { lateAsked: leg.late.good }) : state;
    }
    case 'Count': {
      const leg = state.legs.find((each) => each.leg === asked!.leg);
      return leg && madeAnyway(leg) ? counting(state, leg) : state;
    }
    case 'Stop':
      return { ...state, running: 'Stop' };
    case 'Finish':
      return { ...state, running: 'Finish' };
    default:
      return state;
  }
}

/** A transfer of its own: the one before is over. */
const shippedAgain = (state: Fulfilment, { leg, shipment, sentAgain }: Leg, again: string): Fulfilment =>
  shipment < MOST_TRANSFERS
    ? change(state, leg, { transfer: 'none', shipment: shipment + 1, again, sentAgain: plus(sentAgain, again) })
    : state;
