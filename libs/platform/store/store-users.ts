/**
 * The users of the apps in the event store. Hides: messages of the users service, and lists of rights. Promises: each app has a login of its own; no
 * app is an administrator; only an operator's login deletes streams and writes the records of operators. Does not: keep an app from appending to the
 * streams of the plant: that is its work. The rights are those of EventStoreDB: they name whole streams, not their prefixes.
 */
import { type CallOptions, type ClientUnaryCall, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type EventStoreDBClient, jsonEvent, StreamNotFoundError } from '@eventstore/db-client';
import { UsersClient } from '@eventstore/db-client/generated/users_grpc_pb';
import { CreateReq, ResetPasswordReq, UpdateReq } from '@eventstore/db-client/generated/users_pb';
import { isDeepStrictEqual } from 'node:util';
import { APPLICATION } from '#platform/runtime/version';
import { ANALYST_ACCOUNTS } from '#platform/security/analysts';
import { REVOCATIONS } from '#platform/security/revocations';
import type { NodeClient } from './client-inside';
import { Connection } from './connection';

/** The apps that connect to the event store. */
export type StoreApp = 'api' | 'worker' | 'ops';

const APPS = ['api', 'worker', 'ops'] as const;
const GROUP = APPLICATION;
const storeUserOf = (app: StoreApp): string => `${APPLICATION}-${app}`;
const LIMIT_MS = 10_000;

const apps = [GROUP, '$admins'];
const operators = [storeUserOf('ops'), '$admins'];
/** Snapshots keep only their newest event: that is stream metadata, so apps may write it. */
const DEFAULTS = {
  $userStreamAcl: { $r: apps, $w: apps, $d: operators, $mr: apps, $mw: apps },
  $systemStreamAcl: { $r: '$admins', $w: '$admins', $d: '$admins', $mr: '$admins', $mw: '$admins' },
};
const OPERATORS_RECORDS = [REVOCATIONS, ANALYST_ACCOUNTS];

type Answered = (error: ServiceError | null) => void;

/** Sends one request; false if the answer has the expected code instead of success. */
function ask(
  client: NodeClient,
  send: (users: UsersClient, metadata: Metadata, options: CallOptions, answered: Answered) => ClientUnaryCall,
  expected?: status,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const answered: Answered = (error) => (error === null ? resolve(true) : error.code === expected ? resolve(false) : reject(error));
    const limits = { limitMs: LIMIT_MS, requiresLeader: true };
    client.call(UsersClient, (users, metadata, options) => send(users, metadata, options, answered), limits).catch(reject);
  });
}

async function ensureUser(client: NodeClient, app: StoreApp, password: string): Promise<void> {
  const [login, fullName] = [storeUserOf(app), `${APPLICATION} ${app}`];
  const user = new CreateReq.Options().setLoginName(login).setPassword(password).setFullName(fullName).setGroupsList([GROUP]);
  const created = await ask(
    client,
    (users, ...rest) => users.create(new CreateReq().setOptions(user), ...rest),
    status.FAILED_PRECONDITION,
  );
  // EventStoreDB answers so if there is a user of this name.
  if (created) return;
  const fresh = new ResetPasswordReq.Options().setLoginName(login).setNewPassword(password);
  await ask(client, (users, ...rest) => users.resetPassword(new ResetPasswordReq().setOptions(fresh), ...rest));
  const groups = new UpdateReq.Options().setLoginName(login).setPassword(password).setFullName(fullName).setGroupsList([GROUP]);
  await ask(client, (users, ...rest) => users.update(new UpdateReq().setOptions(groups), ...rest));
}

async function setDefaults(client: EventStoreDBClient): Promise<void> {
  try {
    for await (const { event } of client.readStream('$settings', { direction: 'backwards', fromRevision: 'end', maxCount: 1 }))
      if (isDeepStrictEqual(event?.data, DEFAULTS)) return;
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw error;
  }
  await client.appendToStream('$settings', jsonEvent({ type: 'update-default-acl', data: DEFAULTS }));
}

/** Keeps what else the metadata says. */
async function setAcl(client: EventStoreDBClient, stream: string, acl: Readonly<Record<string, string[]>>): Promise<void> {
  const { metadata } = await client.getStreamMetadata(stream);
  if (isDeepStrictEqual(metadata?.acl, acl)) return;
  await client.setStreamMetadata(stream, { ...metadata, acl } as never);
}

/**
 * Creates the users, or sets their passwords, and the rights of the apps. `admin` is the connection string of an administrator. Safe to repeat.
 * @throws Error if it is not an administrator's, or the store does not answer
 */
export async function ensureStoreUsers(admin: string, passwords: Readonly<Record<StoreApp, string>>): Promise<void> {
  const connection = new Connection(admin);
  try {
    const { client } = await connection.get(LIMIT_MS, LIMIT_MS);
    for (const app of APPS) await ensureUser(client, app, passwords[app]);
    await setAcl(client.official, '$all', { readRoles: apps });
    for (const stream of OPERATORS_RECORDS)
      await setAcl(client.official, stream, {
        readRoles: apps,
        writeRoles: operators,
        deleteRoles: ['$admins'],
        metaWriteRoles: ['$admins'],
      });
    await setDefaults(client.official);
  } finally {
    connection.close();
  }
}

/** The same connection string with the login of an app. */
export const urlOfStoreUser = (admin: string, app: StoreApp, password: string): string =>
  admin.replace(/^([a-z+]+:\/\/)(?:[^@/]*@)?/, `$1${storeUserOf(app)}:${encodeURIComponent(password)}@`);
