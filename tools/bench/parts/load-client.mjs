/** A load client: it connects to a store on request, then writes as fast as it can for a given time. */
import { contenders } from './contenders.mjs';

const connected = new Map();
let serial = 0;

/** Each writer sends its next append when the last is answered. Streams are new and belong to eight categories, as in a plant. */
async function load({ store, writers, events, ms }) {
  const { append } = connected.get(store);
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const latencies = [];
  await Promise.all(
    [...Array(writers).keys()].map(async (writer) => {
      const stream = `bench${writer % 8}-${process.pid}-${serial++}`;
      for (let last = -1; performance.now() - begun < ms; last += events) {
        const sent = performance.now();
        await append(stream, events, last);
        latencies.push(performance.now() - sent);
      }
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { events: latencies.length * events, seconds, latencies, cpuUs: user + system };
}

const orders = {
  connect: async ({ store, at }) => void connected.set(store, await contenders[store].connect(at)),
  load,
  close: async ({ store }) => connected.get(store).close(),
};

process.on('message', ({ order, ...given }) => {
  orders[order](given).then(
    (answer) => process.send({ answer }),
    (error) => process.send({ error: String(error?.stack ?? error) }),
  );
});
process.on('disconnect', () => process.exit(0));
