/** The apps of the campaign `connection`: two apis that send commands and a worker that follows the log, and what they report. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sleep, within } from '../parts.mjs';

const APP = fileURLToPath(new URL('./app.mjs', import.meta.url));
/** A recovery that takes longer is counted as this long. */
const GIVE_UP_MS = 20_000;

export class Apps {
  acked = new Map();
  unknown = 0;
  foreign = [];
  violations = [];
  ended = 0;
  #apps = [];

  /** @param addresses by host name */
  constructor(url, healthy, addresses) {
    this.apis = ['one', 'two'].map((name) => this.#start('api', name, url, healthy, addresses));
    this.worker = this.#start('worker', 'worker', url, healthy, addresses);
  }

  /** From now on a host name has another address. */
  resolve(host, address) {
    for (const { child } of this.#apps) if (child.connected) child.send({ host, address });
  }

  /** Resolves with the ms from `since` until each api had a command acknowledged that ended after it. */
  async recovered(since) {
    while (this.apis.some(({ lastAck }) => lastAck <= since) && Date.now() - since < GIVE_UP_MS && this.ended === 0) await sleep(5);
    return Math.max(...this.apis.map(({ lastAck }) => (lastAck > since ? lastAck - since : GIVE_UP_MS)));
  }

  async stop() {
    const end = async (apps, what) => {
      for (const { child } of apps) if (child.connected) child.send({ stop: true });
      await within(30_000, Promise.all(apps.map(({ exit }) => exit))).catch(() => this.violations.push(`${what} did not stop`));
    };
    await end(this.apis, 'an api');
    await end([this.worker], 'the worker');
    this.#apps.forEach(({ child }) => child.kill('SIGKILL'));
  }

  /** Compares what was acknowledged, and what the worker saw, with the log. */
  async compare(client) {
    const inLog = [];
    const times = new Map();
    for await (const { event } of client.readAll()) {
      if (event?.type !== 'BinCounted') continue;
      inLog.push(event.id);
      const { commandId } = event.metadata;
      times.set(commandId, (times.get(commandId) ?? 0) + 1);
      const known = this.acked.get(commandId);
      if (known && (known.stream !== event.streamId || BigInt(known.revision) !== event.revision))
        this.violations.push(`${commandId} lies elsewhere`);
    }
    const { seen } = this.worker;
    const figures = {
      commands: this.acked.size,
      unknownInBetween: this.unknown,
      lost: [...this.acked.keys()].filter((id) => !times.has(id)).length,
      doubled: [...times.values()].filter((count) => count > 1).length,
      appsEnded: this.ended,
      foreignFailures: this.foreign.length,
      workerFollowed: seen?.length === inLog.length && seen.every((id, index) => id === inLog[index]),
    };
    const found = [...this.violations, ...this.foreign];
    const broken = figures.lost + figures.doubled + figures.appsEnded + found.length > 0;
    return {
      sound: !broken && figures.workerFollowed && figures.commands > 0,
      figures: { ...figures, ...(found.length > 0 && { violations: found.slice(0, 5) }) },
    };
  }

  #start(role, name, url, healthy, addresses) {
    const child = fork(APP, [role, url, healthy, name, JSON.stringify(addresses)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const app = { child, lastAck: 0, done: false, seen: undefined };
    child.on('message', (message) => {
      if (message.ack) {
        app.lastAck = message.at;
        if (this.acked.has(message.ack)) this.violations.push(`${message.ack} was acknowledged twice`);
        this.acked.set(message.ack, message);
      }
      if (message.unknown) this.unknown += 1;
      if (message.foreign) this.foreign.push(message.foreign);
      if (message.violation) this.violations.push(message.violation);
      if (message.seen) app.seen = message.seen;
      if (message.done) app.done = true;
    });
    // An exit may be reported before the last messages: an app's report is complete only when its channel is closed, too.
    app.exit = Promise.all(['exit', 'disconnect'].map((event) => new Promise((resolve) => child.once(event, resolve))));
    void app.exit.then(() => !app.done && (this.ended += 1));
    this.#apps.push(app);
    return app;
  }
}
