// Hides: which standing projections are on, and that switching one is an event of the stream `$projections-<name>`.
// Promises: what an operator switched stays so over a restart; without his word the node's own list decides.
// Does not: link events (system-projections.ts).

import type { EventLog } from './log';
import { runSystemProjections, SYSTEM_PROJECTIONS, type SystemProjection } from './system-projections';
import { randomUUIDBytes } from './uuid';

const enabled = '$ProjectionEnabled';
const disabled = '$ProjectionDisabled';
const streamOf = (name: SystemProjection): string => `$projections-${name}`;

export const isSystemProjection = (name: string): name is SystemProjection => (SYSTEM_PROJECTIONS as readonly string[]).includes(name);

export class StandingProjections {
  private readonly running = new Map<SystemProjection, () => Promise<void>>();
  private changes: Promise<unknown> = Promise.resolve();

  /** Starts those of `names`, unless an operator switched them off, and those that he switched on. */
  constructor(
    private readonly log: EventLog,
    names: readonly SystemProjection[],
  ) {
    for (const name of SYSTEM_PROJECTIONS) if (this.lastWord(name) ?? names.includes(name)) this.start(name);
  }

  isRunning(name: SystemProjection): boolean {
    return this.running.has(name);
  }

  /** Resolves when the change is on disk and done. */
  switch(name: SystemProjection, on: boolean): Promise<void> {
    const change = this.changes.then(async () => {
      if (this.isRunning(name) === on) return;
      const event = {
        id: randomUUIDBytes(),
        type: on ? enabled : disabled,
        json: true,
        data: Buffer.from('{}'),
        metadata: Buffer.alloc(0),
      };
      await this.log.append(streamOf(name), 'any', [event]);
      if (on) this.start(name);
      else await this.stop(name);
    });
    this.changes = change.catch(() => undefined);
    return change;
  }

  async close(): Promise<void> {
    await this.changes;
    await Promise.all([...this.running.keys()].map((name) => this.stop(name)));
  }

  private start(name: SystemProjection): void {
    this.running.set(name, runSystemProjections(this.log, [name]));
  }

  private async stop(name: SystemProjection): Promise<void> {
    const stop = this.running.get(name);
    this.running.delete(name);
    await stop?.();
  }

  private lastWord(name: SystemProjection): boolean | undefined {
    const { exists, last } = this.log.state(streamOf(name));
    const [frame] = exists ? this.log.readStream(streamOf(name), last, true, 1).frames : [];
    return frame && frame.type === enabled;
  }
}
