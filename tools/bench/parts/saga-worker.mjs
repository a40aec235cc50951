/** The process engine with the saga of saga.mjs, for tools/bench/sagas.mjs. */
import { Rejected, serveEngine, StoreUnavailable } from './engine-app.mjs';
import { TASKS } from './saga.mjs';

/** What one facility did for an order. A step is done once and undone once, however often it is asked. */
const leg = {
  category: 'leg',
  initial: { done: [], undone: [] },
  id: ({ legId }) => legId,
  evolve: ({ done, undone }, { type, data }) =>
    type === 'StepDone' ? { done: [...done, data.step], undone } : { done, undone: [...undone, data.step] },
  decide: {
    DoStep: ({ legId, step, fails }, { done }) => {
      if (done.includes(step)) return [];
      if (fails) throw new Rejected('step-refused', `${legId} refuses ${step}.`, {});
      return [{ type: 'StepDone', data: { legId, step } }];
    },
    UndoStep: ({ legId, step }, { done, undone }) =>
      done.includes(step) && !undone.includes(step) ? [{ type: 'StepUndone', data: { legId, step } }] : [],
  },
};
const order = {
  category: 'order',
  initial: 'open',
  id: ({ orderId }) => orderId,
  evolve: (state, { type }) => (type === 'OrderEnded' ? 'ended' : state),
  decide: { EndOrder: ({ orderId, made, sentAt }) => [{ type: 'OrderEnded', data: { orderId, made, sentAt } }] },
};

const whenOrderPlacedMakeIt = {
  name: 'when-order-placed-make-it',
  initial: { order: {}, at: 0, doing: 'make' },
  events: ['OrderPlaced', 'OrderResumed'],
  hearsAccepted: true,
  spansFacilities: true,
  correlate: ({ data }) => data.orderId,
  evolve: (state, { type, data }) => {
    switch (type) {
      case 'OrderPlaced':
        return { ...state, order: data };
      case 'OrderResumed':
        return { ...state, order: { ...state.order, pausesAt: undefined } };
      case 'CommandRefused':
        return { ...state, doing: 'undo' };
      case 'CommandAccepted':
        return data.command === 'EndOrder'
          ? { ...state, doing: 'nothing' }
          : { ...state, at: state.at + (state.doing === 'undo' ? -1 : 1) };
      default:
        return state;
    }
  },
  react: ({ order: { orderId, failsAt, pausesAt, sentAt }, at, doing }) => {
    if (doing === 'nothing' || (doing === 'make' && at === pausesAt)) return [];
    if (at === (doing === 'undo' ? 0 : TASKS.length))
      return [{ send: { type: 'EndOrder', data: { orderId, made: doing === 'make', sentAt } } }];
    const { step, facility } = TASKS[doing === 'undo' ? at - 1 : at];
    const data = { legId: `${facility}.${orderId.split('.')[1]}`, step, orderId };
    return doing === 'undo'
      ? [{ send: { type: 'UndoStep', data }, undo: true }]
      : [{ send: { type: 'DoStep', data: { ...data, fails: at === failsAt } } }];
  },
  status: ({ doing, at }) => (doing === 'make' ? `step ${Math.floor(at / 3) + 1}` : doing === 'undo' ? 'being undone' : 'over'),
  isOver: ({ doing }) => doing === 'nothing',
};

const never = new Promise(() => undefined);
const tell = serveEngine({
  definition: whenOrderPlacedMakeIt,
  deciders: { DoStep: leg, UndoStep: leg, EndOrder: order },
  targetOf: ({ data }) => data.legId ?? data.orderId,
  around: async ({ type, data }, carryOut) => {
    if (data.orderId.startsWith('bench.hangs')) return never;
    if (data.orderId.startsWith('bench.away')) throw new StoreUnavailable('this facility does not answer');
    const receipt = await carryOut();
    if (type === 'EndOrder') tell(Date.now() - data.sentAt);
    return receipt;
  },
});
