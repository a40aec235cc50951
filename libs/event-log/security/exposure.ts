// Hides: when a node would be open to everybody. Promises: such a start is refused before anything listens, with what to do. Does not:
// check passwords.

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** The node would be open to everybody. */
export class Exposed extends Error {}

const bare = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase();
const isLoopback = (host: string): boolean => bare(host) === 'localhost' || bare(host) === '::1' || /^127\.\d+\.\d+\.\d+$/.test(bare(host));

/** Without TLS everyone who reaches the node is an administrator. @throws Exposed */
export function refuseOpenBind(host: string, tls: object | undefined): void {
  if (tls || isLoopback(host)) return;
  throw new Exposed(
    `Without TLS everyone who reaches ${host} could read and write everything. Give a certificate (--tls-cert and --tls-key), or listen on 127.0.0.1.`,
  );
}

/**
 * Whether a request that names this host is meant for the node. A web page whose name was made to resolve to the node (DNS rebinding) sends
 * its own name. Addresses are safe; names must be configured for the node or covered by its certificate.
 */
export function hostCheck(
  names: readonly (string | undefined)[],
  certificate: string | Buffer | undefined,
): (header: string | undefined) => boolean {
  const own = new Set(names.flatMap((name) => (name === undefined ? [] : [bare(name)])));
  const covers = certificate && new X509Certificate(certificate);
  return (header) => {
    const host = bare((header ?? '').replace(/:\d*$/, ''));
    if (host === '' || host === 'localhost' || isIP(host) !== 0 || own.has(host)) return host !== '';
    return covers ? covers.checkHost(host) !== undefined : false;
  };
}
