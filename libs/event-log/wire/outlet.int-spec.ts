import { credentials, makeGenericClientConstructor, Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import http2 from 'node:http2';
import { Outlet } from './outlet';

const bytes = (value: Buffer) => value;
const definition = {
  tell: {
    path: '/test/tell',
    requestStream: false,
    responseStream: true,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
} as const;
type Call = ServerWritableStream<Buffer, Buffer>;

async function serve(tell: (call: Call) => Promise<unknown>): Promise<{ port: number; stop: () => void }> {
  const server = new Server();
  server.addService(definition, { tell: (call: Call) => void tell(call).finally(() => call.end()) });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  return { port, stop: () => server.forceShutdown() };
}

function ask(port: number) {
  const client = new (makeGenericClientConstructor(definition, 'test'))(`127.0.0.1:${port}`, credentials.createInsecure());
  const call = client.tell!(Buffer.alloc(0)) as NodeJS.ReadableStream & { cancel(): void };
  return { call, close: () => client.close() };
}

async function told(tell: (call: Call) => Promise<unknown>): Promise<string[]> {
  const { port, stop } = await serve(tell);
  const { call, close } = ask(port);
  const heard: string[] = [];
  for await (const message of call) heard.push((message as Buffer).toString());
  close();
  stop();
  return heard;
}

describe('messages of one call', () => {
  const many = [...Array(1000).keys()].map((n) => `${n}${'x'.repeat(n)}`);

  test('arrive framed and in order, in few writes', async () => {
    let singly = 0;
    const heard = await told(async (call) => {
      const outlet = new Outlet(call);
      const { write } = call;
      call.write = (...given: Parameters<typeof write>) => {
        singly++;
        return write.apply(call, given);
      };
      await outlet.send(...many.slice(0, 500).map((text) => Buffer.from(text)));
      for (const text of many.slice(500)) outlet.post(Buffer.from(text));
      outlet.flush();
    });
    expect(heard).toEqual(many);
    expect(singly).toBe(0);
  });

  test('are written one by one if `write` was replaced, as by fault injection', async () => {
    let singly = 0;
    const heard = await told(async (call) => {
      const { write } = call;
      call.write = (...given: Parameters<typeof write>) => {
        singly++;
        return write.apply(call, given);
      };
      await new Outlet(call).send(...many.map((text) => Buffer.from(text)));
    });
    expect(heard).toEqual(many);
    expect(singly).toBe(1000);
  });

  test('wait while the reader is slow', async () => {
    const page = Buffer.alloc(256 * 1024, 'x');
    let waiting: (late: string) => void;
    const late = new Promise<string>((resolve) => (waiting = resolve));
    const { port, stop } = await serve(async (call) => {
      const timer = setTimeout(() => waiting('late'), 100);
      const outlet = new Outlet(call);
      for (let n = 0; n < 4; n++) await outlet.send(page);
      clearTimeout(timer);
      waiting('never waited');
    });
    // grpc-js buffers what it receives, whether it is read or not; a bare HTTP/2 stream does not.
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const call = session.request({ ':method': 'POST', ':path': '/test/tell', 'content-type': 'application/grpc', te: 'trailers' });
    call.end(Buffer.alloc(5));
    expect(await late).toBe('late');
    let length = 0;
    for await (const chunk of call) length += (chunk as Buffer).length;
    expect(length).toBe(4 * (5 + page.length));
    session.close();
    stop();
  });

  test('reach slow readers whole although buffers are reused', async () => {
    const texts = (who: number, page: number) => [...Array(200).keys()].map((n) => `${who}:${page}:${n}:${String(who).repeat(200)}`);
    let reader = 0;
    const { port, stop } = await serve(async (call) => {
      const outlet = new Outlet(call);
      const who = reader++;
      for (let page = 0; page < 60; page++) {
        const messages = texts(who, page).map((text) => {
          const room = outlet.room(Buffer.byteLength(text));
          room.write(text);
          return room;
        });
        if (!(await outlet.send(...messages))) return;
      }
    });
    const heard = async (pauseMs: number) => {
      const session = http2.connect(`http://127.0.0.1:${port}`);
      const call = session.request({ ':method': 'POST', ':path': '/test/tell', 'content-type': 'application/grpc', te: 'trailers' });
      call.end(Buffer.alloc(5));
      const parts: Buffer[] = [];
      for await (const chunk of call) {
        parts.push(chunk as Buffer);
        if (parts.length % 8 === 0 && pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      await new Promise<void>((resolve) => session.close(resolve));
      const all = Buffer.concat(parts);
      const messages: string[] = [];
      for (let at = 0; at < all.length; at += 5 + all.readUInt32BE(at + 1))
        messages.push(all.toString('utf8', at + 5, at + 5 + all.readUInt32BE(at + 1)));
      return messages;
    };
    const answers = await Promise.all([0, 1, 2, 5].map(heard));
    stop();
    expect(answers.map((messages) => messages.length)).toEqual([12_000, 12_000, 12_000, 12_000]);
    for (const messages of answers) {
      const who = Number(messages[0]!.split(':')[0]);
      expect(messages).toEqual([...Array(60).keys()].flatMap((page) => texts(who, page)));
    }
  });

  test('end when the reader leaves', async () => {
    let open: boolean | undefined;
    let done: () => void;
    const left = new Promise<void>((resolve) => (done = resolve));
    const { port, stop } = await serve(async (call) => {
      const outlet = new Outlet(call);
      const page = Buffer.alloc(256 * 1024, 'x');
      while (await outlet.send(page));
      open = outlet.open;
      done();
    });
    const { call, close } = ask(port);
    call.on('error', () => undefined);
    call.once('data', () => call.cancel());
    await left;
    expect(open).toBe(false);
    close();
    stop();
  });
});
