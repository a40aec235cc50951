import type { Message } from '#kernel/decider';
import type { Process } from '#kernel/process';
import type * as lots from '#material-lot/material-lot.commands';
import type { LotMerged } from '#material-lot/material-lot.events';

type State = Readonly<{ lotId: string; intoLotId: string }>;

/** What a merged lot held becomes part of the other lot, or goes back where the other lot cannot take it. */
export const whenLotMergedAddToOther: Process<State, LotMerged, Message<typeof lots>> = {
  name: 'when-lot-merged-add-to-other',
  initial: { lotId: '', intoLotId: '' },
  events: ['LotMerged'],
  correlate: ({ data }) => `${data.lotId}~${data.intoLotId}`,
  evolve: (state, { type, data }) => (type === 'LotMerged' ? { lotId: data.lotId, intoLotId: data.intoLotId } : state),
  react: ({ lotId, intoLotId }, { type, data }, at) => {
    if (type === 'LotMerged') {
      const { materialId, quantity, expiresAt, ancestors } = data;
      return [
        {
          send: {
            type: 'AddMergedLot',
            data: {
              lotId: intoLotId,
              fromLotId: lotId,
              materialId,
              quantity,
              ...(expiresAt === null ? {} : { expiresAt }),
              ancestors: [...ancestors],
              occurredAt: at,
            },
          },
        },
      ];
    }
    if (type === 'CommandRefused' && data.command === 'AddMergedLot')
      return [
        { send: { type: 'UndoMerge', data: { lotId, intoLotId, reason: `${data.code}: ${data.message}`.slice(0, 500), occurredAt: at } } },
      ];
    return [];
  },
};
