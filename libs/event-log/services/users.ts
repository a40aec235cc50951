// Hides: the messages of event_store.client.users.
// Promises: administrators manage users; everybody reads himself and changes his own password, knowing the old one.
// Does not: store anything (users.ts).

import {
  ChangePasswordReq,
  ChangePasswordResp,
  CreateReq,
  CreateResp,
  DeleteReq,
  DeleteResp,
  DetailsReq,
  DetailsResp,
  DisableReq,
  DisableResp,
  EnableReq,
  EnableResp,
  ResetPasswordReq,
  ResetPasswordResp,
  UpdateReq,
  UpdateResp,
} from '@eventstore/db-client/generated/users_pb';
import { isAdmin } from '../security/access';
import { accessDenied, invalidArgument } from '../wire/faults';
import { encode, reading } from '../wire/generated';
import type { NodeContext } from './context';
import { type NodeService, ServiceBuilder } from '../wire/service-builder';
import type { User } from '../security/users';

const required = (value: string | undefined, what: string): string => {
  if (value === undefined || value.trim() === '') throw invalidArgument(`${what} is required.`);
  return value;
};
const login = (options: { getLoginName(): string } | undefined): string => required(options?.getLoginName(), 'A login name');
const password = (value: string | undefined): string => required(value, 'A password');

/** Ticks are 100 ns since 1970. */
const detailsOf = (user: User): DetailsResp =>
  new DetailsResp().setUserDetails(
    new DetailsResp.UserDetails()
      .setLoginName(user.loginName)
      .setFullName(user.fullName)
      .setGroupsList([...user.groups])
      .setDisabled(user.disabled)
      .setLastUpdated(new DetailsResp.UserDetails.DateTime().setTicksSinceEpoch(String(BigInt(Date.parse(user.lastUpdated)) * 10_000n))),
  );

/** Users and their passwords. */
export function users({ users, principal, authorizeAdmin, authorizeUser }: NodeContext): NodeService {
  return new ServiceBuilder('event_store.client.users.Users')
    .unary('Create', reading(CreateReq), async (request, metadata) => {
      authorizeAdmin(metadata);
      const options = request.getOptions();
      await users.create(login(options), options!.getFullName(), options!.getGroupsList(), password(options!.getPassword()));
      return encode(new CreateResp());
    })
    .unary('Update', reading(UpdateReq), async (request, metadata) => {
      authorizeAdmin(metadata);
      const options = request.getOptions();
      await users.update(login(options), options!.getFullName(), options!.getGroupsList());
      return encode(new UpdateResp());
    })
    .unary('Delete', reading(DeleteReq), async (request, metadata) => {
      authorizeAdmin(metadata);
      await users.delete(login(request.getOptions()));
      return encode(new DeleteResp());
    })
    .unary('Enable', reading(EnableReq), async (request, metadata) => {
      authorizeAdmin(metadata);
      await users.setDisabled(login(request.getOptions()), false);
      return encode(new EnableResp());
    })
    .unary('Disable', reading(DisableReq), async (request, metadata) => {
      authorizeAdmin(metadata);
      await users.setDisabled(login(request.getOptions()), true);
      return encode(new DisableResp());
    })
    .unary('ResetPassword', reading(ResetPasswordReq), async (request, metadata) => {
      authorizeAdmin(metadata);
      const options = request.getOptions();
      await users.resetPassword(login(options), password(options!.getNewPassword()));
      return encode(new ResetPasswordResp());
    })
    .unary('ChangePassword', reading(ChangePasswordReq), async (request, metadata) => {
      authorizeUser(metadata);
      const options = request.getOptions();
      const name = login(options);
      if (principal(metadata)?.name !== name) throw accessDenied();
      const next = password(options!.getNewPassword());
      if (!(await users.changePassword(name, options!.getCurrentPassword(), next))) throw accessDenied();
      return encode(new ChangePasswordResp());
    })
    .serverStream('Details', reading(DetailsReq), async (call) => {
      authorizeUser(call.metadata);
      const name = call.request.getOptions()?.getLoginName() ?? '';
      const caller = principal(call.metadata);
      if (!isAdmin(caller) && caller?.name !== name) throw accessDenied();
      for (const user of name === '' ? users.all() : [users.find(name)]) call.write(encode(detailsOf(user)));
    })
    .build();
}
