import type { Schemas } from '../../client/api';

/** What the figures on the page are about; the api is asked the same for losses and evidence. */
export type Asked = Readonly<{ facilityId: string; equipmentId?: string; from: string; to: string; calendarId?: string; shift?: string }>;

export type Kind = Schemas['EvidenceEntry']['kind'];

/** The facts that somebody opened: of a machine, or what a group of losses was made from. */
export type Focus = Readonly<{
  kind: Kind;
  /** What narrows them, in words. */
  name?: string;
  narrowed?: Readonly<{ shift?: string; product?: string }>;
  /** All machines; stops or scrap of one reason. */
  reasonCode?: string;
  lossClass?: string;
}>;
