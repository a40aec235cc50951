/** Sign-in at the development issuer. The key comes from the address that `npm start` prints and stays in this browser. */
const KEPT = 'plantlog.development-key';

/** Takes the key out of the address bar. */
export function takeKey(): void {
  const key = /^#key=([\w-]+)$/.exec(location.hash)?.[1];
  if (!key) return;
  localStorage.setItem(KEPT, key);
  history.replaceState(history.state, '', location.pathname + location.search);
}

export const hasKey = (): boolean => localStorage.getItem(KEPT) !== null;

/** @param name a role, or `<role>@<facility>` */
export async function developmentToken(name: string): Promise<string> {
  const response = await fetch('/console/development-token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: localStorage.getItem(KEPT), name }),
  });
  if (response.status === 403) localStorage.removeItem(KEPT);
  const answer = (await response.json()) as { token?: string; detail?: string };
  if (!answer.token) throw new Error(answer.detail ?? String(response.status));
  return answer.token;
}
