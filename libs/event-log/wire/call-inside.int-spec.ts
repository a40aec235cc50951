import fs from 'node:fs';
import http2 from 'node:http2';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { selfSigned } from '../contract/certificate';
import { startNode } from '../node';

describe.each(['insecure', 'tls'] as const)('a connection (%s)', (mode) => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'event-log-window-'));
  });
  afterEach(() => fs.rmSync(dataDir, { recursive: true, force: true }));

  it.each(['BatchAppend', 'Append'])(
    'lets a client send a megabyte before it waits for the node, once it has called %s',
    async (method) => {
      const made = mode === 'tls' ? selfSigned() : undefined;
      const tls = made && { cert: made.certificate, key: made.key };
      const node = await startNode({ dataDir, tls, adminPassword: 'changeit' });
      const session = http2.connect(`${tls ? 'https' : 'http'}://127.0.0.1:${node.port}`, { ca: tls?.cert });
      try {
        const stream = session.request({
          ':method': 'POST',
          ':path': `/event_store.client.streams.Streams/${method}`,
          'content-type': 'application/grpc',
          te: 'trailers',
          authorization: `Basic ${Buffer.from('admin:changeit').toString('base64')}`,
        });
        stream.on('error', () => undefined);
        for (let tries = 0; tries < 200 && session.remoteSettings?.initialWindowSize !== 768 * 1024; tries++) await pause(10);
        expect(session.remoteSettings.initialWindowSize).toBe(768 * 1024);
        for (let tries = 0; tries < 200 && session.state.remoteWindowSize! < 1024 * 1024; tries++) await pause(10);
        expect(session.state.remoteWindowSize).toBe(1024 * 1024);
      } finally {
        session.destroy();
        await node.close();
      }
    },
  );
});
