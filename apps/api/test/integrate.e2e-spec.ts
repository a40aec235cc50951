import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiUnderTest } from './api-under-test';
import { ExampleClient, Refused } from './example-client';

/** A network that loses answers: the request arrives, its answer does not. */
async function lossy(to: string, lost: () => boolean): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    const forwarded = request(`${to}${incoming.url}`, { method: incoming.method, headers: incoming.headers }, (answer) => {
      if (lost()) {
        answer.resume().on('end', () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe('the client of docs/integrate.md', () => {
  let api: ApiUnderTest;
  beforeAll(async () => void (api = await ApiUnderTest.start()), 60_000);
  afterAll(() => api?.stop());

  it('gets one effect and one answer through a network that loses answers, and reads what it wrote', async () => {
    let answers = 0;
    const network = await lossy(api.api.url, () => ++answers % 2 === 1);
    const url = `http://127.0.0.1:${(network.address() as AddressInfo).port}`;
    const client = new ExampleClient(url, () => api.tokens.everywhere!);
    try {
      await client.send('facility/register-facility', 'r1', {
        facilityId: 'haifa',
        name: 'Haifa',
        enterpriseId: 'acme',
        enterpriseName: 'Acme',
        timeZone: 'Asia/Jerusalem',
      });
      for (const number of [1, 2, 3]) {
        const equipment = { equipmentId: `haifa.M${number}`, name: `Machine ${number}`, equipmentClass: 'lathe' };
        const first = await client.send('equipment/register-equipment', `m${number}`, equipment);
        const again = await client.send('equipment/register-equipment', `m${number}`, equipment);
        expect(again).toEqual(first);
      }
      const ids: string[] = [];
      for await (const { equipmentId } of client.list<{ equipmentId: string }>('equipment?first=2&sort=equipmentId')) ids.push(equipmentId);
      expect(ids).toEqual(['haifa.M1', 'haifa.M2', 'haifa.M3']);
      const one = await client.get<{ revision: string }>('equipment/haifa.M1');
      await client.send('equipment/reset-equipment', 'reset', { equipmentId: 'haifa.M1' }, one.revision);
      await expect(client.send('equipment/reset-equipment', 'late', { equipmentId: 'haifa.M1' }, one.revision)).rejects.toMatchObject({
        constructor: Refused,
        problem: { status: 412, code: 'stale-revision' },
      });
    } finally {
      network.closeAllConnections();
      network.close();
    }
  });
});
