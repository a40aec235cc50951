import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Connections } from './connections';

class Held extends EventEmitter {
  destroyed = false;
  destroy() {
    this.destroyed = true;
    this.emit('close');
  }
}

describe('the connections of a server', () => {
  const under = (most: { strangers: number; ofCaller: number }) => {
    const server = new EventEmitter();
    const connections = new Connections(server as never, most);
    const open = () => {
      const socket = new Held();
      server.emit('connection', socket);
      return socket;
    };
    return { open, isOf: (socket: Held, caller: string) => connections.isOf(socket as unknown as Socket, caller) };
  };
  const closed = (sockets: readonly Held[]) => sockets.map(({ destroyed }) => destroyed);

  it('of strangers are so many, and the oldest gives way', () => {
    const { open } = under({ strangers: 2, ofCaller: 9 });
    const four = [open(), open(), open(), open()];
    expect(closed(four)).toEqual([true, true, false, false]);
  });
  it('of callers do not give way to strangers', () => {
    const { open, isOf } = under({ strangers: 1, ofCaller: 9 });
    const known = open();
    expect(isOf(known, 'ann')).toBe(true);
    const strangers = [open(), open()];
    expect(closed([known, ...strangers])).toEqual([false, true, false]);
  });
  it('of one caller are so many, whoever uses them later', () => {
    const { open, isOf } = under({ strangers: 9, ofCaller: 1 });
    const [first, second] = [open(), open()];
    expect([isOf(first, 'ann'), isOf(first, 'bob'), isOf(second, 'ann'), isOf(second, 'bob')]).toEqual([true, true, false, true]);
    first.destroy();
    expect(isOf(open(), 'ann')).toBe(true);
  });
});
