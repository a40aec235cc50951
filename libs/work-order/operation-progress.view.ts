import { ObjectType } from '@nestjs/graphql';
import { Cell } from '#platform/views/cells';
import type { Operation } from './operations';

/** Progress of one operation of a work order. */
@ObjectType('OperationProgress', {})
export class OperationProgress {
  @Cell('text')
  operationId: string;

  @Cell('text')
  name: string;

  /** Place in the routing. */
  @Cell('whole')
  sequence: number;

  /** False for one that is not in the plan and was only observed. */
  @Cell('flag')
  planned: boolean;

  /** Pending, Dispatched, Started, Completed or Stopped. */
  @Cell('text')
  phase: string;

  /** The machine that it is planned for. */
  @Cell('id', { optional: true })
  plannedMachine: string | null;

  /** The machine that it was dispatched to. */
  @Cell('id', { optional: true })
  machine: string | null;

  @Cell('text', { optional: true })
  person: string | null;

  @Cell('amount')
  good: string;

  @Cell('amount')
  scrap: string;

  @Cell('amount')
  rework: string;
}

export const progressOf = (operation: Operation): OperationProgress => ({
  operationId: operation.operationId,
  name: operation.name,
  sequence: operation.sequence,
  planned: operation.planned,
  phase: operation.phase,
  plannedMachine: operation.equipmentId ?? null,
  machine: operation.dispatchedTo ?? null,
  person: operation.person ?? null,
  good: operation.good,
  scrap: operation.scrap,
  rework: operation.rework,
});

export const operationsIn = (rows: readonly OperationProgress[]): Operation[] =>
  rows.map(({ plannedMachine, machine, person, ...operation }) => ({
    ...operation,
    phase: operation.phase as Operation['phase'],
    overlapAllowed: false,
    ...(plannedMachine === null ? {} : { equipmentId: plannedMachine }),
    ...(machine === null ? {} : { dispatchedTo: machine }),
    ...(person === null ? {} : { person }),
  }));
