#!/usr/bin/env node
/** `npm start`: from a fresh clone to a running system. Plain Node, since nothing is installed yet. */
import { prepare } from './prepare.mjs';

await prepare();
// In this very process: whoever stops it, or looks for it, has the supervisor itself.
await import('../dist/apps/standalone/main.js');
