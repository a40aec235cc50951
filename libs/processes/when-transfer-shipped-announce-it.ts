import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { EngineInput, Process, Reaction } from '#kernel/process';
import type * as inbound from '#inbound-transfer/inbound-transfer.commands';
import type {
  TransferClosed,
  TransferDelayed,
  TransferLost,
  TransferReturned,
  TransferShipped,
} from '#inter-facility-transfer/inter-facility-transfer.events';
import { atReceiver } from '#manufacturing/transfer-ids';

type In = TransferShipped | TransferDelayed | TransferLost | TransferReturned | TransferClosed;
type Out = Message<typeof inbound>;
type Announcement = Readonly<{
  inboundTransferId: string;
  stands: 'not shipped' | 'on its way' | 'closed' | 'the other plant refused a message';
}>;

/** What one plant ships is announced to the plant that receives it, and so is what becomes of it on the way. */
export const whenTransferShippedAnnounceIt: Process<Announcement, In, Out> = {
  name: 'when-transfer-shipped-announce-it',
  initial: { inboundTransferId: '', stands: 'not shipped' },
  events: ['TransferShipped', 'TransferDelayed', 'TransferLost', 'TransferReturned', 'TransferClosed'],
  spansFacilities: true,
  status: ({ stands }) => stands,
  isOver: ({ stands }) => stands === 'closed',
  correlate: (event) => (atHome(event, event.data.transferId) ? event.data.transferId : undefined),
  evolve: (state, input: In | EngineInput): Announcement => {
    switch (input.type) {
      case 'TransferShipped':
        return { inboundTransferId: atReceiver(input.data.transferId, input.data.toFacilityId) ?? '', stands: 'on its way' };
      case 'TransferClosed':
        return { ...state, stands: 'closed' };
      case 'CommandRefused':
        return { ...state, stands: 'the other plant refused a message' };
      default:
        return state;
    }
  },
  react: ({ inboundTransferId }, input): readonly Reaction<Out>[] => {
    if (inboundTransferId === '') return [];
    switch (input.type) {
      case 'TransferShipped': {
        const { transferId, fromFacilityId, items, customerOrderId, carrier, eta, shippedAt } = input.data;
        const named = items.map(({ ancestors, ...item }) => ({ ...item, ...(ancestors ? { ancestors: [...ancestors] } : {}) }));
        const more = { ...(customerOrderId ? { customerOrderId } : {}), ...(carrier ? { carrier } : {}) };
        const data = { inboundTransferId, transferId, fromFacilityId, items: named, ...more, eta, shippedAt };
        return [{ send: { type: 'AnnounceInboundTransfer', data } }];
      }
      case 'TransferDelayed':
        return [{ send: { type: 'RecordInboundDelay', data: { inboundTransferId, eta: input.data.eta, reason: input.data.reason } } }];
      case 'TransferLost': {
        const { lossId, declaredBy, amounts = [], reason } = input.data;
        // What the other plant declared it knows.
        if (declaredBy !== undefined || amounts.length === 0) return [];
        return [{ send: { type: 'RecordInboundLoss', data: { inboundTransferId, lossId, items: [...amounts], reason } } }];
      }
      case 'TransferReturned': {
        const { returnId, back, reason } = input.data;
        const items = back.map(({ item, quantity }) => ({ item, amount: quantity.amount }));
        return [{ send: { type: 'RecordInboundReturn', data: { inboundTransferId, returnId, items, reason } } }];
      }
      default:
        return [];
    }
  },
};
