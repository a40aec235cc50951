import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { EngineInput, Process, Reaction } from '#kernel/process';
import type {
  InboundTransferClosed,
  InboundTransferLost,
  InboundTransferReceived,
  InboundTransferRefused,
} from '#inbound-transfer/inbound-transfer.events';
import type * as transfers from '#inter-facility-transfer/inter-facility-transfer.commands';

type In = InboundTransferReceived | InboundTransferRefused | InboundTransferLost | InboundTransferClosed;
type Out = Message<typeof transfers>;
type Confirmation = Readonly<{
  stands: 'nothing received' | 'being received' | 'refused' | 'closed' | 'the other plant refused a message';
}>;

/** What a plant receives, refuses or declares lost is confirmed to the plant that shipped it; that closes the transfer there. */
export const whenInboundTransferReceivedConfirmIt: Process<Confirmation, In, Out> = {
  name: 'when-inbound-transfer-received-confirm-it',
  initial: { stands: 'nothing received' },
  events: ['InboundTransferReceived', 'InboundTransferRefused', 'InboundTransferLost', 'InboundTransferClosed'],
  spansFacilities: true,
  status: ({ stands }) => stands,
  isOver: ({ stands }) => stands === 'closed',
  correlate: (event) => (atHome(event, event.data.inboundTransferId) ? event.data.inboundTransferId : undefined),
  evolve: (state, input: In | EngineInput): Confirmation => {
    switch (input.type) {
      case 'InboundTransferReceived':
        return { stands: 'being received' };
      case 'InboundTransferRefused':
        return { stands: 'refused' };
      case 'InboundTransferClosed':
        return { stands: 'closed' };
      case 'CommandRefused':
        return { stands: 'the other plant refused a message' };
      default:
        return state;
    }
  },
  react: (_, input): readonly Reaction<Out>[] => {
    switch (input.type) {
      case 'InboundTransferReceived': {
        const { transferId, receiptId, arrived, complete } = input.data;
        const items = arrived.map(({ item, received, damaged }) => ({ item, received, damaged }));
        return [{ send: { type: 'RecordTransferReceipt', data: { transferId, receiptId, items, complete } } }];
      }
      case 'InboundTransferRefused': {
        const { transferId, refusalId, reason } = input.data;
        return [{ send: { type: 'RecordTransferRefusal', data: { transferId, refusalId, reason } } }];
      }
      case 'InboundTransferLost': {
        const { transferId, lossId, declaredBy, fromFacilityId, amounts, reason } = input.data;
        if (declaredBy === fromFacilityId) return [];
        return [{ send: { type: 'RecordTransferLoss', data: { transferId, lossId, items: [...amounts], reason } } }];
      }
      default:
        return [];
    }
  },
};
