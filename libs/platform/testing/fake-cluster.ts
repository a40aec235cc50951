/**
 * A cluster of three that simulates elections. Hides: scripted gRPC services in front of one real node, so that every member holds the same
 * log. Promises: a member behaves exactly as its mode says, from the next message on. Does not: replicate or elect; the spec chooses the
 * leader.
 */
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { ClusterInfo, EndPoint, MemberInfo } from '@eventstore/db-client/generated/gossip_pb';
import { UUID } from '@eventstore/db-client/generated/shared_pb';
import { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';

/**
 * How a member treats calls. `not-ready`, `busy` and `no-details` answer appends with indefinite errors; `mute` accepts calls and never
 * answers; `garbage` answers with invalid bytes, `doubled` twice, `late` after the append's time limit; `cut` writes, then breaks the
 * connection; `stalled` sends the first messages of a read and no more.
 */
export type Mode = 'well' | 'not-ready' | 'busy' | 'no-details' | 'mute' | 'garbage' | 'doubled' | 'late' | 'cut' | 'stalled';

/** Messages of a read that a stalled member still sends. */
const BEFORE_STALL = 3;

const raw = (bytes: Buffer): Buffer => bytes;
const STREAMS = '/event_store.client.streams.Streams/';
const method = (name: string, requestStream: boolean) => ({
  path: STREAMS + name,
  requestStream,
  responseStream: true,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
});
export class Member {
  mode: Mode = 'well';
  /** The leader as this member sees it; undefined while there is none. */
  sees: number | undefined = 0;
  gossips = 0;
  calls = 0;
  port = 0;
  /** Where it listens, from its next start on. */
  address = '127.0.0.1';
  /** Delay of answers. */
  lateMs = 7_000;
  private server: Server | undefined;

  constructor(
    private readonly cluster: FakeCluster,
    private readonly index: number,
    /** The name by which gossip knows it. */
    readonly host: string,
  ) {}

  get name(): string {
    return `${this.host}:${this.port}`;
  }

  async start(): Promise<void> {
    const server = new Server();
    server.addService(GossipService, { read: (_: unknown, answer: (error: null, info: ClusterInfo) => void) => this.gossip(answer) });
    server.addService(
      { read: method('Read', false), batchAppend: method('BatchAppend', true) },
      {
        read: (call: ServerWritableStream<Buffer, Buffer>) => this.read(call),
        batchAppend: (call: ServerDuplexStream<Buffer, Buffer>) => this.append(call),
      },
    );
    this.port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`${this.address}:${this.port}`, this.cluster.security.credentials, (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    this.server = server;
  }

  /** Breaks all connections, as `kill -9` does; `start` brings it back on its port. */
  kill(): void {
    this.server?.forceShutdown();
    this.server = undefined;
  }

  private gossip(answer: (error: null, info: ClusterInfo) => void): void {
    this.gossips += 1;
    if (this.mode === 'mute') return;
    const members = this.cluster.members.map((member, index) =>
      new MemberInfo()
        .setInstanceId(new UUID().setString(`00000000-0000-4000-8000-00000000000${index}`))
        .setState(index === this.sees ? MemberInfo.VNodeState.LEADER : MemberInfo.VNodeState.FOLLOWER)
        .setIsAlive(true)
        .setHttpEndPoint(new EndPoint().setAddress(member.host).setPort(member.port)),
    );
    answer(null, new ClusterInfo().setMembersList(members));
  }

  private read(call: ServerWritableStream<Buffer, Buffer>): void {
    this.calls += 1;
    if (this.mode === 'mute') return;
    if (this.mode === 'not-ready' || this.mode === 'busy') return void call.emit('error', unavailable(this.mode));
    if (this.refuse(call)) return;
    const behind = this.cluster.behind.makeServerStreamRequest(STREAMS + 'Read', raw, raw, call.request);
    let sent = 0;
    behind.on('data', (bytes: Buffer) => {
      sent += 1;
      if (this.mode !== 'stalled' || sent <= BEFORE_STALL) call.write(bytes);
    });
    behind.on('end', () => {
      if (this.mode !== 'stalled' || sent <= BEFORE_STALL) call.end();
    });
    behind.on('error', (error) => call.emit('error', error));
    call.on('cancelled', () => behind.cancel());
  }

  private append(call: ServerDuplexStream<Buffer, Buffer>): void {
    this.calls += 1;
    if (this.refuse(call)) return;
    const behind = this.cluster.behind.makeBidiStreamRequest(STREAMS + 'BatchAppend', raw, raw);
    call.on('data', (bytes: Buffer) => {
      if (this.mode === 'mute' || this.refuse(call)) return;
      if (this.mode === 'not-ready' || this.mode === 'busy' || this.mode === 'no-details')
        return void call.write(evasion(bytes, this.mode));
      behind.write(bytes);
    });
    behind.on('data', (bytes: Buffer) => this.answer(call, bytes));
    behind.on('error', (error) => call.emit('error', error));
    for (const over of ['cancelled', 'end']) call.on(over, () => behind.cancel());
  }

  private answer(call: ServerDuplexStream<Buffer, Buffer>, bytes: Buffer): void {
    if (this.mode === 'cut') return void call.emit('error', unavailable('cut'));
    if (this.mode === 'late') return void setTimeout(() => call.write(bytes), this.lateMs).unref();
    if (this.mode === 'garbage') {
      call.write(Buffer.from('00ff13', 'hex'));
      call.write(Buffer.alloc(0));
      call.write(Buffer.from(new BatchAppendResp().setCorrelationId(new UUID().setString('nobody')).serializeBinary()));
    }
    if (this.mode === 'doubled') call.write(bytes);
    call.write(bytes);
  }

  /** As a follower answers calls that only a leader may serve. */
  private refuse(call: { metadata: Metadata; emit(event: 'error', error: unknown): boolean }): boolean {
    if (this.sees === this.index || call.metadata.get('requires-leader')[0] !== 'true') return false;
    const metadata = new Metadata();
    metadata.set('exception', 'not-leader');
    const leader = this.sees === undefined ? undefined : this.cluster.members[this.sees];
    metadata.set('leader-endpoint-host', leader?.host ?? '127.0.0.1');
    metadata.set('leader-endpoint-port', String(leader?.port ?? 1));
    call.emit('error', { code: status.NOT_FOUND, details: 'Leader info available', metadata } satisfies Partial<ServiceError>);
    return true;
  }
}

/** What members present from their next start on, and the settings with which clients trust it. */
export type Security = Readonly<{ credentials: ServerCredentials; settings: string }>;

const INSECURE: Security = { credentials: ServerCredentials.createInsecure(), settings: 'tls=false' };
const HOSTS = ['127.0.0.1', '127.0.0.1', '127.0.0.1'];

export class FakeCluster {
  readonly members: readonly Member[];
  readonly behind: Client;

  private constructor(
    port: number,
    hosts: readonly string[],
    public security: Security,
  ) {
    this.members = hosts.map((host, index) => new Member(this, index, host));
    this.behind = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  /** @param port of the node that holds the log */
  static async start(port: number, hosts: readonly string[] = HOSTS, security = INSECURE): Promise<FakeCluster> {
    const cluster = new FakeCluster(port, hosts, security);
    for (const member of cluster.members) await member.start();
    return cluster;
  }

  get url(): string {
    return `esdb://${this.members.map(({ name }) => name).join(',')}?${this.security.settings}`;
  }

  /** All members name this one as the leader; undefined: no leader. */
  elect(leader: number | undefined): void {
    for (const member of this.members) member.sees = leader;
  }

  stop(): void {
    for (const member of this.members) member.kill();
    this.behind.close();
  }
}

const unavailable = (details: string) => ({ code: status.UNAVAILABLE, details: `Server Is ${details}`, metadata: new Metadata() });

/** An error answer without specifics: its detail is an Empty, or absent. */
function evasion(request: Buffer, mode: Mode): Buffer {
  const correlation = BatchAppendReq.deserializeBinary(request).getCorrelationId();
  const message = field(2, mode === 'busy' ? 'Server Is Busy' : 'Server Is Not Ready');
  const detail = field(3, field(1, 'type.googleapis.com/google.protobuf.Empty'));
  const error = field(2, Buffer.concat([Buffer.from([0x08, 2]), message, ...(mode === 'no-details' ? [] : [detail])]));
  return Buffer.concat([Buffer.from(new BatchAppendResp().setCorrelationId(correlation).serializeBinary()), error]);
}

/** A field below 128 bytes. Encoded by hand: the client's messages do not accept an `Any` of another copy of protobuf. */
const field = (number: number, value: Buffer | string): Buffer => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
};
