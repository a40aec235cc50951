import { X509Certificate } from 'node:crypto';
import { createServer, connect } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { selfSigned } from './certificate';

it('is a self-signed certificate for this machine', () => {
  const x509 = new X509Certificate(selfSigned().certificate);
  expect(x509.verify(x509.publicKey)).toBe(true);
  expect(x509.checkHost('localhost')).toBe('localhost');
  expect(x509.checkIP('127.0.0.1')).toBe('127.0.0.1');
});

it('is accepted by a client that trusts it as authority', async () => {
  const { certificate, key } = selfSigned();
  const server = createServer({ cert: certificate, key }, (socket) => socket.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ca: certificate });
  const text = await new Promise<string>((resolve, reject) => socket.on('data', (data) => resolve(data.toString())).on('error', reject));
  expect(text).toBe('hello');
  await new Promise((resolve) => server.close(resolve));
});
