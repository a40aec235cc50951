import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { EngineInput, Process, Reaction } from '#kernel/process';
import type * as lots from '#material-lot/material-lot.commands';
import type { LotMerged } from '#material-lot/material-lot.events';

type Out = Message<typeof lots>;
type Merge = Readonly<{ lotId: string; intoLotId: string; stands: 'under way' | 'done' | 'taken back' }>;

/** What a merged lot held becomes part of the other lot, or goes back where the other lot cannot take it. */
export const whenLotMergedAddToOther: Process<Merge, LotMerged, Out> = {
  name: 'when-lot-merged-add-to-other',
  initial: { lotId: '', intoLotId: '', stands: 'under way' },
  events: ['LotMerged'],
  hearsAccepted: true,
  status: ({ stands }) => stands,
  isOver: ({ stands }) => stands !== 'under way',
  correlate: (event) => {
    const { lotId, intoLotId } = event.data;
    return atHome(event, lotId, intoLotId) ? `${lotId}~${intoLotId}` : undefined;
  },
  evolve: (merge, input: LotMerged | EngineInput): Merge => {
    if (input.type === 'LotMerged') return { lotId: input.data.lotId, intoLotId: input.data.intoLotId, stands: 'under way' };
    if (input.type !== 'CommandAccepted') return merge;
    return { ...merge, stands: input.data.command === 'UndoMerge' ? 'taken back' : 'done' };
  },
  react: ({ lotId, intoLotId }, { type, data }, occurredAt): readonly Reaction<Out>[] => {
    if (type === 'LotMerged') {
      const { materialId, quantity, expiresAt, ancestors } = data;
      const part = {
        lotId: intoLotId,
        fromLotId: lotId,
        materialId,
        quantity,
        ...(expiresAt === null ? {} : { expiresAt }),
        ancestors: [...ancestors],
        occurredAt,
      };
      return [{ send: { type: 'AddMergedLot', data: part } }];
    }
    if (type !== 'CommandRefused' || data.command !== 'AddMergedLot') return [];
    const reason = `${data.code}: ${data.message}`.slice(0, 500);
    return [{ send: { type: 'UndoMerge', data: { lotId, intoLotId, reason, occurredAt } }, undo: true }];
  },
};
