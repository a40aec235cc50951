/**
 * Which node leads. Hides: gossip. Promises: all nodes are asked at once, each within a time limit, and the leader is the one that most of
 * those that answer name: a leader that was cut off from the others is outvoted. Does not: remember an answer or a failure.
 */
import { type ServiceError, status } from '@grpc/grpc-js';
import { GossipClient } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { type ClusterInfo, MemberInfo } from '@eventstore/db-client/generated/gossip_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { NodeClient } from './client-inside';
import { shortReason } from './refusals';
import type { NodeName, StoreAddress } from './store-address';

const { LEADER } = MemberInfo.VNodeState;

/** The nodes that a node knows, and which of them it believes to lead. */
export type View = Readonly<{ members: readonly NodeName[]; leader?: NodeName }>;
/** `agreed`: most of the nodes that answered name this leader. */
export type Found = Readonly<{ leader?: NodeName; agreed: boolean; reason: string }>;

/** A node that answers like this is alive but says nothing about others. */
const MUM = new Set([status.UNIMPLEMENTED, status.PERMISSION_DENIED, status.UNAUTHENTICATED]);

/** One node's view. */
export async function ask(client: NodeClient, limitMs: number): Promise<View> {
  let done!: (error: ServiceError | null, info?: ClusterInfo) => void;
  const answer = new Promise<ClusterInfo | undefined>((resolve, reject) => {
    done = (error, info) => (!error ? resolve(info) : MUM.has(error.code) ? resolve(undefined) : reject(error));
  });
  answer.catch(() => undefined);
  await client.call(GossipClient, (service, metadata, options) => service.read(new Empty(), metadata, options, done), { limitMs });
  const members = (await answer)?.getMembersList().filter((member) => member.getIsAlive()) ?? [];
  const nameOf = (member: MemberInfo): NodeName =>
    `${member.getHttpEndPoint()?.getAddress() ?? ''}:${member.getHttpEndPoint()?.getPort() ?? 0}`;
  const leader = members.find((member) => member.getState() === LEADER);
  return { members: members.map(nameOf), ...(leader && { leader: nameOf(leader) }) };
}

/** Asks the nodes of a cluster; keeps connections to them while they answer. */
export class Gossip {
  private readonly clients = new Map<NodeName, NodeClient>();
  /** Named by the nodes, in addition to those of the connection string. */
  private members: readonly NodeName[] = [];

  constructor(private readonly address: StoreAddress) {}

  /** @param graceMs how long to wait for other answers once a node named a leader */
  async findLeader(limitMs: number, graceMs = limitMs): Promise<Found> {
    const asked = [...new Set([...this.address.nodes, ...this.members])];
    const votes = new Map<NodeName, number>();
    const answered = new Set<NodeName>();
    const members = new Set<NodeName>();
    const reasons: string[] = [];
    let grace: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      let open = asked.length;
      for (const node of asked) {
        void this.askOne(node, limitMs)
          .then(
            (view) => {
              answered.add(node);
              view.members.forEach((member) => members.add(member));
              if (!view.leader) return;
              grace ??= setTimeout(resolve, graceMs);
              votes.set(view.leader, (votes.get(view.leader) ?? 0) + 1);
              if (votes.get(view.leader)! * 2 > asked.length) resolve();
            },
            (error: unknown) => void reasons.push(`${node}: ${shortReason(error)}`),
          )
          .finally(() => --open === 0 && resolve());
      }
    });
    clearTimeout(grace);
    if (members.size > 0) this.members = [...members];
    const [best] = [...votes].sort(([, one], [, other]) => other - one);
    const reason = answered.size > 0 ? `${answered.size} of ${asked.length} nodes answer, but none leads` : reasons.join('; ');
    return { ...(best && { leader: best[0] }), agreed: best !== undefined && best[1] * 2 > answered.size, reason };
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
    this.clients.clear();
  }

  private async askOne(node: NodeName, limitMs: number): Promise<View> {
    let client = this.clients.get(node);
    if (!client) this.clients.set(node, (client = NodeClient.to(this.address.of(node))));
    try {
      return await ask(client, limitMs);
    } catch (error) {
      if (this.clients.get(node) === client) this.clients.delete(node);
      client.close();
      throw error;
    }
  }
}
