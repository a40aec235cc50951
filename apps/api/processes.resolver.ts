import { Inject } from '@nestjs/common';
import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Allow } from '#manufacturing/roles.access';
import {
  DecideOnInstanceInput,
  DecideOnProcessInput,
  ForceOutcomeInput,
  InstanceInput,
  MigrateInstanceInput,
  OPERATORS,
  Processes,
  ProcessInstance,
} from './processes';

@Resolver(() => ProcessInstance)
export class ProcessesResolver {
  constructor(@Inject(Processes) private readonly processes: Processes) {}

  @Query(() => ProcessInstance, { description: 'One instance: where it stands, what it waits for, and all that happened to it.' })
  @Allow(...OPERATORS)
  processInstance(@Args('of') input: InstanceInput): Promise<ProcessInstance> {
    return this.processes.look(input);
  }

  @Mutation(() => ProcessInstance, {
    description: 'Try a parked instance again; a compensation that was refused is sent under a new command id.',
  })
  @Allow(...OPERATORS)
  retryInstance(@Args('input') input: DecideOnInstanceInput): Promise<ProcessInstance> {
    return this.processes.retry(input);
  }

  @Mutation(() => ProcessInstance, { description: 'Leave out the input or give up the action that a parked instance stands before.' })
  @Allow(...OPERATORS)
  skipInput(@Args('input') input: DecideOnInstanceInput): Promise<ProcessInstance> {
    return this.processes.skip(input);
  }

  @Mutation(() => ProcessInstance, { description: 'Say what became of a requested action, in place of its target.' })
  @Allow(...OPERATORS)
  forceOutcome(@Args('input') input: ForceOutcomeInput): Promise<ProcessInstance> {
    return this.processes.force(input);
  }

  @Mutation(() => ProcessInstance, { description: 'Hold an instance: its inputs wait.' })
  @Allow(...OPERATORS)
  pauseInstance(@Args('input') input: DecideOnInstanceInput): Promise<ProcessInstance> {
    return this.processes.pause(input);
  }

  @Mutation(() => ProcessInstance, { description: 'Let a paused instance go on.' })
  @Allow(...OPERATORS)
  resumeInstance(@Args('input') input: DecideOnInstanceInput): Promise<ProcessInstance> {
    return this.processes.resume(input);
  }

  @Mutation(() => ProcessInstance, { description: 'Move an instance to another version of its definition.' })
  @Allow(...OPERATORS)
  migrateInstance(@Args('input') input: MigrateInstanceInput): Promise<ProcessInstance> {
    return this.processes.migrate(input);
  }

  @Mutation(() => Boolean, { description: 'Stop a process in all plants: it takes nothing until it is started again.' })
  @Allow(...OPERATORS)
  async stopProcess(@Args('input') input: DecideOnProcessInput): Promise<boolean> {
    await this.processes.stop(input);
    return true;
  }

  @Mutation(() => Boolean, { description: 'Start a process that was stopped.' })
  @Allow(...OPERATORS)
  async startProcess(@Args('input') input: DecideOnProcessInput): Promise<boolean> {
    await this.processes.start(input);
    return true;
  }
}
