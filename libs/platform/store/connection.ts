/**
 * The connection to the event store. Hides: which node leads and when that changes. Promises: no failure is remembered: whatever happened,
 * the next call can succeed as soon as a leader answers; the search for a leader costs each node about three small calls a second, and
 * after a short burst at most one per 350 ms. Does not: repeat calls.
 */
import { now } from '#platform/runtime/clock';
import { AppendCalls } from './append-calls';
import { NodeClient } from './client-inside';
import { ask, Gossip } from './gossip';
import { Gate } from './gate';
import { leaderIn, shortReason, StoreUnavailable } from './refusals';
import { type NodeName, StoreAddress } from './store-address';

/** Streams of one connection. EventStoreDB takes a hundred; the 101st would wait silently. */
const STREAMS = { reads: 44, long: 24, appends: 4, own: 4 } as const;

/** From one search for a leader to the next, before jitter (times 0.5 to 1.5). */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 700;
/** While there is no leader, one that a node names is tried this soon, even if other nodes do not answer; a later check corrects it. */
const GRACE_MS = 300;
/** How often the node in use is checked, and how long it may take to answer. */
const WATCH_MS = 1_200;
const ANSWER_MS = 1_000;
/** So many unanswered checks in a row close the link: after fewer the node may only be busy. */
const UNANSWERED = 3;
/** However many calls fail, their node is checked no more often than this. */
const SUSPECT_MS = 250;

export type StoreState = Readonly<{ up: boolean; node?: NodeName; since: Date; reason?: string }>;
/** Called when the leader is lost or found; must not throw. */
export type StoreWatcher = { lost(state: StoreState): void; found(state: StoreState, lostMs: number): void };

/** A node in use. */
export class Link {
  readonly appends: AppendCalls;
  /** Limits for short reads, and for long-running calls. */
  readonly reads = new Gate(STREAMS.reads, 'reads');
  readonly long = new Gate(STREAMS.long, 'subscriptions and long reads');
  private readonly listeners = new Set<() => void>();
  gone = false;

  constructor(
    readonly node: NodeName,
    readonly client: NodeClient,
    trouble: (error: Error) => void,
  ) {
    this.appends = new AppendCalls(client, trouble);
  }

  /** Calls back when the link is closed; returns a function that unregisters the callback. */
  whenGone(heard: () => void): () => void {
    if (this.gone) heard();
    else this.listeners.add(heard);
    return () => void this.listeners.delete(heard);
  }

  close(): void {
    if (this.gone) return;
    this.gone = true;
    this.appends.close();
    for (const heard of this.listeners) heard();
    this.listeners.clear();
    this.client.close();
  }
}

type Waiter = { resolve: (link: Link) => void; reject: (error: Error) => void };

export class Connection {
  readonly address: StoreAddress;
  private readonly gossip: Gossip;
  private link: Link | undefined;
  private readonly waiting = new Set<Waiter>();
  private readonly watchers: StoreWatcher[] = [];
  private current: StoreState = { up: false, since: now(), reason: 'not connected yet' };
  private lostAt = performance.now();
  /** A node that another named as the leader. */
  private hint: NodeName | undefined;
  private seeking = false;
  private checking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private silent = 0;
  /** How many unanswered checks close the link; a suspicion lowers it to one for the check under way. */
  private unanswered = UNANSWERED;
  private lastLook = -Infinity;
  private closed = false;

  /** @throws Error if the connection string is wrong */
  constructor(connectionString: string) {
    this.address = new StoreAddress(connectionString);
    this.gossip = new Gossip(this.address);
  }

  watch(watcher: StoreWatcher): void {
    this.watchers.push(watcher);
  }

  get state(): StoreState {
    return this.current;
  }

  /** The node in use, if there is one; does not wait. */
  get standing(): Link | undefined {
    return this.link;
  }

  /**
   * The node in use. While there is none, waits for `leftMs` at most; once the loss has lasted `limitMs`, no longer than one search for a
   * leader. @throws StoreUnavailable
   */
  async get(leftMs: number, limitMs = leftMs): Promise<Link> {
    if (this.link) return this.link;
    if (this.closed) throw new StoreUnavailable(new Error('the connection was closed'));
    this.seek();
    const waitMs = Math.min(leftMs, Math.max(LONGEST_PAUSE_MS * 1.5, limitMs - (performance.now() - this.lostAt)));
    if (waitMs <= 0 || this.waiting.size >= 8_192) throw new StoreUnavailable(new Error(this.current.reason));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => waiter.reject(new StoreUnavailable(new Error(this.current.reason))), waitMs);
      const done = () => {
        clearTimeout(late);
        this.waiting.delete(waiter);
      };
      const waiter: Waiter = { resolve: (link) => (done(), resolve(link)), reject: (error) => (done(), reject(error)) };
      this.waiting.add(waiter);
    });
  }

  /** A call on the link failed without a definite answer: checks whether its node still leads. */
  suspect(link: Link, error: unknown): void {
    if (link !== this.link || this.closed) return;
    const leader = leaderIn(error);
    if (leader !== undefined && leader !== link.node) {
      this.hint = leader;
      return this.lose(link, `${link.node} no longer leads`);
    }
    if (performance.now() - this.lastLook > SUSPECT_MS) void this.check(1);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.link?.close();
    this.link = undefined;
    this.gossip.close();
    for (const { reject } of [...this.waiting]) reject(new StoreUnavailable(new Error('the connection was closed')));
  }

  private lose(link: Link, reason: string): void {
    if (link !== this.link || this.closed) return;
    clearTimeout(this.timer);
    this.link = undefined;
    this.lostAt = performance.now();
    this.current = { up: false, node: link.node, since: now(), reason };
    this.watchers.forEach((watcher) => watcher.lost(this.current));
    link.close();
    this.seek();
  }

  /** Searches for a leader until there is one. */
  private seek(): void {
    if (this.seeking || this.closed) return;
    this.seeking = true;
    void (async () => {
      for (let pause = FIRST_PAUSE_MS; !this.closed && !this.link; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
        const begun = performance.now();
        try {
          this.use(await this.reach());
        } catch (error) {
          const reason = shortReason(error);
          const first = this.current.reason === 'not connected yet';
          this.current = { ...this.current, reason };
          if (first) this.watchers.forEach((watcher) => watcher.lost(this.current));
          const left = pause * (0.5 + Math.random()) - (performance.now() - begun);
          await new Promise((resolve) => setTimeout(resolve, Math.max(FIRST_PAUSE_MS, left)).unref());
        }
      }
      this.seeking = false;
    })();
  }

  /** A link to the leader, on which a read has succeeded. */
  private async reach(): Promise<Link> {
    const node = await this.leader();
    const client = NodeClient.to(this.address.of(node));
    const link: Link = new Link(node, client, (error) => this.suspect(link, error));
    try {
      await within(ANSWER_MS, prove(client));
      await client.watch((reason) => this.lose(link, reason));
      return link;
    } catch (error) {
      link.close();
      this.hint = leaderIn(error);
      throw new Error(`${node}: ${shortReason(error)}`);
    }
  }

  private async leader(): Promise<NodeName> {
    const { hint } = this;
    this.hint = undefined;
    if (hint !== undefined) return hint;
    if (!this.address.cluster) return this.address.nodes[0]!;
    const { leader, reason } = await this.gossip.findLeader(ANSWER_MS, GRACE_MS);
    if (leader === undefined) throw new Error(reason);
    return leader;
  }

  private use(link: Link): void {
    if (this.closed) return link.close();
    this.link = link;
    this.silent = 0;
    this.current = { up: true, node: link.node, since: now() };
    const lostMs = performance.now() - this.lostAt;
    this.watchers.forEach((watcher) => watcher.found(this.current, lostMs));
    for (const { resolve } of [...this.waiting]) resolve(link);
    this.keepLooking(link);
  }

  private keepLooking(link: Link): void {
    if (link.gone) return;
    this.timer = setTimeout(
      () => void this.check(UNANSWERED).finally(() => this.keepLooking(link)),
      WATCH_MS * (0.75 + Math.random() / 2),
    ).unref();
  }

  /** Closes the link if another node leads, or if the node did not answer this check and those before it. One check at a time. */
  private check(unanswered: number): Promise<void> {
    const { link } = this;
    if (!link) return Promise.resolve();
    this.unanswered = Math.min(this.unanswered, unanswered);
    this.checking ??= this.look(link).finally(() => {
      this.checking = undefined;
      this.unanswered = UNANSWERED;
    });
    return this.checking;
  }

  /** A leader that most of the nodes name is believed at once, whatever the node in use does meanwhile. */
  private async look(link: Link): Promise<void> {
    this.lastLook = performance.now();
    await Promise.all([this.address.cluster ? this.lookAround(link) : undefined, this.lookAt(link)]);
  }

  private async lookAround(link: Link): Promise<void> {
    const { leader, agreed } = await this.gossip.findLeader(ANSWER_MS);
    if (!agreed || leader === undefined || leader === link.node || link.gone) return;
    this.hint = leader;
    this.lose(link, `${link.node} no longer leads; ${leader} does`);
  }

  /** On the connection in use: it may be broken while a new one would work. */
  private async lookAt(link: Link): Promise<void> {
    const begun = performance.now();
    try {
      await ask(link.client, ANSWER_MS);
      this.silent = 0;
    } catch (error) {
      // If this app was busy itself, it may have missed answers.
      if (link.gone || performance.now() - begun > 2 * ANSWER_MS) return;
      this.silent += 1;
      if (this.silent >= this.unanswered) this.lose(link, shortReason(error));
    }
  }
}

/** Reads the newest event; only a leader that is ready can. */
async function prove(client: NodeClient): Promise<void> {
  const read = client.official.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1, requiresLeader: true });
  for await (const _ of client.whole(read));
}

export async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreUnavailable(new Error(`no answer within ${limitMs} ms`))), limitMs);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
