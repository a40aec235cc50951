/**
 * The paths of works-under-test.ts in a simulated world, in which one thing goes wrong: the nth time that a worker has changed anything, it dies before
 * it knows, or gets no answer, or what it asked for happens long after it has tried again. Promises: so fast that every n of every path is tried; what
 * is left can be compared with another run. Does not: use a real store or database (works-under-test.ts does).
 */
import { isBookkeeping, type Event } from '#kernel/event';
import { customerOrder } from '#customer-order/customer-order';
import { FAIR, Network } from '#platform/testing/simulation/network';
import { SimulatedCommands } from '#platform/testing/simulation/simulated-commands';
import { SimulatedStore } from '#platform/testing/simulation/simulated-store';
import { SimulatedWorkers, type World } from '#platform/testing/simulation/simulated-workers';
import { VirtualTime } from '#platform/testing/simulation/virtual-time';
import { deciders, NOW, type Path, processes } from '../fulfilment/works-under-test';

const START = '2026-01-05T06:00:00.000Z';
const MINUTE = 60_000;
const ORDER = 'corp.CO';

/** What goes wrong, at the nth change. `comes again`: each request comes a second time, up to hours later. */
export type Trouble = Readonly<{ what: 'it dies' | 'no answer' | 'late'; n: number }> | Readonly<{ what: 'comes again' }>;
export type Left = Readonly<{ left: readonly string[]; struck: boolean }>;

/** Goes through a path; each act follows once nothing more happens by itself. */
export function undergo(path: Path, trouble?: Trouble): Promise<Left> {
  const walk = new Walk(path, trouble);
  return walk.world.time.during(() => walk.run());
}

class Walk {
  readonly world: World;
  private readonly workers: SimulatedWorkers;
  private struck = false;
  private changes = 0;

  constructor(
    private readonly path: Path,
    private readonly trouble: Trouble | undefined,
  ) {
    const time = new VirtualTime(START, 1);
    const [store, network] = [new SimulatedStore(time), new Network(time)];
    this.world = { time, store, network, commands: new SimulatedCommands(store, deciders) };
    this.workers = new SimulatedWorkers(this.world, processes);
    store.onAppended = () => this.workers.wake();
    if (trouble?.what === 'comes again') network.weather = { ...FAIR, again: 1 };
    network.onEffect = (app, what) => {
      if (trouble?.what !== 'it dies' || !this.strikes(what, trouble.n)) return;
      this.workers.kill(app);
      time.after(MINUTE, () => this.workers.start(), 'people');
    };
    network.befalls = (_, what) => {
      if (!trouble || trouble.what === 'it dies' || trouble.what === 'comes again' || !this.strikes(what, trouble.n)) return undefined;
      return trouble.what === 'late' ? 'late' : 'answer lost';
    };
  }

  async run(): Promise<Left> {
    this.workers.start();
    await this.rest();
    for (const { type, data } of this.path.acts(ORDER)) {
      const said = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value === NOW ? this.world.time.instant : value]));
      this.world.commands.run(type, said, { commandId: `${type}-${this.world.store.head}`, actor: 'ann' });
      await this.rest();
    }
    const { status } = this.world.commands.state(customerOrder, ORDER);
    if (status !== this.path.ends) throw new Error(`the order is ${status}, not ${this.path.ends}`);
    return { left: this.left(), struck: this.struck };
  }

  private strikes(what: string, n: number): boolean {
    if (!/^(append|send)/.test(what) || (this.changes += 1) !== n) return false;
    this.struck = true;
    return true;
  }

  private async rest(): Promise<void> {
    const { time } = this.world;
    const end = time.now + 24 * 60 * MINUTE;
    do await time.run(time.now + 10_000);
    while (!this.workers.areIdle && time.now < end);
    if (!this.workers.areIdle) throw new Error('the processes do not come to rest');
  }

  /** What the streams hold, without ids and times. Records that a command changed nothing are no facts, and those of processes are their own. */
  private left(): string[] {
    const own = processes.map(({ name }) => name);
    const told = (event: Event) => `${event.type} ${JSON.stringify(event.data)}`.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'then');
    return [...this.world.store.names()]
      .filter((stream) => !/^(\$|snapshot-)/.test(stream) && !own.some((name) => stream.startsWith(name)))
      .sort()
      .flatMap((stream) =>
        this.world.store
          .of(stream)
          .filter((event) => !isBookkeeping(event))
          .map((event) => `${stream} ${told(event)}`),
      );
  }
}
