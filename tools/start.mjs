#!/usr/bin/env node
/** `npm start`: from a fresh clone to a running system. Uses only Node.js, since nothing is installed yet. */
import { prepare } from './prepare.mjs';

await prepare();
// In this OS process: its pid is that of the supervisor.
await import('../dist/apps/standalone/main.js');
