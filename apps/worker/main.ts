import 'reflect-metadata';
import { runProcess } from '#platform/runtime/run-app';

void runProcess('worker', async (config, log) => {
  // Loaded here, so that tracing is in place before what it traces.
  const { startWorker } = await import('./worker.js');
  return startWorker(config, log);
});
