/** A log that was copied to another node, for specs: the node, and the copy function. */
import { Connection } from '#platform/store/connection';
import { LogCopy } from '#platform/store/log-copy';

/** Copies a log as `ops log copy` does. */
export async function copyLog(from: string, to: string): Promise<void> {
  const [source, target] = [new Connection(from), new Connection(to)];
  const copy = new LogCopy(source, target);
  try {
    await copy.run(await copy.survey());
  } finally {
    copy.close();
    source.close();
    target.close();
  }
}
