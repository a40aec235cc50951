import groups from '@eventstore/db-client/generated/persistent_pb';
import shared from '@eventstore/db-client/generated/shared_pb';
import * as ofGroups from './persistent-subscriptions';
import { bytesOf, empty, type Generated, identifier, plain, uuid } from './messages-under-test';

const settings = <S extends groups.CreateReq.Settings | groups.UpdateReq.Settings>(of: S): S =>
  of
    .setResolveLinks(true)
    .setRevision('18446744073709551615')
    .setExtraStatistics(true)
    .setMessageTimeoutTicks('300000000')
    .setMaxRetryCount(-1)
    .setCheckpointAfterMs(0)
    .setMinCheckpointCount(7)
    .setMaxCheckpointCount(8)
    .setMaxSubscriberCount(9)
    .setLiveBufferSize(10)
    .setReadBatchSize(11)
    .setHistoryBufferSize(2_147_483_647)
    .setNamedConsumerStrategy(2) as S;

const { CreateReq, UpdateReq } = groups;
const filter = () =>
  new CreateReq.AllOptions.FilterOptions()
    .setEventType(new CreateReq.AllOptions.FilterOptions.Expression().setRegex('^a').setPrefixList(['a', '', 'b']))
    .setMax(32)
    .setCheckpointintervalmultiplier(4_294_967_295);

describe('messages about groups mean the same to the official client and to the node', () => {
  it.each<[string, Generated, { decode: (bytes: Buffer) => object }]>([
    [
      'a group on a stream, as version 6 sends it',
      new CreateReq().setOptions(
        new CreateReq.Options().setStreamIdentifier(identifier()).setGroupName('g').setSettings(settings(new CreateReq.Settings())),
      ),
      ofGroups.SaveRequest,
    ],
    [
      'a group on a stream',
      new CreateReq().setOptions(
        new CreateReq.Options()
          .setStream(new CreateReq.StreamOptions().setStreamIdentifier(identifier()).setRevision('0'))
          .setGroupName('g')
          .setSettings(new CreateReq.Settings().setConsumerStrategy('Pinned')),
      ),
      ofGroups.SaveRequest,
    ],
    [
      'a group from the end of a stream',
      new CreateReq().setOptions(new CreateReq.Options().setStream(new CreateReq.StreamOptions().setEnd(empty()))),
      ofGroups.SaveRequest,
    ],
    [
      'a group from the start of a stream',
      new CreateReq().setOptions(new CreateReq.Options().setStream(new CreateReq.StreamOptions().setStart(empty()))),
      ofGroups.SaveRequest,
    ],
    [
      'a group on $all',
      new CreateReq().setOptions(
        new CreateReq.Options().setAll(
          new CreateReq.AllOptions()
            .setPosition(new CreateReq.Position().setCommitPosition('9223372036854775807').setPreparePosition('1'))
            .setFilter(filter()),
        ),
      ),
      ofGroups.SaveRequest,
    ],
    [
      'a group on $all from its start',
      new CreateReq().setOptions(new CreateReq.Options().setAll(new CreateReq.AllOptions().setStart(empty()).setNoFilter(empty()))),
      ofGroups.SaveRequest,
    ],
    [
      'a changed group',
      new UpdateReq().setOptions(
        new UpdateReq.Options()
          .setAll(new UpdateReq.AllOptions().setEnd(empty()))
          .setGroupName('g')
          .setSettings(settings(new UpdateReq.Settings())),
      ),
      ofGroups.SaveRequest,
    ],
    [
      'a deleted group',
      new groups.DeleteReq().setOptions(new groups.DeleteReq.Options().setStreamIdentifier(identifier()).setGroupName('g')),
      ofGroups.DeleteRequest,
    ],
    [
      'a deleted group on $all',
      new groups.DeleteReq().setOptions(new groups.DeleteReq.Options().setAll(empty()).setGroupName('g')),
      ofGroups.DeleteRequest,
    ],
    [
      'the statistics of a group',
      new groups.GetInfoReq().setOptions(new groups.GetInfoReq.Options().setStreamIdentifier(identifier()).setGroupName('g')),
      ofGroups.InfoRequest,
    ],
    [
      'the statistics of a group on $all',
      new groups.GetInfoReq().setOptions(new groups.GetInfoReq.Options().setAll(empty()).setGroupName('g')),
      ofGroups.InfoRequest,
    ],
    [
      'replaying',
      new groups.ReplayParkedReq().setOptions(
        new groups.ReplayParkedReq.Options().setStreamIdentifier(identifier()).setGroupName('g').setStopAt('-1'),
      ),
      ofGroups.ReplayParkedRequest,
    ],
    [
      'replaying all of $all',
      new groups.ReplayParkedReq().setOptions(new groups.ReplayParkedReq.Options().setAll(empty()).setNoLimit(empty())),
      ofGroups.ReplayParkedRequest,
    ],
    [
      'a list of all groups',
      new groups.ListReq().setOptions(new groups.ListReq.Options().setListAllSubscriptions(empty())),
      ofGroups.ListRequest,
    ],
    [
      'a list for a stream',
      new groups.ListReq().setOptions(
        new groups.ListReq.Options().setListForStream(new groups.ListReq.StreamOption().setStream(identifier())),
      ),
      ofGroups.ListRequest,
    ],
    [
      'a list for $all',
      new groups.ListReq().setOptions(new groups.ListReq.Options().setListForStream(new groups.ListReq.StreamOption().setAll(empty()))),
      ofGroups.ListRequest,
    ],
    [
      'a consumer',
      new groups.ReadReq().setOptions(
        new groups.ReadReq.Options()
          .setStreamIdentifier(identifier())
          .setGroupName('g')
          .setBufferSize(12)
          .setUuidOption(new groups.ReadReq.Options.UUIDOption().setString(empty())),
      ),
      ofGroups.ReadRequest,
    ],
    [
      'a consumer of $all',
      new groups.ReadReq().setOptions(
        new groups.ReadReq.Options().setAll(empty()).setUuidOption(new groups.ReadReq.Options.UUIDOption().setStructured(empty())),
      ),
      ofGroups.ReadRequest,
    ],
    [
      'an ack',
      new groups.ReadReq().setAck(
        new groups.ReadReq.Ack()
          .setId(Buffer.from('x'))
          .setIdsList([
            uuid(),
            new shared.UUID().setStructured(
              new shared.UUID.Structured().setMostSignificantBits('-9223372036854775808').setLeastSignificantBits('1'),
            ),
          ]),
      ),
      ofGroups.ReadRequest,
    ],
    [
      'a nack',
      new groups.ReadReq().setNack(new groups.ReadReq.Nack().setId(Buffer.from('x')).setIdsList([uuid()]).setAction(3).setReason('why')),
      ofGroups.ReadRequest,
    ],
  ])('%s', (_what, generated, ours) => {
    expect(plain(ours.decode(bytesOf(generated)))).toEqual(plain(generated.toObject()));
  });

  it('the statistics of a group, field by field', () => {
    const connections = [
      {
        from: '1',
        username: '2',
        averageItemsPerSecond: 3,
        totalItems: 4n,
        countSinceLastMeasurement: 5n,
        observedMeasurements: [{ key: 'Mean', value: 6n }],
        availableSlots: 7,
        inFlightMessages: 8,
        connectionName: '9',
      },
    ];
    const subscriptionInfo = {
      eventSource: '1',
      groupName: '2',
      status: '3',
      connections,
      averagePerSecond: 5,
      totalItems: 6n,
      countSinceLastMeasurement: 7n,
      lastCheckpointedEventPosition: '8',
      lastKnownEventPosition: '9',
      resolveLinkTos: true,
      startFrom: '11',
      messageTimeoutMilliseconds: 12,
      extraStatistics: true,
      maxRetryCount: 14,
      liveBufferSize: 15,
      bufferSize: 16,
      readBatchSize: 17,
      checkPointAfterMilliseconds: 18,
      minCheckPointCount: 19,
      maxCheckPointCount: 20,
      readBufferCount: 21,
      liveBufferCount: 22n,
      retryBufferCount: 23,
      totalInFlightMessages: 24,
      outstandingMessagesCount: 25,
      namedConsumerStrategy: '26',
      maxSubscriberCount: 27,
      parkedMessageCount: 28n,
    };
    const one = groups.GetInfoResp.deserializeBinary(ofGroups.InfoResponse.encode({ subscriptionInfo }));
    expect(plain(one.toObject())).toEqual({ subscriptioninfo: plain(subscriptionInfo) });
    const two = groups.ListResp.deserializeBinary(ofGroups.ListResponse.encode({ subscriptions: [subscriptionInfo, subscriptionInfo] }));
    expect(plain(two.toObject())).toEqual({ subscriptions: [plain(subscriptionInfo), plain(subscriptionInfo)] });
  });
});
