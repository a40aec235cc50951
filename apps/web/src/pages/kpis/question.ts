/** What the figures on the page are about; the api is asked the same for losses and evidence. */
export type Asked = Readonly<{ facilityId: string; equipmentId?: string; from: string; to: string; calendarId?: string; shift?: string }>;

/** "12.3 %" */
export const percent = (value: string | null): string => (value === null ? '–' : `${(Number(value) * 100).toFixed(1)} %`);
