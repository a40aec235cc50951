import gossip from '@eventstore/db-client/generated/gossip_pb';
import monitoring from '@eventstore/db-client/generated/monitoring_pb';
import operations from '@eventstore/db-client/generated/operations_pb';
import projections from '@eventstore/db-client/generated/projections_pb';
import users from '@eventstore/db-client/generated/users_pb';
import { ClusterInfo, LEADER } from './gossip';
import { StatsRequest, StatsResponse } from './monitoring';
import { ScavengeResponse, ScavengeResult, SetNodePriorityRequest, StartScavengeRequest, StopScavengeRequest } from './operations';
import * as ofProjections from './projections';
import * as ofUsers from './users';
import { bytesOf, empty, type Generated, plain } from './messages-under-test';

describe('messages mean the same to the official client and to the node', () => {
  it.each<[string, Generated, { decode: (bytes: Buffer) => object }]>([
    [
      'users.Create',
      new users.CreateReq().setOptions(
        new users.CreateReq.Options().setLoginName('a').setPassword('b').setFullName('c').setGroupsList(['d', 'e']),
      ),
      ofUsers.CreateRequest,
    ],
    [
      'users.Update',
      new users.UpdateReq().setOptions(new users.UpdateReq.Options().setLoginName('a').setFullName('c').setGroupsList(['d', 'e'])),
      ofUsers.UpdateRequest,
    ],
    ['users.Delete', new users.DeleteReq().setOptions(new users.DeleteReq.Options().setLoginName('a')), ofUsers.NamedRequest],
    ['users.Enable', new users.EnableReq().setOptions(new users.EnableReq.Options().setLoginName('a')), ofUsers.NamedRequest],
    ['users.Disable', new users.DisableReq().setOptions(new users.DisableReq.Options().setLoginName('a')), ofUsers.NamedRequest],
    ['users.Details', new users.DetailsReq().setOptions(new users.DetailsReq.Options().setLoginName('a')), ofUsers.NamedRequest],
    [
      'users.ChangePassword',
      new users.ChangePasswordReq().setOptions(
        new users.ChangePasswordReq.Options().setLoginName('a').setCurrentPassword('b').setNewPassword('c'),
      ),
      ofUsers.ChangePasswordRequest,
    ],
    [
      'users.ResetPassword',
      new users.ResetPasswordReq().setOptions(new users.ResetPasswordReq.Options().setLoginName('a').setNewPassword('c')),
      ofUsers.ResetPasswordRequest,
    ],
    [
      'operations.StartScavenge',
      new operations.StartScavengeReq().setOptions(new operations.StartScavengeReq.Options().setThreadCount(2).setStartFromChunk(-3)),
      StartScavengeRequest,
    ],
    [
      'operations.StopScavenge',
      new operations.StopScavengeReq().setOptions(new operations.StopScavengeReq.Options().setScavengeId('x')),
      StopScavengeRequest,
    ],
    ['operations.SetNodePriority', new operations.SetNodePriorityReq().setPriority(-5), SetNodePriorityRequest],
    ['monitoring.Stats', new monitoring.StatsReq().setUseMetadata(true).setRefreshTimePeriodInMs('18446744073709551615'), StatsRequest],
    [
      'projections.Enable',
      new projections.EnableReq().setOptions(new projections.EnableReq.Options().setName('a')),
      ofProjections.NamedRequest,
    ],
    [
      'projections.Reset',
      new projections.ResetReq().setOptions(new projections.ResetReq.Options().setName('a')),
      ofProjections.NamedRequest,
    ],
    [
      'projections.Update',
      new projections.UpdateReq().setOptions(new projections.UpdateReq.Options().setName('a')),
      ofProjections.NamedRequest,
    ],
    [
      'projections.Delete',
      new projections.DeleteReq().setOptions(new projections.DeleteReq.Options().setName('a')),
      ofProjections.NamedRequest,
    ],
    [
      'projections.State',
      new projections.StateReq().setOptions(new projections.StateReq.Options().setName('a')),
      ofProjections.NamedRequest,
    ],
    [
      'projections.Result',
      new projections.ResultReq().setOptions(new projections.ResultReq.Options().setName('a')),
      ofProjections.NamedRequest,
    ],
    [
      'projections.Disable',
      new projections.DisableReq().setOptions(new projections.DisableReq.Options().setName('a').setWriteCheckpoint(true)),
      ofProjections.DisableRequest,
    ],
    [
      'projections.Statistics of one',
      new projections.StatisticsReq().setOptions(new projections.StatisticsReq.Options().setName('a')),
      ofProjections.StatisticsRequest,
    ],
    [
      'projections.Statistics of all',
      new projections.StatisticsReq().setOptions(new projections.StatisticsReq.Options().setAll(empty())),
      ofProjections.StatisticsRequest,
    ],
    [
      'projections.Statistics of the transient',
      new projections.StatisticsReq().setOptions(new projections.StatisticsReq.Options().setTransient(empty())),
      ofProjections.StatisticsRequest,
    ],
    [
      'projections.Statistics of the continuous',
      new projections.StatisticsReq().setOptions(new projections.StatisticsReq.Options().setContinuous(empty())),
      ofProjections.StatisticsRequest,
    ],
    [
      'projections.Statistics of those that ran once',
      new projections.StatisticsReq().setOptions(new projections.StatisticsReq.Options().setOneTime(empty())),
      ofProjections.StatisticsRequest,
    ],
  ])('%s', (_what, generated, ours) => {
    expect(plain(ours.decode(bytesOf(generated)))).toEqual(plain(generated.toObject()));
  });

  it.each<[string, Buffer, { deserializeBinary(bytes: Uint8Array): Generated }, object]>([
    [
      'a cluster',
      ClusterInfo.encode({
        members: [
          { instanceId: { string: 'i' }, timeStamp: 2n ** 62n, state: LEADER, isAlive: true, httpEndPoint: { address: 'h', port: 2113 } },
        ],
      }),
      gossip.ClusterInfo,
      {
        members: [
          {
            instanceid: { string: 'i' },
            timestamp: String(2n ** 62n),
            state: gossip.MemberInfo.VNodeState.LEADER,
            isalive: true,
            httpendpoint: { address: 'h', port: 2113 },
          },
        ],
      },
    ],
    [
      'statistics',
      StatsResponse.encode({ stats: { a: 'b', c: '' } }),
      monitoring.StatsResp,
      {
        stats: [
          ['a', 'b'],
          ['c', ''],
        ],
      },
    ],
    [
      'a scavenge',
      ScavengeResponse.encode({ scavengeId: 'x', scavengeResult: ScavengeResult.STOPPED }),
      operations.ScavengeResp,
      { scavengeid: 'x', scavengeresult: operations.ScavengeResp.ScavengeResult.STOPPED },
    ],
    [
      'a user',
      ofUsers.DetailsResponse.encode({
        userDetails: { loginName: 'a', fullName: 'b', groups: ['c', 'd'], disabled: true, lastUpdated: { ticksSinceEpoch: 17n } },
      }),
      users.DetailsResp,
      { userdetails: { loginname: 'a', fullname: 'b', groups: ['c', 'd'], disabled: true, lastupdated: { tickssinceepoch: '17' } } },
    ],
  ])('%s as the node answers', (_what, encoded, theirs, expected) => {
    expect(plain(theirs.deserializeBinary(encoded).toObject())).toEqual(expected);
  });

  it('the statistics of a projection, field by field', () => {
    const details = {
      coreProcessingTime: 1n,
      version: 2n,
      epoch: 3n,
      effectiveName: '4',
      writesInProgress: 5,
      readsInProgress: 6,
      partitionsCached: 7,
      status: '8',
      stateReason: '9',
      name: '10',
      mode: '11',
      position: '12',
      progress: -1,
      lastCheckpoint: '14',
      eventsProcessedAfterRestart: 15n,
      checkpointStatus: '16',
      bufferedEvents: 17n,
      writePendingEventsBeforeCheckpoint: 18,
      writePendingEventsAfterCheckpoint: 19,
    };
    const statistics = projections.StatisticsResp.deserializeBinary(ofProjections.StatisticsResponse.encode({ details }));
    expect(plain(statistics.toObject())).toEqual({ details: plain(details) });
  });
});
