/**
 * Where the event store is. Hides: connection strings. Promises: a string for one node of a cluster that keeps every other setting, and
 * whose channel shares nothing with one that failed. Does not: connect.
 */
import { EventStoreDBClient } from '@eventstore/db-client';

/** A node as `host:port`. */
export type NodeName = string;

const DEFAULT_PORT = 2113;
/** The keys that the official client knows; it prints a warning for each other key whenever it is created. */
const SETTINGS = new Set(
  ['userCertFile', 'userKeyFile', 'connectionName', 'defaultDeadline', 'tls', 'tlsVerifyCert', 'tlsCAFile', 'keepAliveTimeout'].map(flat),
);
/** Below this the official client warns. */
const KEEP_ALIVE_MS = 10_000;
const NEVER_MS = 1_000_000_000;

function flat(key: string): string {
  return key.toLowerCase().replace(/[_-]/g, '');
}

export class StoreAddress {
  /** The nodes that the connection string names. */
  readonly nodes: readonly NodeName[];
  /** Whether the nodes must be asked which of them leads. */
  readonly cluster: boolean;
  private readonly before: string;
  private readonly settings: readonly string[];
  private readonly keepAliveMs: number;
  private made = 0;

  /** @throws Error that says what is wrong with the connection string */
  constructor(connectionString: string) {
    const url = connectionString.trim().replace(/^kurrentdb(?=:|\+)/, 'esdb');
    // The official client parses it first: it knows what it accepts, and finds missing certificates.
    EventStoreDBClient.connectionString(url);
    const parts = /^(esdb(?:\+discover)?):\/\/(?:([^@]*)@)?([^?/]*)\/*(?:\?(.*))?$/.exec(url.replace(/\/+$/, ''));
    if (!parts) throw new Error('The connection string of the event store must look like esdb://host:2113?tls=true.');
    const [, scheme, user, hosts, query] = parts;
    this.nodes = hosts!.split(',').map((host) => (/:\d+$/.test(host.trim()) ? host.trim() : `${host.trim()}:${DEFAULT_PORT}`));
    this.cluster = scheme !== 'esdb' || this.nodes.length > 1;
    this.before = `esdb://${user === undefined ? '' : `${user}@`}`;
    const given = (query ?? '').split('&').filter(Boolean);
    this.settings = given.filter((setting) => SETTINGS.has(flat(setting.split('=')[0]!)));
    const keepAlive = given.find((setting) => flat(setting.split('=')[0]!) === 'keepaliveinterval');
    const keepAliveMs = keepAlive ? Number(keepAlive.split('=')[1]) : KEEP_ALIVE_MS;
    this.keepAliveMs = keepAliveMs < 0 ? NEVER_MS : keepAliveMs;
  }

  /**
   * The connection string of one node. Channels of the same options share connections, and with them the time, up to two minutes, that
   * grpc-js waits after failed attempts; a keep-alive time of its own keeps a new channel from inheriting it.
   */
  of(node: NodeName): string {
    this.made = (this.made + 1) % 1_000;
    return `${this.before}${node}?${[...this.settings, `keepAliveInterval=${this.keepAliveMs + this.made}`].join('&')}`;
  }
}
