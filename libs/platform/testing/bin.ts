/**
 * A small aggregate for the specs of platform/commands. Hides: nothing. Promises: one command of each kind: one that adds, one that is
 * idempotent, one that reads the clock, one that is observed, one that writes two events. Does not: belong to any factory.
 */
import { randomUUID } from 'node:crypto';
import type { Decider } from '#kernel/decider';
import type { Event } from '#kernel/event';
import { Rejected } from '#kernel/rejected';
import { Command } from '#platform/commands/command';
import type { Decisions } from '#platform/commands/decisions';
import type { Receipt } from '#platform/commands/receipt';
import { Allow, type Principal } from '#platform/security/access';
import { inContext, type RequestContext } from '#platform/security/context';

@Allow('operator')
export class FillBin extends Command {
  readonly binId: string;
  readonly pieces: number;
}
@Allow('operator')
export class LabelBin extends Command {
  readonly binId: string;
  readonly label: string;
}
@Allow('operator')
export class StampBin extends Command {
  readonly binId: string;
}
@Allow('device')
export class CountBin extends Command {
  readonly binId: string;
  readonly pieces: number;
}
export const commands = { FillBin, LabelBin, StampBin, CountBin };

type BinFilled = Event<'BinFilled', { pieces: number }>;
type BinLabelled = Event<'BinLabelled', { label: string }>;
type BinStamped = Event<'BinStamped', { at: string }>;
type BinCounted = Event<'BinCounted', { pieces: number }>;
export type Bin = Readonly<{ pieces: number; label?: string; stamps: readonly string[] }>;

/** A bin holds at most ten pieces. */
export const bin: Decider<typeof commands, Bin, BinFilled | BinLabelled | BinStamped | BinCounted> = {
  category: 'bin',
  initial: { pieces: 0, stamps: [] },
  observed: ['CountBin'],
  id: ({ binId }) => binId,
  evolve: (state, { type, data }) => {
    switch (type) {
      case 'BinFilled':
        return { ...state, pieces: state.pieces + data.pieces };
      case 'BinLabelled':
        return { ...state, label: data.label };
      case 'BinStamped':
        return { ...state, stamps: [...state.stamps, data.at].slice(-8) };
      case 'BinCounted':
        return { ...state, pieces: data.pieces };
    }
  },
  decide: {
    FillBin: ({ pieces }, state) => {
      if (state.pieces + pieces > 10) throw new Rejected('bin-too-full', 'A bin holds ten pieces.', { pieces: state.pieces });
      return pieces === 0 ? [] : [{ type: 'BinFilled', data: { pieces } }];
    },
    LabelBin: ({ label }, state) => (state.label === label ? [] : [{ type: 'BinLabelled', data: { label } }]),
    StampBin: (_, state, { now }) => [
      { type: 'BinStamped', data: { at: now } },
      ...(state.stamps.some((at) => at > now) ? [{ type: 'BinLabelled', data: { label: 'late' } } as const] : []),
    ],
    CountBin: ({ pieces }) => [{ type: 'BinCounted', data: { pieces } }],
  },
};

export const ann: Principal = { actor: 'ann', roles: ['operator', 'device'], scopes: ['haifa'] };
export const ben: Principal = { ...ann, actor: 'ben' };
export const newBin = (): string => `haifa.${randomUUID().slice(0, 8)}`;

type More = Partial<Command>;
export const fill = (binId: string, pieces: number, more: More = {}) => Object.assign(new FillBin(), { binId, pieces, ...more });
export const label = (binId: string, text: string, more: More = {}) => Object.assign(new LabelBin(), { binId, label: text, ...more });
export const stamp = (binId: string, more: More = {}) => Object.assign(new StampBin(), { binId, ...more });
export const count = (binId: string, pieces: number, more: More = {}) => Object.assign(new CountBin(), { binId, pieces, ...more });

export const by = (principal: Principal, more: Partial<RequestContext> = {}): RequestContext => ({
  correlationId: randomUUID(),
  principal,
  ...more,
});
/** Sends a command to one of the api apps. */
export const send = (decisions: Decisions, command: Command, context = by(ann)): Promise<Receipt> =>
  inContext(context, () => decisions.run(bin, command.constructor.name, command));
