// Hides: where a node looks up who calls and which lists apply.
// Promises: without TLS everyone is an administrator, as under the original's `--insecure`; with TLS every call is checked.
// Does not: hold the rules (access.ts) or the passwords (users.ts).

import type { Metadata } from '@grpc/grpc-js';
import { type DefaultAcls, isAdmin, isOperator, mayUseStream, parseAcl, parseDefaultAcls, type Principal, subjectOf } from './access';
import { accessDenied } from '../wire/faults';
import type { EventLog } from '../log/log';
import type { StreamUse } from './access';

const settingsStream = '$settings';
const system: Principal = { name: 'admin', groups: ['$admins'] };

export class Authorization {
  private defaults: DefaultAcls | undefined;

  /** `identify` returns the caller; undefined in insecure mode. */
  constructor(
    private readonly log: EventLog,
    private readonly identify: ((metadata: Metadata) => Principal) | undefined,
  ) {
    log.followStream(settingsStream, () => (this.defaults = undefined));
  }

  readonly principal = (metadata: Metadata): Principal => (this.identify ? this.identify(metadata) : system);

  readonly stream = (metadata: Metadata, stream: string, action: StreamUse): void =>
    this.refuseStream(this.principal(metadata), stream, action);

  /** The same for a caller over HTTP. */
  readonly refuseStream = (principal: Principal, stream: string, action: StreamUse): void => {
    if (!this.identify) return;
    const metadataAction = action === 'read-metadata' ? 'read' : action === 'write-metadata' ? 'write' : undefined;
    const name = metadataAction ? `$$${stream}` : stream;
    const done = metadataAction ?? (action as 'read' | 'write' | 'delete');
    const own = this.log.metadata(subjectOf(name, done).stream).acl;
    if (!mayUseStream(principal, name, done, parseAcl(own), this.defaultAcls())) throw accessDenied();
  };

  readonly user = (metadata: Metadata): void => {
    if (!this.principal(metadata)) throw accessDenied();
  };

  readonly admin = (metadata: Metadata, alsoOps = false): void => {
    const principal = this.principal(metadata);
    if (!(alsoOps ? isOperator(principal) : isAdmin(principal))) throw accessDenied();
  };

  private defaultAcls(): DefaultAcls {
    return (this.defaults ??= this.readDefaults());
  }

  private readDefaults(): DefaultAcls {
    const { exists, last } = this.log.state(settingsStream);
    const [frame] = exists ? this.log.readStream(settingsStream, last, true, 1).frames : [];
    try {
      return frame ? parseDefaultAcls(JSON.parse(frame.data.toString('utf8'))) : {};
    } catch {
      return {};
    }
  }
}
