import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { EngineInput, Process, Reaction } from '#kernel/process';
import type * as lots from '#material-lot/material-lot.commands';
import type { LotSplit } from '#material-lot/material-lot.events';

type Out = Message<typeof lots>;
type Split = Readonly<{ lotId: string; childLotId: string; stands: 'under way' | 'done' | 'taken back' }>;

/** The part that left a lot becomes a lot of its own, or goes back where the id of the new lot was taken. */
export const whenLotSplitCreateChild: Process<Split, LotSplit, Out> = {
  name: 'when-lot-split-create-child',
  initial: { lotId: '', childLotId: '', stands: 'under way' },
  events: ['LotSplit'],
  hearsAccepted: true,
  status: ({ stands }) => stands,
  isOver: ({ stands }) => stands !== 'under way',
  correlate: (event) => {
    const { lotId, childLotId } = event.data;
    return atHome(event, lotId, childLotId) ? `${lotId}~${childLotId}` : undefined;
  },
  evolve: (split, input: LotSplit | EngineInput): Split => {
    if (input.type === 'LotSplit') return { lotId: input.data.lotId, childLotId: input.data.childLotId, stands: 'under way' };
    if (input.type !== 'CommandAccepted') return split;
    return { ...split, stands: input.data.command === 'UndoSplit' ? 'taken back' : 'done' };
  },
  react: ({ lotId, childLotId }, { type, data }, occurredAt): readonly Reaction<Out>[] => {
    if (type === 'LotSplit') {
      const { materialId, quantity, expiresAt, locationId, ancestors } = data;
      const child = {
        lotId: childLotId,
        parentLotId: lotId,
        materialId,
        quantity,
        ...(expiresAt === null ? {} : { expiresAt }),
        ...(locationId === null ? {} : { locationId }),
        ancestors: [...ancestors],
        occurredAt,
      };
      return [{ send: { type: 'CreateLotFromSplit', data: child } }];
    }
    if (type !== 'CommandRefused' || data.command !== 'CreateLotFromSplit') return [];
    const reason = `${data.code}: ${data.message}`.slice(0, 500);
    return [{ send: { type: 'UndoSplit', data: { lotId, childLotId, reason, occurredAt } }, undo: true }];
  },
};
