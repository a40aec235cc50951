// Hides: the messages of event_store.client.users.
// Promises: administrators manage users; every user can read their own record and change their own password, given the old one.
// Does not: store anything (users.ts).

import { isAdmin } from '../security/access';
import { accessDenied, invalidArgument } from '../wire/faults';
import { Empty } from '../wire/message';
import {
  ChangePasswordRequest,
  CreateRequest,
  DetailsResponse,
  NamedRequest,
  ResetPasswordRequest,
  UpdateRequest,
} from '../wire/messages/users';
import type { NodeContext } from './context';
import { type NodeService, ServiceBuilder } from '../wire/service-builder';
import type { User } from '../security/users';

const required = (value: string | undefined, what: string): string => {
  if (value === undefined || value.trim() === '') throw invalidArgument(`${what} is required.`);
  return value;
};
const login = (options: Readonly<{ loginName: string }> | undefined): string => required(options?.loginName, 'A login name');
const password = (value: string | undefined): string => required(value, 'A password');

/** Ticks are 100 ns since 1970. */
const detailsOf = ({ loginName, fullName, groups, disabled, lastUpdated }: User): Buffer =>
  DetailsResponse.encode({
    userDetails: { loginName, fullName, groups, disabled, lastUpdated: { ticksSinceEpoch: BigInt(Date.parse(lastUpdated)) * 10_000n } },
  });

/** Users and their passwords. */
export function users({ users, principal, authorizeAdmin, authorizeUser }: NodeContext): NodeService {
  return new ServiceBuilder('event_store.client.users.Users')
    .unary('Create', CreateRequest.decode, async (request, metadata) => {
      authorizeAdmin(metadata);
      const { options } = request;
      await users.create(login(options), options!.fullName, options!.groups, password(options!.password));
      return Empty.encode();
    })
    .unary('Update', UpdateRequest.decode, async (request, metadata) => {
      authorizeAdmin(metadata);
      const { options } = request;
      await users.update(login(options), options!.fullName, options!.groups);
      return Empty.encode();
    })
    .unary('Delete', NamedRequest.decode, async (request, metadata) => {
      authorizeAdmin(metadata);
      await users.delete(login(request.options));
      return Empty.encode();
    })
    .unary('Enable', NamedRequest.decode, async (request, metadata) => {
      authorizeAdmin(metadata);
      await users.setDisabled(login(request.options), false);
      return Empty.encode();
    })
    .unary('Disable', NamedRequest.decode, async (request, metadata) => {
      authorizeAdmin(metadata);
      await users.setDisabled(login(request.options), true);
      return Empty.encode();
    })
    .unary('ResetPassword', ResetPasswordRequest.decode, async (request, metadata) => {
      authorizeAdmin(metadata);
      const { options } = request;
      await users.resetPassword(login(options), password(options!.newPassword));
      return Empty.encode();
    })
    .unary('ChangePassword', ChangePasswordRequest.decode, async (request, metadata) => {
      authorizeUser(metadata);
      const { options } = request;
      const name = login(options);
      if (principal(metadata)?.name !== name) throw accessDenied();
      const next = password(options!.newPassword);
      if (!(await users.changePassword(name, options!.currentPassword, next))) throw accessDenied();
      return Empty.encode();
    })
    .serverStream('Details', NamedRequest.decode, async (call) => {
      authorizeUser(call.metadata);
      const name = call.request.options?.loginName ?? '';
      const caller = principal(call.metadata);
      if (!isAdmin(caller) && caller?.name !== name) throw accessDenied();
      for (const user of name === '' ? users.all() : [users.find(name)]) call.write(detailsOf(user));
    })
    .build();
}
