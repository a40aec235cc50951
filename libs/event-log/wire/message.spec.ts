import { int32, message, nested, optional, repeated, text } from './message';

describe('a message', () => {
  const Inner = message({ name: text(1) });
  const Outer = message({ count: int32(1), maybe: optional(int32(2)), inner: nested(3, Inner), inners: repeated(nested(4, Inner)) });

  it('without bytes has the defaults', () => {
    expect(Outer.decode(Buffer.alloc(0))).toEqual({ count: 0, maybe: undefined, inner: undefined, inners: [] });
  });
  it('distinguishes present fields from absent ones', () => {
    expect(Outer.decode(Outer.encode({ maybe: 0, inner: {}, inners: [{}, { name: 'x' }] }))).toEqual({
      count: 0,
      maybe: 0,
      inner: { name: '' },
      inners: [{ name: '' }, { name: 'x' }],
    });
  });
  it('skips unknown fields, and fields of another wire type', () => {
    expect(Outer.decode(Buffer.from([0x7a, 1, 65, 0x0a, 1, 65, 0x08, 7]))).toMatchObject({ count: 7 });
  });
  it('is refused if it claims more bytes than there are', () => {
    for (const bytes of [[0x1a, 5, 0x0a], [0x1a, 0xff, 0xff, 0xff, 0x7f], [0x08], [0x0f]])
      expect(() => Outer.decode(Buffer.from(bytes))).toThrow();
  });
});
