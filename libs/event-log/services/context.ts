/**
 * Hides: the connections between the parts of one node. Promises: every service gets the same context, created once by node.ts. Does not:
 * do anything.
 */
import type { Metadata } from '@grpc/grpc-js';
import type { PersistentSubscriptions } from '../groups/persistent-subscriptions';
import type { Journal } from '../log/journal';
import type { EventLog } from '../log/log';
import type { StandingProjections } from '../projections/standing-projections';
import type { Principal, StreamUse } from '../security/access';
import type { Users } from '../security/users';
import type { NodeService } from '../wire/service-builder';

/** The context of every service. */
export type NodeContext = {
  readonly log: EventLog;
  readonly instanceId: string;
  /** Name or address by which clients reach the node. */
  readonly host: string;
  readonly port: () => number;
  /** Throws a `Fault` (access denied, unauthenticated) if the caller may not do this to the stream. Replaced when users are on. */
  authorizeStream: (metadata: Metadata, stream: string, action: StreamUse) => void;
  /** Throws unless the caller is in `$admins` or, where allowed, `$ops`. */
  authorizeAdmin: (metadata: Metadata, alsoOps?: boolean) => void;
  /** Throws for a caller without credentials. */
  authorizeUser: (metadata: Metadata) => void;
  /** The caller; undefined without credentials. */
  principal: (metadata: Metadata) => Principal;
  readonly users: Users;
  readonly journal: Journal;
  readonly groups: PersistentSubscriptions;
  readonly projections: StandingProjections;
  /** Names of the methods that ServerFeatures announces, with their feature strings. */
  readonly features: Array<{ service: string; method: string; features: string[] }>;
  /** Stops the node, as `close` does. */
  readonly shutdown: () => void;
  /** Called when the node closes. */
  readonly onClose: Array<() => Promise<void> | void>;
};

/** Builds a service for one node; each file in services/ exports one. */
export type ServiceFactory = (context: NodeContext) => NodeService;
