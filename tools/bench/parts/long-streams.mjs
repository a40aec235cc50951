/**
 * Commands for streams of ten and of many events, on one api: with the stream in memory, and the first ones after a restart. Rounds
 * alternate, so that other load on the machine affects both.
 */
import { randomUUID } from 'node:crypto';
import { jsonEvent, quantile } from '../../faults/parts.mjs';

const SHORT = 10;
const STREAMS = 10;
/** The most that the p99 of long streams may be of that of short ones. */
const GOAL = 1.2;

/** `open` returns a connection to the running api; `restart` restarts the api, `restarts` times: each gives one figure for each stream. */
export async function longStreams({ client, open, restart, restarts, metadata, length, rounds, say }) {
  const lengths = { short: SHORT, long: length };
  const ids = Object.fromEntries(
    Object.keys(lengths).map((side) => [side, Array.from({ length: STREAMS }, (_, i) => `${side}${i}x${randomUUID().slice(0, 8)}`)]),
  );
  let http = await open();
  const rename = (facilityId) => http.post('/facility/rename-facility', { facilityId, name: randomUUID(), commandId: randomUUID() });
  for (const [side, count] of Object.entries(lengths))
    for (const facilityId of ids[side]) {
      await http.post('/facility/register-facility', {
        facilityId,
        name: 'name',
        enterpriseId: 'acme',
        enterpriseName: 'Acme',
        timeZone: 'UTC',
      });
      await fill(client, facilityId, count, metadata);
    }
  say(`    ${STREAMS} streams of ${SHORT} and ${STREAMS} of ${length} events are written`);
  // The first command on a long stream reads it all and writes a snapshot.
  for (const facilityId of [...ids.long, ...ids.short]) await rename(facilityId);
  const warm = { short: [], long: [] };
  for (let round = 0; round < rounds; round += 1)
    for (let i = 0; i < STREAMS; i += 1)
      for (const side of round % 2 ? ['short', 'long'] : ['long', 'short']) warm[side].push(await timed(() => rename(ids[side][i])));
  const cold = { short: [], long: [] };
  for (let again = 0; again < restarts; again += 1) {
    http.close();
    await restart();
    http = await open();
    // Warm-up of the JIT compiler, on other streams.
    for (let n = 0; n < 300; n += 1) {
      const facilityId = `warm${n}x${randomUUID().slice(0, 8)}`;
      await http.post('/facility/register-facility', {
        facilityId,
        name: 'name',
        enterpriseId: 'acme',
        enterpriseName: 'Acme',
        timeZone: 'UTC',
      });
    }
    for (let i = 0; i < STREAMS; i += 1)
      for (const side of (again + i) % 2 ? ['short', 'long'] : ['long', 'short']) cold[side].push(await timed(() => rename(ids[side][i])));
  }
  http.close();
  const of = (ms) => ({ p50Ms: round2(quantile(ms, 0.5)), p99Ms: round2(quantile(ms, 0.99)), of: ms.length });
  const figures = ({ short, long }) => ({ short: of(short), long: of(long), p99: round2(quantile(long, 0.99) / quantile(short, 0.99)) });
  const result = { events: lengths, warm: figures(warm), afterRestart: figures(cold) };
  for (const [name, { short: few, long: many, p99 }] of Object.entries({
    'in memory': result.warm,
    'first after a restart': result.afterRestart,
  })) {
    say(
      `    ${name}: ${SHORT} events p50 ${few.p50Ms} p99 ${few.p99Ms} ms; ${length} events p50 ${many.p50Ms} p99 ${many.p99Ms} ms (${few.of} commands each)`,
    );
    say(
      `      the p99 of ${length} events is ${p99} times that of ${SHORT}: ${p99 <= GOAL ? 'meets' : 'MISSES'} the goal of at most ${GOAL}`,
    );
  }
  return result;
}

const round2 = (ms) => Math.round(ms * 100) / 100;

async function timed(run) {
  const begun = performance.now();
  await run();
  return performance.now() - begun;
}

async function fill(client, facilityId, count, metadata) {
  for (let at = 1; at < count; at += 500) {
    const events = Array.from({ length: Math.min(500, count - at) }, (_, n) =>
      jsonEvent({
        type: 'FacilityRenamed',
        data: { facilityId, from: `name ${at + n - 1}`, to: `name ${at + n}` },
        metadata: metadata(facilityId),
      }),
    );
    await client.appendToStream(`facility-${facilityId}`, events, { expectedRevision: BigInt(at - 1) });
  }
}
