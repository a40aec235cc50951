import { Turns } from './turns';

describe('the turns of a caller', () => {
  const begun: string[] = [];
  beforeEach(() => begun.splice(0));
  const take = (turns: Turns, caller: string, name: string) => turns.take(caller, () => begun.push(name));

  it('are as many as can be worked on at once; further requests wait, in order, and others do not', () => {
    const turns = new Turns(2);
    const leave = ['a', 'b', 'c', 'd'].map((name) => take(turns, 'eve', name));
    take(turns, 'ann', 'other');
    expect(begun).toEqual(['a', 'b', 'other']);
    leave[1]!();
    leave[0]!();
    expect(begun).toEqual(['a', 'b', 'other', 'c', 'd']);
  });
  it('pass to the next when a request is given up, also one that waits', () => {
    const turns = new Turns(1);
    const [first, second] = ['a', 'b', 'c'].map((name) => take(turns, 'eve', name));
    second!();
    second!();
    expect(begun).toEqual(['a']);
    first!();
    first!();
    expect(begun).toEqual(['a', 'c']);
  });
  it('are forgotten when nothing is left', () => {
    const turns = new Turns(1);
    for (let n = 0; n < 1_000; n += 1) take(turns, `caller ${n}`, 'x')();
    expect((turns as unknown as { lines: Map<string, unknown> }).lines.size).toBe(0);
  });
});
