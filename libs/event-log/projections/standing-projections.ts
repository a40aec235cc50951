// Hides: which system projections are on, and that switching one is an event of the stream `$projections-<name>`. Promises: what an
// operator switched stays so across restarts; otherwise the node's own list decides.
// Does not: link events (system-projections.ts).

import type { EventLog } from '../log/log';
import { rewind, runSystemProjections, SYSTEM_PROJECTIONS, type SystemProjection } from './system-projections';
import { randomUUIDBytes } from '../bytes/uuid';

const enabled = '$ProjectionEnabled';
const disabled = '$ProjectionDisabled';
const streamOf = (name: SystemProjection): string => `$projections-${name}`;

export const isSystemProjection = (name: string): name is SystemProjection => (SYSTEM_PROJECTIONS as readonly string[]).includes(name);

/** The state that operators see; after a restart of the node an aborted projection is stopped. */
export type ProjectionState = 'Running' | 'Stopped' | 'Aborted';

export class StandingProjections {
  private readonly running = new Map<SystemProjection, () => Promise<void>>();
  private readonly aborted = new Set<SystemProjection>();
  private changes: Promise<unknown> = Promise.resolve();

  /** Starts those of `names` that no operator switched off, and those that an operator switched on. */
  constructor(
    private readonly log: EventLog,
    names: readonly SystemProjection[],
  ) {
    for (const name of SYSTEM_PROJECTIONS) if (this.lastWord(name) ?? names.includes(name)) this.start(name);
  }

  state(name: SystemProjection): ProjectionState {
    if (this.running.has(name)) return 'Running';
    return this.aborted.has(name) ? 'Aborted' : 'Stopped';
  }

  /** Resolves when the change is on disk and in effect. */
  switch(name: SystemProjection, state: ProjectionState): Promise<void> {
    return this.inTurn(async () => {
      const on = state === 'Running';
      if (this.running.has(name) === on) return;
      const event = {
        id: randomUUIDBytes(),
        type: on ? enabled : disabled,
        json: true,
        data: Buffer.from('{}'),
        metadata: Buffer.alloc(0),
      };
      await this.log.append(streamOf(name), 'any', [event]);
      if (on) return this.start(name);
      await this.stop(name);
      if (state === 'Aborted') this.aborted.add(name);
    });
  }

  /** Runs a projection over the whole log again: existing links stay, those of deleted streams are written again. */
  reset(name: SystemProjection): Promise<void> {
    return this.inTurn(async () => {
      const on = this.running.has(name);
      await this.stop(name);
      try {
        await rewind(this.log, name);
      } finally {
        if (on) this.start(name);
      }
    });
  }

  /** Restarts all running projections. */
  restart(): Promise<void> {
    return this.inTurn(async () => {
      for (const name of [...this.running.keys()]) {
        await this.stop(name);
        this.start(name);
      }
    });
  }

  async close(): Promise<void> {
    await this.changes;
    await Promise.all([...this.running.keys()].map((name) => this.stop(name)));
  }

  private inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.changes.then(change);
    this.changes = done.catch(() => undefined);
    return done;
  }

  private start(name: SystemProjection): void {
    this.aborted.delete(name);
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
