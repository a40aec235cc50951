import type { Process } from '#kernel/process';
import {
  whenCustomerOrderPlacedFulfilIt,
  whenCustomerOrderPlacedFulfilItV1,
  whenCustomerOrderPlacedFulfilItV2,
  whenCustomerOrderPlacedFulfilItV3,
} from './when-customer-order-placed-fulfil-it';
import { whenDecisionRequestedEscalateIt } from './when-decision-requested-escalate-it';
import { whenCapacityReservedExpireIt } from './when-capacity-reserved-expire-it';
import { whenEquipmentAbortedHoldWorkOrders } from './when-equipment-aborted-hold-work-orders';
import { whenFirstOfKindCheckReferences } from './when-first-of-kind-check-references';
import { whenInboundTransferReceivedBookLots } from './when-inbound-transfer-received-book-lots';
import { whenInboundTransferReceivedConfirmIt } from './when-inbound-transfer-received-confirm-it';
import { whenLotHeldHoldWhatCameFromIt } from './when-lot-held-hold-what-came-from-it';
import { whenLotMergedAddToOther } from './when-lot-merged-add-to-other';
import { whenLotSplitCreateChild } from './when-lot-split-create-child';
import { whenOperationStartedOccupyEquipment } from './when-operation-started-occupy-equipment';
import { whenTransferPickedIssueLots } from './when-transfer-picked-issue-lots';
import { whenTransferShippedAnnounceIt } from './when-transfer-shipped-announce-it';
import { whenWorkOrderEndedAdvanceProductionOrder } from './when-work-order-ended-advance-production-order';
import { whenWorkOrderLinkedAttachIt } from './when-work-order-linked-attach-it';
import { whenWorkOrderOverFreeReservations } from './when-work-order-over-free-reservations';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyProcess = Process<any, any, any>;
/** The processes, one line for each version that instances may be under: what the worker runs. */
export const processes: readonly AnyProcess[] = [
  whenCustomerOrderPlacedFulfilIt,
  whenCustomerOrderPlacedFulfilItV3,
  whenCustomerOrderPlacedFulfilItV2,
  whenCustomerOrderPlacedFulfilItV1,
  whenDecisionRequestedEscalateIt,
  whenCapacityReservedExpireIt,
  whenEquipmentAbortedHoldWorkOrders,
  whenFirstOfKindCheckReferences,
  whenInboundTransferReceivedBookLots,
  whenInboundTransferReceivedConfirmIt,
  whenLotHeldHoldWhatCameFromIt,
  whenLotMergedAddToOther,
  whenLotSplitCreateChild,
  whenOperationStartedOccupyEquipment,
  whenTransferPickedIssueLots,
  whenTransferShippedAnnounceIt,
  whenWorkOrderEndedAdvanceProductionOrder,
  whenWorkOrderLinkedAttachIt,
  whenWorkOrderOverFreeReservations,
];
