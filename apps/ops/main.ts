import { leave, watchOutput } from '#platform/runtime/leave';
import { loadQuickly } from '#platform/runtime/module-cache';

// Most commands are done sooner than their modules could be found and compiled.
const keepModules = loadQuickly('ops');
watchOutput();
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { run } = require('./program') as typeof import('./program');
void run().then(async (code) => {
  await keepModules({ pause: false });
  return leave(code);
});
