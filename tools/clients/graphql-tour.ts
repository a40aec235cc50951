/** Commands and a list through the types that GraphQL Code Generator generates from docs/generated/schema.graphql and tour.graphql. */
import { readFileSync } from 'node:fs';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { BoardDocument, OrderDocument, RegisterPlantDocument } from './operations';

const { api, tokens } = JSON.parse(readFileSync(process.env.ENDPOINTS!, 'utf8')) as { api: string; tokens: Record<string, string> };

async function ask<Answer, Variables>(role: string, document: TypedDocumentNode<Answer, Variables>, variables: Variables): Promise<Answer> {
  const response = await fetch(`${api}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens[role]}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const { data, errors } = (await response.json()) as { data: Answer | null; errors?: unknown };
  if (errors || !data) throw new Error(JSON.stringify(errors));
  return data;
}

async function main(): Promise<void> {
  const plant = { facilityId: 'gql', name: 'GraphQL plant', enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'Europe/Paris' };
  const machine = { equipmentId: 'gql.M1', name: 'Lathe 1', equipmentClass: 'lathe' };
  await ask('engineer', RegisterPlantDocument, { plant, machine });

  const quantity = { amount: '10.0', unit: 'pcs' };
  const due: string = '2027-01-31T16:00:00+01:00';
  const { releaseWorkOrder } = await ask('planner', OrderDocument, {
    order: { productionOrderId: 'gql.P1', product: 'shaft', quantity, due },
    work: {
      workOrderId: 'gql.W1',
      productionOrderId: 'gql.P1',
      product: 'shaft',
      quantity,
      operations: [{ operationId: '10', name: 'Turning', sequence: 10, equipmentId: 'gql.M1' }],
    },
  });
  const { orderBoard } = await ask('planner', BoardDocument, { waitFor: releaseWorkOrder!.token, dueFrom: due, facilityId: 'gql' });
  const [entry] = orderBoard.items;
  const amount: string | undefined = entry?.quantity;
  if (orderBoard.behind || amount !== '10.0' || entry?.due !== '2027-01-31T15:00:00.000Z') throw new Error(JSON.stringify(orderBoard));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
