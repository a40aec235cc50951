import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { digestOf } from './digest';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('the digest of plain data', () => {
  test('is SHA-256 of its canonical JSON, at every length of text', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => expect(digestOf(text)).toBe(sha256(JSON.stringify(text)))),
    ));
  test('does not depend on the order of fields, nor on those that are undefined', () => {
    expect(digestOf({ b: [1, { d: null, c: 'x' }], a: '1' })).toBe(sha256('{"a":"1","b":[1,{"c":"x","d":null}]}'));
    expect(digestOf({ a: '1', b: undefined })).toBe(digestOf({ a: '1' }));
    expect(digestOf({ a: '1' })).not.toBe(digestOf({ a: 1 }));
  });
});
