import { Inject } from '@nestjs/common';
import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Allow } from '#manufacturing/roles.access';
import {
  DecideOnInstanceInput,
  DecideOnProcessInput,
  ForceOutcomeInput,
  InstanceInput,
  JobQueues,
  MigrateInstanceInput,
  OPERATORS,
  Processes,
  ProcessInstance,
} from './processes';

@Resolver(() => ProcessInstance)
export class ProcessesResolver {
  constructor(@Inject(Processes) private readonly processes: Processes) {}

  @Query(() => ProcessInstance, { description: 'One instance: its status, what it waits for, and its history.' })
  @Allow(...OPERATORS)
  processInstance(@Args('of') input: InstanceInput): Promise<ProcessInstance> {
    return this.processes.look(input);
  }

  @Query(() => JobQueues, { description: 'Jobs that wait in the job queues, as a worker last counted them.' })
  @Allow(...OPERATORS)
  jobQueues(): Promise<JobQueues> {
    return this.processes.queues();
  }

  @Mutation(() => ProcessInstance, { description: 'Retry a parked instance; a refused compensation is sent under a new command id.' })
  @Allow(...OPERATORS)
  retryInstance(@Args('input') input: DecideOnInstanceInput): Promise<ProcessInstance> {
    return this.processes.retry(input);
  }

  @Mutation(() => ProcessInstance, { description: 'Skip the input or action that a parked instance is stopped at.' })
  @Allow(...OPERATORS)
  skipInput(@Args('input') input: DecideOnInstanceInput): Promise<ProcessInstance> {
    return this.processes.skip(input);
  }

  @Mutation(() => ProcessInstance, { description: 'Force the outcome of a requested action.' })
  @Allow(...OPERATORS)
  forceOutcome(@Args('input') input: ForceOutcomeInput): Promise<ProcessInstance> {
    return this.processes.force(input);
  }

  @Mutation(() => ProcessInstance, { description: 'Pause an instance: its inputs wait.' })
  @Allow(...OPERATORS)
  pauseInstance(@Args('input') input: DecideOnInstanceInput): Promise<ProcessInstance> {
    return this.processes.pause(input);
  }

  @Mutation(() => ProcessInstance, { description: 'Resume a paused instance.' })
  @Allow(...OPERATORS)
  resumeInstance(@Args('input') input: DecideOnInstanceInput): Promise<ProcessInstance> {
    return this.processes.resume(input);
  }

  @Mutation(() => ProcessInstance, { description: 'Migrate an instance to another version of its definition.' })
  @Allow(...OPERATORS)
  migrateInstance(@Args('input') input: MigrateInstanceInput): Promise<ProcessInstance> {
    return this.processes.migrate(input);
  }

  @Mutation(() => Boolean, { description: 'Stop a process in all plants: it handles no input until it is started again.' })
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
