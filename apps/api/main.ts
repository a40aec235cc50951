import { runProcess } from '#platform/runtime/run-app';

void runProcess('api', async (config, log) => {
  // Loaded here, so that tracing is in place before.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { startApi } = require('./api') as typeof import('./api');
  const { url, stop } = await startApi(config, log);
  log.info(`listening at ${url}`);
  return { stop };
});
