import { selfSigned } from '../contract/certificate';
import { Exposed, hostCheck, refuseOpenBind } from './exposure';

it.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]'])('a node on %s needs no TLS', (host) => {
  expect(() => refuseOpenBind(host, undefined)).not.toThrow();
});

it.each(['0.0.0.0', '::', '10.0.0.7', 'plant.example', '127.0.0.1.example'])(
  'a node on %s without TLS is refused, and says what to do',
  (host) => {
    expect(() => refuseOpenBind(host, undefined)).toThrow(Exposed);
    expect(() => refuseOpenBind(host, undefined)).toThrow(/--tls-cert/);
    expect(() => refuseOpenBind(host, {})).not.toThrow();
  },
);

it.each<[string | undefined, boolean]>([
  ['localhost:2113', true],
  ['127.0.0.1:2113', true],
  ['[::1]:2113', true],
  ['10.1.2.3', true],
  ['store.plant.example:2113', true],
  ['STORE.plant.example', true],
  ['evil.example', false],
  ['evil.example:2113', false],
  ['localhost.evil.example', false],
  ['', false],
  [undefined, false],
])('a request for host %p is accepted: %p', (header, taken) => {
  expect(hostCheck(['127.0.0.1', 'store.plant.example', undefined], undefined)(header)).toBe(taken);
});

it('names that the certificate covers are accepted', () => {
  const takes = hostCheck([], selfSigned().certificate);
  expect(takes('localhost:2113')).toBe(true);
  expect(takes('evil.example')).toBe(false);
});
