/**
 * One node, through the official client. Hides: the only uses of the client's private parts (6.2.1; client-inside.spec.ts fails when they
 * change). Promises: our own calls on the client's channel, with its credentials; each ends when the node is closed. Does not: reconnect.
 */
import { nowMs } from '#platform/runtime/clock';
import { type CallOptions, type Channel, type Client, connectivityState, type Metadata } from '@grpc/grpc-js';
import { EventStoreDBClient } from '@eventstore/db-client';

/** The client's private parts that give its channel and the metadata of its calls. */
type Inside = {
  disposableStreams: Set<unknown>;
  getChannel(): Promise<Channel>;
  callArguments(options: { requiresLeader?: boolean }, call: { deadline: Date | number }): [Metadata, CallOptions];
};

const CLOSED = 'the connection to the node was closed';

type ServiceClass<C extends Client> = new (address: never, credentials: never, options: { channelOverride: Channel }) => C;

type Cancellable = { cancel(): void; once(event: 'status', heard: () => void): unknown };

export class NodeClient {
  private readonly inside: Inside;
  private readonly services = new Map<unknown, Client>();
  private readonly running = new Set<Cancellable>();
  private channel: Channel | undefined;
  private closed = false;

  private constructor(readonly official: EventStoreDBClient) {
    this.inside = official as unknown as Inside;
  }

  /** @param connectionString of a single node: with several, the client would search for one itself and never retry after a failure */
  static to(connectionString: string): NodeClient {
    return new NodeClient(EventStoreDBClient.connectionString(connectionString));
  }

  static of(client: EventStoreDBClient): NodeClient {
    return new NodeClient(client);
  }

  /** Streams that are open on the connection now, including those of the official client. */
  get streams(): number {
    return this.running.size + (this.official as unknown as Inside).disposableStreams.size;
  }

  /** Starts a call. `limitMs` is how long it may take; without it there is no limit. */
  async call<C extends Client, T extends Cancellable>(
    Service: ServiceClass<C>,
    begin: (service: C, metadata: Metadata, options: CallOptions) => T,
    { limitMs, requiresLeader = false }: { limitMs?: number; requiresLeader?: boolean } = {},
  ): Promise<T> {
    const channel = await this.open();
    let service = this.services.get(Service) as C | undefined;
    if (!service) {
      service = new Service(null as never, null as never, { channelOverride: channel });
      this.services.set(Service, service);
    }
    const deadline = limitMs === undefined ? Infinity : new Date(nowMs() + limitMs);
    const [metadata, options] = this.inside.callArguments({ requiresLeader }, { deadline });
    const call = begin(service, metadata, options);
    this.running.add(call);
    call.once('status', () => this.running.delete(call));
    return call;
  }

  /**
   * What a read of the official client delivers. The client ends a cancelled read as if it were complete, so a read during which the node was
   * closed fails. @throws Error
   */
  async *whole<T>(read: AsyncIterable<T>): AsyncGenerator<T> {
    yield* read;
    if (this.closed) throw new Error(CLOSED);
  }

  /** Calls `broken` once when an established connection is lost. */
  async watch(broken: (reason: string) => void): Promise<void> {
    const channel = await this.open();
    const look = (): void => {
      if (this.closed) return;
      const state = channel.getConnectivityState(false);
      if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) return broken('the connection broke off');
      if (state === connectivityState.IDLE) return broken('the node closed the connection');
      channel.watchConnectivityState(state, Infinity, (error) => {
        if (!error) look();
      });
    };
    look();
  }

  /** Cancels running calls and closes the connection. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const call of this.running) call.cancel();
    // It would wait for streams that nobody reads to the end.
    void this.official.dispose().catch(() => undefined);
    try {
      this.channel?.close();
    } catch {
      // The client has closed it already.
    }
  }

  private async open(): Promise<Channel> {
    if (this.closed) throw new Error(CLOSED);
    this.channel ??= await this.inside.getChannel();
    return this.channel;
  }
}
