import type { Schemas } from '../../client/api';

export type Order = Schemas['WorkOrderRow'];
