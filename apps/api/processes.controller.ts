import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
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

@ApiTags('processes')
@ApiBearerAuth()
@Controller('processes')
export class ProcessesController {
  constructor(@Inject(Processes) private readonly processes: Processes) {}

  @Get('instance')
  @Allow(...OPERATORS)
  @ApiOperation({ operationId: 'processInstance', summary: 'One instance: its status, what it waits for, and its history.' })
  @ApiOkResponse({ type: ProcessInstance })
  processInstance(@Query() input: InstanceInput): Promise<ProcessInstance> {
    return this.processes.look(input);
  }

  @Get('queues')
  @Allow(...OPERATORS)
  @ApiOperation({ operationId: 'jobQueues', summary: 'Jobs that wait in the job queues, as a worker last counted them.' })
  @ApiOkResponse({ type: JobQueues })
  jobQueues(): Promise<JobQueues> {
    return this.processes.queues();
  }

  @Post('retry-instance')
  @HttpCode(200)
  @Allow(...OPERATORS)
  @ApiOperation({
    operationId: 'retryInstance',
    summary: 'Retry a parked instance; a refused compensation is sent under a new command id.',
  })
  @ApiOkResponse({ type: ProcessInstance })
  retryInstance(@Body() input: DecideOnInstanceInput): Promise<ProcessInstance> {
    return this.processes.retry(input);
  }

  @Post('skip-input')
  @HttpCode(200)
  @Allow(...OPERATORS)
  @ApiOperation({ operationId: 'skipInput', summary: 'Skip the input or action that a parked instance is stopped at.' })
  @ApiOkResponse({ type: ProcessInstance })
  skipInput(@Body() input: DecideOnInstanceInput): Promise<ProcessInstance> {
    return this.processes.skip(input);
  }

  @Post('force-outcome')
  @HttpCode(200)
  @Allow(...OPERATORS)
  @ApiOperation({ operationId: 'forceOutcome', summary: 'Force the outcome of a requested action.' })
  @ApiOkResponse({ type: ProcessInstance })
  forceOutcome(@Body() input: ForceOutcomeInput): Promise<ProcessInstance> {
    return this.processes.force(input);
  }

  @Post('pause-instance')
  @HttpCode(200)
  @Allow(...OPERATORS)
  @ApiOperation({ operationId: 'pauseInstance', summary: 'Pause an instance: its inputs wait.' })
  @ApiOkResponse({ type: ProcessInstance })
  pauseInstance(@Body() input: DecideOnInstanceInput): Promise<ProcessInstance> {
    return this.processes.pause(input);
  }

  @Post('resume-instance')
  @HttpCode(200)
  @Allow(...OPERATORS)
  @ApiOperation({ operationId: 'resumeInstance', summary: 'Resume a paused instance.' })
  @ApiOkResponse({ type: ProcessInstance })
  resumeInstance(@Body() input: DecideOnInstanceInput): Promise<ProcessInstance> {
    return this.processes.resume(input);
  }

  @Post('migrate-instance')
  @HttpCode(200)
  @Allow(...OPERATORS)
  @ApiOperation({ operationId: 'migrateInstance', summary: 'Migrate an instance to another version of its definition.' })
  @ApiOkResponse({ type: ProcessInstance })
  migrateInstance(@Body() input: MigrateInstanceInput): Promise<ProcessInstance> {
    return this.processes.migrate(input);
  }

  @Post('stop-process')
  @HttpCode(204)
  @Allow(...OPERATORS)
  @ApiOperation({ operationId: 'stopProcess', summary: 'Stop a process in all plants: it handles no input until it is started again.' })
  async stopProcess(@Body() input: DecideOnProcessInput): Promise<void> {
    await this.processes.stop(input);
  }

  @Post('start-process')
  @HttpCode(204)
  @Allow(...OPERATORS)
  @ApiOperation({ operationId: 'startProcess', summary: 'Start a process that was stopped.' })
  async startProcess(@Body() input: DecideOnProcessInput): Promise<void> {
    await this.processes.start(input);
  }
}
