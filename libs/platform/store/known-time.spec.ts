import { isKnown, knownTimeIn, original, withKnownTime } from './known-time';

const time = '2026-01-02T03:04:05.678Z';

it.each([
  '',
  '{}',
  '{"a":1}',
  '{"a":{"b":"é"}}',
  ' {"a":1}',
  '{ "a":1}',
  '[1]',
  'null',
  'no json',
  '{"a":',
  '{"\\u0061":1}',
  '{"$none":true}',
  '{"$raw":"AAE="}',
])('metadata %j are restored byte for byte, with the time', (text) => {
  const metadata = Buffer.from(text);
  const copied = withKnownTime(metadata, time);
  expect(isKnown(copied)).toBe(true);
  expect(knownTimeIn(copied)).toBe(time);
  expect(original(copied)).toEqual({ metadata, recordedAt: time });
  expect(() => JSON.parse(copied.toString())).not.toThrow();
});

it('bytes that are not text are restored', () => {
  const metadata = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
  expect(original(withKnownTime(metadata, time)).metadata).toEqual(metadata);
});

it('a copy of a copy keeps the original time', () => {
  const copied = withKnownTime(Buffer.from('{"a":1}'), time);
  expect(withKnownTime(copied, '2030-01-01T00:00:00.000Z')).toBe(copied);
});

it('metadata that were never copied stay unchanged', () => {
  const metadata = Buffer.from('{"$correlationId":"x"}');
  expect(original(metadata)).toEqual({ metadata });
});
