import { AccessDeniedError, persistentSubscriptionToStreamSettingsFromDefaults, START } from '@eventstore/db-client';
import { UsersClient } from '@eventstore/db-client/generated/users_grpc_pb';
import {
  ChangePasswordReq,
  CreateReq,
  DeleteReq,
  DetailsReq,
  type DetailsResp,
  DisableReq,
  EnableReq,
  ResetPasswordReq,
  UpdateReq,
} from '@eventstore/db-client/generated/users_pb';
import { status } from '@grpc/grpc-js';
import { deadline, download, unary } from './raw';
import { admin, all, contract, events, fresh, impostor, type Login, ops, ours, type ServerUnderTest, take } from './server-under-test';

const code = (error: unknown) => (error as { code?: number }).code;

const users = (server: ServerUnderTest, caller: Login | null = admin) => {
  const client = server.raw(UsersClient);
  const as = server.as(caller);
  return {
    create: (login: string, password: string, groups: string[] = []) =>
      unary(
        client.create.bind(
          client,
          new CreateReq().setOptions(
            new CreateReq.Options().setLoginName(login).setPassword(password).setFullName(`${login} in full`).setGroupsList(groups),
          ),
        ),
        as,
      ),
    update: (login: string, fullName: string, groups: string[]) =>
      unary(
        client.update.bind(
          client,
          new UpdateReq().setOptions(new UpdateReq.Options().setLoginName(login).setFullName(fullName).setGroupsList(groups)),
        ),
        as,
      ),
    delete: (login: string) =>
      unary(client.delete.bind(client, new DeleteReq().setOptions(new DeleteReq.Options().setLoginName(login))), as),
    disable: (login: string) =>
      unary(client.disable.bind(client, new DisableReq().setOptions(new DisableReq.Options().setLoginName(login))), as),
    enable: (login: string) =>
      unary(client.enable.bind(client, new EnableReq().setOptions(new EnableReq.Options().setLoginName(login))), as),
    resetPassword: (login: string, password: string) =>
      unary(
        client.resetPassword.bind(
          client,
          new ResetPasswordReq().setOptions(new ResetPasswordReq.Options().setLoginName(login).setNewPassword(password)),
        ),
        as,
      ),
    changePassword: (login: string, current: string, password: string) =>
      unary(
        client.changePassword.bind(
          client,
          new ChangePasswordReq().setOptions(
            new ChangePasswordReq.Options().setLoginName(login).setCurrentPassword(current).setNewPassword(password),
          ),
        ),
        as,
      ),
    details: (login?: string) => {
      const options = new DetailsReq.Options();
      if (login !== undefined) options.setLoginName(login);
      return download<DetailsResp>(client.details(new DetailsReq().setOptions(options), as, deadline()));
    },
  };
};

const named = (login: string): Login => ({ username: login, password: 'secret' });

contract('users', (server) => {
  it('are admin and ops from the first start', async () => {
    const { answers } = await users(server()).details();
    const found = answers.map((answer) => answer.getUserDetails()!.toObject());
    expect(found.find(({ loginName }) => loginName === 'admin')).toMatchObject({ groupsList: ['$admins'], disabled: false });
    expect(found.find(({ loginName }) => loginName === 'ops')).toMatchObject({ groupsList: ['$ops'], disabled: false });
  });

  it('are created, shown, changed and deleted', async () => {
    const login = fresh('ada');
    const manage = users(server());
    expect(await manage.create(login, 'secret', ['planners'])).toMatchObject({ code: status.OK });
    const shown = async () => (await manage.details(login)).answers[0]!.getUserDetails()!;
    expect((await shown()).toObject()).toMatchObject({
      loginName: login,
      fullName: `${login} in full`,
      groupsList: ['planners'],
      disabled: false,
    });
    const updated = Number(BigInt((await shown()).getLastUpdated()!.getTicksSinceEpoch()) / 10_000n);
    expect(Math.abs(updated - Date.now())).toBeLessThan(60_000);
    await manage.update(login, 'Ada L.', ['planners', 'auditors']);
    expect((await shown()).toObject()).toMatchObject({ fullName: 'Ada L.', groupsList: ['planners', 'auditors'] });
    expect(await manage.delete(login)).toMatchObject({ code: status.OK });
    expect(await manage.details(login)).toMatchObject({
      code: status.NOT_FOUND,
      trailers: { exception: 'user-not-found', 'login-name': login },
    });
    expect(await manage.create(login, 'again')).toMatchObject({ code: status.OK });
  });

  ours.it('exist once', 'the original accepts the same user twice', async () => {
    const login = fresh('ada');
    await users(server()).create(login, 'secret');
    expect(await users(server()).create(login, 'secret')).toMatchObject({
      code: status.FAILED_PRECONDITION,
      trailers: { exception: 'user-conflict', 'login-name': login },
    });
  });

  it('that do not exist are refused by every call', async () => {
    const login = fresh('nobody');
    const manage = users(server());
    for (const ended of [
      manage.update(login, '', []),
      manage.delete(login),
      manage.enable(login),
      manage.disable(login),
      manage.resetPassword(login, 'x'),
    ]) {
      expect(await ended).toMatchObject({
        code: status.NOT_FOUND,
        details: `User '${login}' is not found.`,
        trailers: { exception: 'user-not-found', 'login-name': login },
      });
    }
  });

  ours.it('need a login name and a password', 'the original accepts empty ones', async () => {
    expect(await users(server()).create('', 'secret')).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(await users(server()).create(fresh('ada'), '')).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('are refused with a wrong password', async () => {
    if (server().mode === 'insecure') {
      expect(await all(server().client(impostor).readAll({ maxCount: 1 }))).toHaveLength(1);
      return;
    }
    const client = server().client();
    const stream = fresh('order');
    await client.appendToStream(stream, events(1));
    const calls = [
      all(client.readStream(stream, { credentials: impostor })),
      client.appendToStream(stream, events(1), { credentials: impostor }),
      server().client(impostor).appendToStream(stream, events(1)),
      client.deleteStream(stream, { credentials: impostor }),
      take(client.subscribeToAll({ fromPosition: START, credentials: impostor }), 1),
      client.listAllPersistentSubscriptions({ credentials: { ...admin, password: 'changeIt' } }),
    ];
    for (const refused of await Promise.allSettled<unknown>(calls)) {
      expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(AccessDeniedError) });
      expect(code((refused as PromiseRejectedResult).reason)).toBe(status.UNAUTHENTICATED);
    }
  });

  it('cannot do anything while they are disabled, or with an old password', async () => {
    if (server().mode === 'insecure') {
      expect(await users(server(), null).disable('ops')).toMatchObject({ code: status.OK });
      expect(await users(server(), null).enable('ops')).toMatchObject({ code: status.OK });
      return;
    }
    const login = fresh('ada');
    const manage = users(server());
    const stream = fresh('order');
    await server().client().appendToStream(stream, events(1));
    await manage.create(login, 'secret');
    const read = (password: string) => all(server().client({ username: login, password }).readStream(stream));
    expect(await read('secret')).toHaveLength(1);
    await manage.disable(login);
    await expect(read('secret')).rejects.toThrow(AccessDeniedError);
    await manage.enable(login);
    expect(await read('secret')).toHaveLength(1);
    expect(await users(server(), named(login)).changePassword(login, 'wrong', 'better')).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(await users(server(), named(login)).changePassword(login, 'secret', 'better')).toMatchObject({ code: status.OK });
    await expect(read('secret')).rejects.toThrow(AccessDeniedError);
    expect(await read('better')).toHaveLength(1);
    await manage.resetPassword(login, 'forgotten');
    await expect(read('better')).rejects.toThrow(AccessDeniedError);
    expect(await read('forgotten')).toHaveLength(1);
  });

  it('are managed by administrators only; every user can read their own record', async () => {
    if (server().mode === 'insecure') {
      expect(await users(server(), null).details('admin')).toMatchObject({ code: status.OK });
      return;
    }
    const [login, other] = [fresh('ada'), fresh('grace')];
    await users(server()).create(login, 'secret', ['planners']);
    await users(server()).create(other, 'secret');
    const mine = users(server(), named(login));
    for (const ended of [
      mine.create(fresh('eve'), 'x'),
      mine.update(login, 'Ada', ['$admins']),
      mine.delete(other),
      mine.disable(other),
      mine.enable(other),
      mine.resetPassword(other, 'x'),
      mine.changePassword(other, 'secret', 'x'),
      mine.details(other),
      mine.details(),
      users(server(), ops).create(fresh('eve'), 'x'),
      users(server(), null).details('admin'),
    ]) {
      expect(await ended).toMatchObject({
        code: status.PERMISSION_DENIED,
        details: 'Access Denied',
        trailers: { exception: 'access-denied' },
      });
    }
    expect((await mine.details(login)).answers[0]!.getUserDetails()!.getLoginName()).toBe(login);
  });
});

contract('access lists', (server) => {
  const stranger = () => server().client(null);
  const user = async (groups: string[] = []) => {
    const login = fresh('ada');
    await users(server()).create(login, 'secret', groups);
    return { login, client: server().client(named(login)) };
  };
  const denied = async (call: Promise<unknown>) => {
    if (server().mode === 'insecure') return void (await call);
    await expect(call).rejects.toMatchObject({ type: 'access-denied' });
  };

  it("open users' streams to every user, and nothing to callers without credentials", async () => {
    const { client } = await user();
    const stream = fresh('order');
    await client.appendToStream(stream, events(2));
    expect(await all(client.readStream(stream))).toHaveLength(2);
    await denied(all(stranger().readStream(stream)));
    await denied(stranger().appendToStream(stream, events(1)));
    await client.setStreamMetadata(stream, { cacheControl: 5 });
    await client.deleteStream(stream);
  });

  it('allow only administrators to access system streams and $all', async () => {
    const { client } = await user();
    const system = `$system-${fresh('x')}`;
    await denied(client.appendToStream(system, events(1)));
    await denied(all(client.readStream('$users')));
    await denied(all(client.readAll({ maxCount: 1 })));
    await denied(client.setStreamMetadata(system, { maxCount: 1 }));
    await server().client().appendToStream(system, events(1));
  });

  it('of a stream name users and groups', async () => {
    const [reader, writer] = [await user(['readers']), await user()];
    const stream = fresh('order');
    const boss = server().client();
    await boss.appendToStream(stream, events(1));
    await boss.setStreamMetadata(stream, {
      acl: {
        readRoles: ['readers', writer.login],
        writeRoles: [writer.login],
        deleteRoles: ['$admins'],
        metaReadRoles: ['readers'],
        metaWriteRoles: ['$admins'],
      },
    });
    expect(await all(reader.client.readStream(stream))).toHaveLength(1);
    expect(await all(writer.client.readStream(stream))).toHaveLength(1);
    await denied(reader.client.appendToStream(stream, events(1)));
    await writer.client.appendToStream(stream, events(1));
    await reader.client.getStreamMetadata(stream);
    await denied(writer.client.getStreamMetadata(stream));
    await denied(writer.client.setStreamMetadata(stream, { maxCount: 1 }));
    if (server().mode === 'tls') {
      await denied(writer.client.deleteStream(stream));
      await denied(writer.client.tombstoneStream(stream));
      await boss.setStreamMetadata(stream, { acl: { readRoles: ['$admins'] } });
      await denied(take(reader.client.subscribeToStream(stream, { fromRevision: START }), 1));
    }
    await boss.appendToStream(stream, events(1));
  });

  it('refuse one append of a shared batch stream without affecting the others', async () => {
    const { client } = await user();
    const [open, closed] = [fresh('order'), fresh('order')];
    await server()
      .client()
      .setStreamMetadata(closed, { acl: { writeRoles: ['$admins'] } });
    const [first, refused, second] = await Promise.allSettled([
      client.appendToStream(open, events(1)),
      client.appendToStream(closed, events(1)),
      client.appendToStream(open, events(1)),
    ]);
    expect([first!.status, second!.status]).toEqual(['fulfilled', 'fulfilled']);
    if (server().mode === 'tls') expect(refused).toMatchObject({ status: 'rejected', reason: { type: 'access-denied' } });
  });

  it('can be set by default in $settings', async () => {
    const { login, client } = await user();
    const boss = server().client();
    const stream = fresh('order');
    await client.appendToStream(stream, events(1));
    try {
      await boss.appendToStream('$settings', {
        ...events(1)[0]!,
        type: 'update-default-acl',
        data: { $userStreamAcl: { $r: ['$admins'], $w: [login] } },
      });
      await denied(all(client.readStream(stream)));
      await client.appendToStream(stream, events(1));
    } finally {
      await boss.appendToStream('$settings', { ...events(1)[0]!, type: 'update-default-acl', data: {} });
    }
    expect(await all(client.readStream(stream))).toHaveLength(2);
  });

  it('allow only operators to manage persistent subscriptions; consumers need the right to read the stream', async () => {
    const { client } = await user();
    const operator = server().client(ops);
    const [stream, group] = [fresh('order'), fresh('group')];
    const settings = persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START });
    if (server().mode === 'tls') {
      await denied(client.createPersistentSubscriptionToStream(stream, group, settings));
      await denied(client.restartPersistentSubscriptionSubsystem());
      await denied(stranger().listAllPersistentSubscriptions());
    }
    await operator.createPersistentSubscriptionToStream(stream, group, settings);
    await client.appendToStream(stream, events(1));
    expect(await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 1)).toHaveLength(1);
    expect((await client.getPersistentSubscriptionToStreamInfo(stream, group)).groupName).toBe(group);
    if (server().mode === 'tls') {
      await denied(client.deletePersistentSubscriptionToStream(stream, group));
      await denied(client.replayParkedMessagesToStream(stream, group));
      await denied(take(stranger().subscribeToPersistentSubscriptionToStream(stream, group), 1));
      await server()
        .client()
        .setStreamMetadata(stream, { acl: { readRoles: ['$admins'] } });
      await denied(take(client.subscribeToPersistentSubscriptionToStream(stream, group), 1));
    }
    await operator.deletePersistentSubscriptionToStream(stream, group);
  });
});
