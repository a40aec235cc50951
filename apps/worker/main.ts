import { EventStore } from '#platform/event-store';
import { Health, serveHealth } from '#platform/health';
import { runProcess } from '#platform/run-process';

void runProcess('worker', async (config) => {
  const store = new EventStore(config.EVENTSTORE_URL!);
  const health = new Health({ store: { probe: () => store.ping(), vital: true } });
  const server = await serveHealth(health, config.PORT, config.HOST);
  return {
    stop: async () => {
      health.drain();
      server.close();
      await store.close();
    },
  };
});
