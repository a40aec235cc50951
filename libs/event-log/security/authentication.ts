// Hides: how a call's `authorization` header becomes a user.
// Promises: a handler starts only after the credentials were checked; wrong ones end the call as UNAUTHENTICATED.
// Does not: decide what that user may do (access.ts).

import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import type { Journal } from '../log/journal';
import type { Principal } from './access';
import { connectionOf, streamOf } from '../wire/call-inside';
import { Strangers } from '../wire/strangers';
import { faultOf, tooBusy, unauthenticated } from '../wire/faults';
import { TooManyChecks } from './password-checks';
import type { Users } from './users';

const NOTED_EVERY_MS = 1_000;

export class Authentication {
  private readonly principals = new WeakMap<Metadata, NonNullable<Principal>>();

  /** Connections whose wrong password was already logged. */
  private readonly noted = new WeakSet<object>();
  private readonly wrong = { notedAt: -Infinity, unsaid: 0 };

  constructor(
    private readonly users: Users,
    private readonly journal: Journal = () => undefined,
    private readonly strangers = new Strangers(),
  ) {}

  principal(metadata: Metadata): Principal {
    return this.principals.get(metadata);
  }

  /** The user of `Basic <base64 of login:password>`; undefined without a header; throws if it is wrong. */
  async identify(authorization: string | undefined, connection: object): Promise<Principal> {
    if (authorization === undefined || authorization === '') return undefined;
    const [, encoded] = /^basic ([a-z0-9+/=]+)$/i.exec(authorization.trim()) ?? [];
    const [, login, password] = /^([^:]*):(.*)$/su.exec(Buffer.from(encoded ?? '', 'base64').toString('utf8')) ?? [];
    if (login === undefined || password === undefined) throw unauthenticated();
    const principal = await this.users.authenticate(connection, login, password).catch((error: unknown) => {
      throw error instanceof TooManyChecks ? tooBusy() : error;
    });
    if (!principal) {
      this.note(connection, login);
      throw unauthenticated();
    }
    this.strangers.known(connection);
    return principal;
  }

  /** One line for each connection, and for all of them one in a second: strangers cannot fill the log. */
  private note(connection: object, login: string): void {
    if (this.noted.has(connection)) return;
    this.noted.add(connection);
    const { wrong } = this;
    if (performance.now() - wrong.notedAt < NOTED_EVERY_MS) {
      wrong.unsaid += 1;
      return;
    }
    this.journal('warn', 'wrong login or password', {
      login: login.slice(0, 100),
      ...(wrong.unsaid > 0 ? { suppressed: wrong.unsaid } : {}),
    });
    Object.assign(wrong, { notedAt: performance.now(), unsaid: 0 });
  }

  /** Interceptor that runs before every handler of the server. */
  readonly interceptor: ServerInterceptor = (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => {
            const [header] = metadata.get('authorization');
            const stream = streamOf(call);
            const trust = stream && this.strangers.watch(stream);
            if (header === undefined) return proceed(metadata);
            this.identify(String(header), connectionOf(call)).then(
              (principal) => {
                if (principal) {
                  this.principals.set(metadata, principal);
                  trust?.();
                }
                proceed(metadata);
              },
              (error: unknown) => {
                const { code, details, metadata: trailers } = faultOf(error);
                call.sendStatus({ code, details, metadata: trailers });
              },
            );
          },
        }),
    });
}
