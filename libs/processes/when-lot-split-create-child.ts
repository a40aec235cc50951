import type { Message } from '#kernel/decider';
import type { Process } from '#kernel/process';
import type * as lots from '#material-lot/material-lot.commands';
import type { LotSplit } from '#material-lot/material-lot.events';

type State = Readonly<{ lotId: string; childLotId: string }>;

/** The part that left a lot comes to be a lot of its own, or goes back where the id of the new lot was taken. */
export const whenLotSplitCreateChild: Process<State, LotSplit, Message<typeof lots>> = {
  name: 'when-lot-split-create-child',
  initial: { lotId: '', childLotId: '' },
  events: ['LotSplit'],
  correlate: ({ data }) => `${data.lotId}~${data.childLotId}`,
  evolve: (state, { type, data }) => (type === 'LotSplit' ? { lotId: data.lotId, childLotId: data.childLotId } : state),
  react: ({ lotId, childLotId }, { type, data }, at) => {
    if (type === 'LotSplit') {
      const { materialId, quantity, expiresAt, locationId, ancestors } = data;
      return [
        {
          send: {
            type: 'CreateLotFromSplit',
            data: {
              lotId: childLotId,
              parentLotId: lotId,
              materialId,
              quantity,
              ...(expiresAt === null ? {} : { expiresAt }),
              ...(locationId === null ? {} : { locationId }),
              ancestors: [...ancestors],
              occurredAt: at,
            },
          },
        },
      ];
    }
    if (type === 'CommandRefused' && data.command === 'CreateLotFromSplit')
      return [
        { send: { type: 'UndoSplit', data: { lotId, childLotId, reason: `${data.code}: ${data.message}`.slice(0, 500), occurredAt: at } } },
      ];
    return [];
  },
};
