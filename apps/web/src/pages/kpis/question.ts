/** What the figures on the page are about; the api is asked the same for losses and evidence. */
export type Asked = Readonly<{ facilityId: string; equipmentId?: string; from: string; to: string; calendarId?: string; shift?: string }>;
