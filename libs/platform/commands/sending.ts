/**
 * Commands of clients on their way to their decider. Hides: which decider that is. Promises: one call, with nothing between. Does not: check
 * input or roles (the pipe and the guard do).
 */
import { Inject, Injectable } from '@nestjs/common';
import type { Command } from './command';
import { Decisions } from './decisions';
import type { Receipt } from './receipt';
import { Registry } from './registry';

@Injectable()
export class Sending {
  constructor(
    @Inject(Decisions) private readonly decisions: Decisions,
    @Inject(Registry) private readonly registry: Registry,
  ) {}

  /** @throws what Decisions.run throws */
  send(name: string, command: Command): Promise<Receipt> {
    const decider = this.registry.deciderFor(name);
    if (!decider) throw new Error(`no slice takes the command ${name}`);
    return this.decisions.run(decider, name, command);
  }
}
