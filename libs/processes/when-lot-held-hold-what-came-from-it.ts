import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { EngineInput, Process, Reaction } from '#kernel/process';
import { facilityOf } from '#manufacturing/facility';
import { isPassedOn, passedOn } from '#manufacturing/hold-ids';
import type * as lots from '#material-lot/material-lot.commands';
import type {
  LotCreatedFromSplit,
  LotHeld,
  LotHoldReleased,
  LotMerged,
  LotMergeUndone,
  LotReceivedFromTransfer,
} from '#material-lot/material-lot.events';

type In = LotHeld | LotHoldReleased | LotReceivedFromTransfer | LotCreatedFromSplit | LotMerged | LotMergeUndone;
type Out = Message<typeof lots>;
type Held = Readonly<{
  lotId: string;
  /** Holds that stand, with their reasons. */
  holds: Readonly<Record<string, string>>;
  /** Lots of other plants that were received from it; lots of this plant that have a part of it, or all. */
  places: readonly string[];
}>;

/**
 * A hold of a lot reaches the lots of other plants that were received from it, however late they arrive, and is released there with it. At those
 * plants it goes on to what the lot has become: parts that were split off, the lot that it was merged into, and lots that were shipped on.
 */
export const whenLotHeldHoldWhatCameFromIt: Process<Held, In, Out> = {
  name: 'when-lot-held-hold-what-came-from-it',
  initial: { lotId: '', holds: {}, places: [] },
  events: ['LotHeld', 'LotHoldReleased', 'LotReceivedFromTransfer', 'LotCreatedFromSplit', 'LotMerged', 'LotMergeUndone'],
  spansFacilities: true,
  status: ({ holds }) => (Object.keys(holds).length > 0 ? 'on hold' : 'not on hold'),
  isOver: ({ holds }) => Object.keys(holds).length === 0,
  correlate: (event) => {
    const { type, data } = event;
    // What another plant has received says so in its own stream; only its own lot is held for it.
    if (!atHome(event, data.lotId)) return undefined;
    if (type === 'LotReceivedFromTransfer') return data.fromLotId ?? undefined;
    if (type === 'LotCreatedFromSplit') return atHome(event, data.parentLotId) ? data.parentLotId : undefined;
    return data.lotId;
  },
  evolve: (state, input: In | EngineInput): Held => {
    switch (input.type) {
      case 'LotHeld':
        return { ...state, lotId: input.data.lotId, holds: { ...state.holds, [input.data.holdId]: input.data.reason } };
      case 'LotHoldReleased':
        return { ...state, holds: Object.fromEntries(Object.entries(state.holds).filter(([id]) => id !== input.data.holdId)) };
      case 'LotReceivedFromTransfer':
        return at(state, input.data.fromLotId!, input.data.lotId);
      case 'LotCreatedFromSplit':
        return at(state, input.data.parentLotId, input.data.lotId);
      case 'LotMerged':
        return at(state, input.data.lotId, input.data.intoLotId);
      case 'LotMergeUndone':
        return { ...state, places: state.places.filter((place) => place !== input.data.intoLotId) };
      default:
        return state;
    }
  },
  react: ({ lotId, holds, places }, input): readonly Reaction<Out>[] => {
    const hold = (place: string, holdId: string, reason: string): Reaction<Out>[] =>
      reaches(lotId, holdId, place) ? [{ send: { type: 'HoldLot', data: { lotId: place, holdId: passedOn(lotId, holdId), reason } } }] : [];
    const release = (place: string, holdId: string, reason: string): Reaction<Out>[] =>
      reaches(lotId, holdId, place)
        ? [{ send: { type: 'ReleaseHold', data: { lotId: place, holdId: passedOn(lotId, holdId), reason } } }]
        : [];
    switch (input.type) {
      case 'LotHeld':
        return places.flatMap((place) => hold(place, input.data.holdId, input.data.reason));
      case 'LotHoldReleased':
        return places.flatMap((place) => release(place, input.data.holdId, input.data.reason));
      case 'LotReceivedFromTransfer':
      case 'LotCreatedFromSplit':
        return Object.entries(holds).flatMap(([holdId, reason]) => hold(input.data.lotId, holdId, reason));
      // A lot on hold is not merged: what is to be passed on comes later.
      case 'LotMergeUndone':
        return Object.keys(holds).flatMap((holdId) => release(input.data.intoLotId, holdId, 'it was not merged'));
      default:
        return [];
    }
  },
};

const at = (state: Held, lotId: string, place: string): Held => ({
  ...state,
  lotId,
  places: state.places.includes(place) ? state.places : [...state.places, place],
});

/** People of this plant say which of its lots they hold; what another plant holds is held wherever it is. */
const reaches = (lotId: string, holdId: string, place: string): boolean => facilityOf(lotId) !== facilityOf(place) || isPassedOn(holdId);
