import type { Schemas } from '../../client/api';

export type Stop = Schemas['EquipmentStop'];
