/**
 * Hides how an app ends without losing output: when an app exits, Node.js drops what a slow pipe has not yet accepted.
 * Promises that every byte reaches the reader, however slow, and that a reader that has gone away ends the app quietly.
 * Does not wait for anything else: end running work before.
 */
import type { Writable } from 'node:stream';

const taken = (stream: Writable): Promise<void> =>
  new Promise((done) => {
    if (stream.destroyed || stream.writableEnded) return done();
    stream.once('close', done);
    stream.write('', () => done());
  });

/** The only exit of an app whose output somebody reads. */
export async function leave(code: number): Promise<never> {
  await Promise.all([taken(process.stdout), taken(process.stderr)]);
  process.exit(code);
}

/**
 * For the start of a command line: a closed pipe, as in `… | head -1`, is not an error; an output that cannot be written, as on a full
 * disk, is one.
 */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`The output cannot be written: ${error.message}\n`);
    process.exit(1);
  });
  process.stderr.on('error', () => undefined);
}
