// Hides: the messages of event_store.client.monitoring, and the statistics that the node collects about itself.
// Promises: one reading at once and one per period, until the caller leaves. Does not: keep history.

import { freemem, loadavg, totalmem } from 'node:os';
import { invalidArgument } from '../wire/faults';
import { StatsRequest, StatsResponse } from '../wire/messages/monitoring';
import { Outlet } from '../wire/outlet';
import type { NodeContext } from './context';
import { type NodeService, ServiceBuilder } from '../wire/service-builder';

const defaultPeriod = 10_000;
const shortestPeriod = 100;
const longestPeriod = 2 ** 31 - 1;

/** The original's names; in bytes, seconds and events. */
export const statistics = ({ log, groups }: NodeContext): Readonly<Record<string, string>> => {
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  const subscriptions = groups.list();
  return {
    'proc-id': String(process.pid),
    'proc-startTime': new Date(Date.now() - process.uptime() * 1_000).toISOString(),
    'proc-mem': String(memory.rss),
    'proc-cpuSeconds': String((cpu.user + cpu.system) / 1e6),
    'proc-gc-totalBytesInHeaps': String(memory.heapUsed),
    'sys-freeMem': String(freemem()),
    'sys-totalMem': String(totalmem()),
    'sys-loadavg-1m': String(loadavg()[0]),
    'es-writer-lastFlushedPosition': String(log.end),
    'es-persistentSubscriptions': String(subscriptions.length),
  };
};

/** The node's statistics as a stream. */
export function monitoring(context: NodeContext): NodeService {
  return new ServiceBuilder('event_store.client.monitoring.Monitoring')
    .serverStream('Stats', StatsRequest.decode, async (call) => {
      context.authorizeUser(call.metadata);
      const asked = Number(call.request.refreshTimePeriodInMs);
      if (asked < 0 || asked > longestPeriod) throw invalidArgument('The refresh period must be between 0 and 2^31-1 milliseconds.');
      const period = asked === 0 ? defaultPeriod : Math.max(shortestPeriod, asked);
      const outlet = new Outlet(call);
      for (;;) {
        if (!(await outlet.send(StatsResponse.encode({ stats: statistics(context) })))) return;
        await pause(call, period);
        if (!outlet.open) return;
      }
    })
    .build();
}

const pause = (call: NodeJS.EventEmitter, period: number): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      for (const event of ['cancelled', 'close', 'error']) call.removeListener(event, done);
      resolve();
    };
    const timer = setTimeout(done, period);
    timer.unref();
    for (const event of ['cancelled', 'close', 'error']) call.once(event, done);
  });
