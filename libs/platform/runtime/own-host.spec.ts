import { ownHost } from './own-host';

describe('the Host of a request', () => {
  const own = ownHost(['mes.example']);
  it.each(['127.0.0.1', '127.0.0.1:3000', '10.1.2.3:80', '[::1]:3000', 'localhost', 'LOCALHOST:3000', 'mes.example', 'MES.example:443'])(
    'is ours: %s',
    (field) => expect(own(field)).toBe(true),
  );
  it.each([
    undefined,
    '',
    'evil.example',
    'mes.example.evil.example',
    'mes.example@evil.example',
    'mes.example:x',
    '[evil]',
    'a b',
    '127.0.0.1.evil.example',
  ])('is rejected: %s', (field) => expect(own(field)).toBe(false));
});
