/**
 * Commands of clients on their way to their decider. Hides: which decider that is. Promises: one call, with nothing between. Does not: check
 * input or roles (the pipe and the guard do).
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
    if (!decider) throw new Error(`no slice takes the command ${name}`);
    return this.decisions.run(decider, name, command);
  }

  /** Commands of one class: those for one stream in their order with one append, different streams side by side. @throws what Decisions.runAll throws */
  async sendAll(name: string, commands: readonly Command[]): Promise<(Receipt | Problem)[]> {
    const decider = this.registry.deciderFor(name);
    if (!decider) throw new Error(`no slice takes the command ${name}`);
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
