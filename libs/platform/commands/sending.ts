/**
 * Clients' commands on their way to their decider. Hides: which decider that is. Promises: one direct call. Does not: check input or roles (the
 * pipe and the guard do).
 */
import { Inject, Injectable } from '@nestjs/common';
import type { Problem } from '#platform/problem/problem';
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
    if (!decider) throw new Error(`No slice handles the command ${name}; register its decider with bindDecider`);
    return this.decisions.run(decider, name, command);
  }

  /**
   * Commands of one class: those for one stream in order with a single append, different streams concurrently. @throws what Decisions.runAll
   * throws
   */
  async sendAll(name: string, commands: readonly Command[]): Promise<(Receipt | Problem)[]> {
    const decider = this.registry.deciderFor(name);
    if (!decider) throw new Error(`No slice handles the command ${name}; register its decider with bindDecider`);
    const places = new Map<string, number[]>();
    commands.forEach((command, place) => {
      const id = decider.id(command);
      const those = places.get(id);
      if (those) those.push(place);
      else places.set(id, [place]);
    });
    const answers: (Receipt | Problem)[] = [];
    const run = async (those: readonly number[]) => {
      const given = await this.decisions.runAll(
        decider,
        name,
        those.map((place) => commands[place]!),
      );
      given.forEach((answer, n) => (answers[those[n]!] = answer));
    };
    await Promise.all([...places.values()].map(run));
    return answers;
  }
}
