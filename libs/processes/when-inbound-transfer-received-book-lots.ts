import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { EngineInput, Process, Reaction } from '#kernel/process';
import type * as inbound from '#inbound-transfer/inbound-transfer.commands';
import type {
  InboundLotNamed,
  InboundTransferAnnounced,
  InboundTransferClosed,
  InboundTransferReceived,
} from '#inbound-transfer/inbound-transfer.events';
import type { ShippedItem } from '#inter-facility-transfer/inter-facility-transfer.events';
import { isPositive } from '#manufacturing/quantity';
import type * as lots from '#material-lot/material-lot.commands';

type In = InboundTransferAnnounced | InboundTransferReceived | InboundLotNamed | InboundTransferClosed;
type Out = Message<typeof lots> | Message<typeof inbound>;
/** An arrival that goes into a lot. */
type Booking = Readonly<{ receiptId: string; item: string; amount: string; lotId: string }>;
type Receipts = Readonly<{
  inboundTransferId: string;
  transferId: string;
  items: readonly ShippedItem[];
  /** To be booked, one after the other. */
  left: readonly Booking[];
  /** Arrivals whose lot could not take them. */
  refused: readonly string[];
  closed: boolean;
}>;

const keyOf = ({ receiptId, item }: Readonly<{ receiptId: string; item: string }>): string => `${receiptId}/${item}`;

/** What arrives from another plant is booked into a lot here. Where that lot cannot take it, a person names another one. */
export const whenInboundTransferReceivedBookLots: Process<Receipts, In, Out> = {
  name: 'when-inbound-transfer-received-book-lots',
  initial: { inboundTransferId: '', transferId: '', items: [], left: [], refused: [], closed: false },
  events: ['InboundTransferAnnounced', 'InboundTransferReceived', 'InboundLotNamed', 'InboundTransferClosed'],
  hearsAccepted: true,
  status: ({ left, refused, closed }) => {
    if (left.length > 0) return 'being booked';
    if (refused.length > 0) return 'a person names another lot';
    return closed ? 'all is booked' : 'waits for receipts';
  },
  isOver: ({ left, refused, closed }) => closed && left.length === 0 && refused.length === 0,
  correlate: (event) => (atHome(event, event.data.inboundTransferId) ? event.data.inboundTransferId : undefined),
  evolve: (state, input: In | EngineInput): Receipts => {
    switch (input.type) {
      case 'InboundTransferAnnounced': {
        const { inboundTransferId, transferId, items } = input.data;
        return { ...state, inboundTransferId, transferId, items };
      }
      case 'InboundTransferReceived': {
        const { receiptId, arrived } = input.data;
        const more = arrived.flatMap(({ item, received, lotId }): Booking[] =>
          lotId !== undefined && isPositive(received) ? [{ receiptId, item, amount: received, lotId }] : [],
        );
        return { ...state, left: [...state.left, ...more] };
      }
      case 'InboundLotNamed': {
        const { receiptId, item, amount, lotId } = input.data;
        const refused = state.refused.filter((each) => each !== keyOf(input.data));
        return { ...state, left: [...state.left, { receiptId, item, amount, lotId }], refused };
      }
      case 'CommandAccepted':
        return { ...state, left: state.left.slice(1) };
      case 'CommandRefused':
        return input.data.command === 'ReceiveLotFromTransfer'
          ? { ...state, refused: [...state.refused, ...state.left.slice(0, 1).map(keyOf)] }
          : { ...state, left: state.left.slice(1) };
      case 'InboundTransferClosed':
        return { ...state, closed: true };
      default:
        return state;
    }
  },
  react: ({ inboundTransferId, transferId, items, left }, input): readonly Reaction<Out>[] => {
    const [next] = left;
    if (!next) return [];
    const { receiptId, item, amount, lotId } = next;
    if (input.type === 'CommandRefused' && input.data.command === 'ReceiveLotFromTransfer') {
      const reason = `${input.data.code}: ${input.data.message}`.slice(0, 500);
      return [{ send: { type: 'RecordInboundLotRefused', data: { inboundTransferId, receiptId, item, lotId, reason } } }];
    }
    const shipped = items.find((each) => (each.lotId ?? each.materialId) === item);
    if (!shipped) return [];
    const { materialId, quantity, lotId: fromLotId, expiresAt, ancestors } = shipped;
    const from = fromLotId === undefined ? {} : { fromLotId };
    const handed = { ...(expiresAt ? { expiresAt } : {}), ...(ancestors ? { ancestors: [...ancestors] } : {}) };
    const data = { lotId, transferId, receiptId, ...from, materialId, quantity: { amount, unit: quantity.unit }, ...handed };
    return [{ send: { type: 'ReceiveLotFromTransfer', data } }];
  },
};
