/**
 * Many commands of one class in one request. Hides: how they are grouped by stream. Promises: commands for one stream run in order; each is
 * answered as if it had been sent alone. Does not: make them one transaction.
 */
import { Body, Controller, HttpCode, Inject, Post, Req, type Type } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Command } from '#platform/commands/command';
import { Sending } from '#platform/commands/sending';
import { invalidInput, Problem } from '#platform/problem/problem';
import { Allow, allowedRoles } from '#platform/security/access';
import { InputPipe } from './input-pipe';

const LONGEST_SERIES = 1_000;
/** Together they cost about as much as one command alone. */
const OF_ONE_REQUEST = 10;

/** How many requests a series counts as. */
export const requestsIn = (commands: number): number => Math.ceil(commands / OF_ONE_REQUEST);

/** The outcome of one command of a series. */
export type SeriesAnswer =
  | Readonly<{ events: readonly string[]; token: string }>
  | Readonly<{ problem: Readonly<{ status: number; code: string; detail: string }> }>;

const pipe = new InputPipe();

/** Reads and runs them. @throws Problem 503 */
export async function runSeries(sending: Sending, command: Type<Command>, bodies: readonly unknown[]): Promise<SeriesAnswer[]> {
  const answers: SeriesAnswer[] = [];
  const [read, places]: [Command[], number[]] = [[], []];
  const refused = (place: number, { status, code, message }: Problem) => (answers[place] = { problem: { status, code, detail: message } });
  for (const [place, body] of bodies.entries()) {
    try {
      read.push(await pipe.read(body, command));
      places.push(place);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      refused(place, error);
    }
  }
  const given = await sending.sendAll(command.name, read);
  given.forEach((answer, n) => {
    if (answer instanceof Problem) refused(places[n]!, answer);
    else answers[places[n]!] = { events: answer.events, token: answer.token };
  });
  return answers;
}

/** POST /<path>/<name> with `{ commands: […] }`; answers `{ answers: […] }`, in the same order. */
export function seriesController(path: string, name: string, command: Type<Command>): Type<object> {
  const key = `${command.name[0]!.toLowerCase()}${command.name.slice(1)}Series`;
  @Controller(path)
  @ApiTags(path)
  @ApiBearerAuth()
  @ApiExtraModels(command)
  class Series {
    constructor(@Inject(Sending) private readonly sending: Sending) {}

    @Post(name)
    @HttpCode(200)
    @Allow(...allowedRoles(command))
    @ApiOperation({ operationId: key, summary: `Up to ${LONGEST_SERIES} commands ${command.name} in one request.` })
    @ApiBody({
      schema: {
        type: 'object',
        required: ['commands'],
        properties: { commands: { type: 'array', minItems: 1, maxItems: LONGEST_SERIES, items: { $ref: getSchemaPath(command) } } },
      },
    })
    @ApiOkResponse({
      description: 'An answer for each command, in their order: events and token, or the problem.',
      schema: { type: 'object', properties: { answers: { type: 'array', items: { type: 'object' } } } },
    })
    async send(@Body() body: object, @Req() request: FastifyRequest): Promise<{ answers: SeriesAnswer[] }> {
      const { commands } = body as { commands?: unknown };
      if (!Array.isArray(commands) || commands.length === 0 || commands.length > LONGEST_SERIES)
        throw invalidInput([{ field: 'commands', message: `commands must be a list of 1 to ${LONGEST_SERIES} commands` }], 'fields');
      request.charge?.(requestsIn(commands.length) - 1);
      return { answers: await runSeries(this.sending, command, commands) };
    }
  }
  Object.defineProperty(Series, 'name', { value: `${path}-${name}` });
  return Series;
}
