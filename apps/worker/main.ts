import 'reflect-metadata';
import { runApp } from '#platform/runtime/run-app';

void runApp('worker', async (config, log) => {
  // Loaded first, so that tracing is active before the modules that it traces.
  const { startWorker } = await import('./worker.js');
  const { refuseOldPostgres } = await import('#platform/runtime/database');
  await refuseOldPostgres('worker', config.DATABASE_URL!);
  return startWorker(config, log);
});
