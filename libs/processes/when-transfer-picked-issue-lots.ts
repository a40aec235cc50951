import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { EngineInput, Process, Reaction } from '#kernel/process';
import type * as transfers from '#inter-facility-transfer/inter-facility-transfer.commands';
import type {
  TransferCancelled,
  TransferClosed,
  TransferItem,
  TransferPicked,
  TransferReturned,
} from '#inter-facility-transfer/inter-facility-transfer.events';
import type * as lots from '#material-lot/material-lot.commands';

type In = TransferPicked | TransferCancelled | TransferReturned | TransferClosed;
type Out = Message<typeof lots> | Message<typeof transfers>;
type OfLot = TransferItem & Readonly<{ lotId: string }>;
type Pick = Readonly<{
  transferId: string;
  pick: number;
  /** Of the pick: those that come from lots, and how many of them have left their lots. */
  items: readonly OfLot[];
  issued: number;
  stands: 'not picked' | 'being picked' | 'picked' | 'pick undone' | 'cancelled' | 'over';
}>;

const ofLots = (items: readonly TransferItem[]): OfLot[] => items.filter((item): item is OfLot => item.lotId !== undefined);

/**
 * What is picked leaves its lots, one after the other; where a lot cannot give it, the pick is undone. What is cancelled or comes back is put
 * back into its lots.
 */
export const whenTransferPickedIssueLots: Process<Pick, In, Out> = {
  name: 'when-transfer-picked-issue-lots',
  initial: { transferId: '', pick: 0, items: [], issued: 0, stands: 'not picked' },
  events: ['TransferPicked', 'TransferCancelled', 'TransferReturned', 'TransferClosed'],
  hearsAccepted: true,
  status: ({ stands }) => stands,
  isOver: ({ stands }) => stands === 'cancelled' || stands === 'over',
  correlate: (event) => (atHome(event, event.data.transferId) ? event.data.transferId : undefined),
  evolve: (state, input: In | EngineInput): Pick => {
    switch (input.type) {
      case 'TransferPicked': {
        const { transferId, pick, items, booking } = input.data;
        return { transferId, pick, items: ofLots(items), issued: 0, stands: booking ? 'being picked' : 'picked' };
      }
      case 'TransferCancelled':
        return { ...state, stands: 'cancelled' };
      case 'TransferClosed':
        return { ...state, stands: 'over' };
      case 'CommandAccepted':
        if (input.data.command === 'IssueLotToTransfer') return { ...state, issued: state.issued + 1 };
        return input.data.command === 'RecordLotsBooked' ? { ...state, stands: 'picked' } : state;
      case 'CommandRefused':
        return input.data.command === 'IssueLotToTransfer' ? { ...state, stands: 'pick undone' } : state;
      default:
        return state;
    }
  },
  react: (state, input: In | EngineInput): readonly Reaction<Out>[] => {
    const { transferId, pick, items, issued, stands } = state;
    // A lot that gave nothing changes nothing.
    const putBack = (backId: string, reason: string): Reaction<Out>[] =>
      items.map(({ lotId }) => ({ send: { type: 'TakeBackFromTransfer', data: { lotId, transferId, pick, backId, reason } }, undo: true }));
    switch (input.type) {
      case 'TransferPicked':
      case 'CommandAccepted': {
        if (stands !== 'being picked') return [];
        if (input.type === 'CommandAccepted' && input.data.command !== 'IssueLotToTransfer') return [];
        const next = items[issued];
        if (!next) return [{ send: { type: 'RecordLotsBooked', data: { transferId, pick } } }];
        const { lotId, materialId, quantity } = next;
        return [{ send: { type: 'IssueLotToTransfer', data: { lotId, transferId, pick, materialId, quantity } } }];
      }
      case 'CommandRefused': {
        const { command, code, message } = input.data;
        if (command !== 'IssueLotToTransfer') return [];
        const reason = `${code}: ${message}`.slice(0, 500);
        return [...putBack('undone', reason), { send: { type: 'UndoPick', data: { transferId, pick, reason } } }];
      }
      case 'TransferCancelled':
        return putBack('cancelled', input.data.reason);
      case 'TransferReturned': {
        const { returnId: backId, back, reason } = input.data;
        return back.flatMap(({ lotId, quantity }): Reaction<Out>[] =>
          lotId === undefined
            ? []
            : [{ send: { type: 'TakeBackFromTransfer', data: { lotId, transferId, pick, backId, quantity, reason } }, undo: true }],
        );
      }
      default:
        return [];
    }
  },
};
