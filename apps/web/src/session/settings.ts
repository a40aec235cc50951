import { heardFrom } from './clock';

/** What the console must know before anybody has signed in: GET /console/settings. */
export type Settings = Readonly<{
  version: string;
  /** Sign-in by OpenID Connect, where it is set up. */
  openid?: Readonly<{ issuer: string; clientId: string; scope: string; audience: string }>;
  /** Roles and plants of the development issuer, where that one is used. */
  development?: Readonly<{ roles: readonly string[]; facilities: readonly string[] }>;
}>;

export async function fetchSettings(): Promise<Settings> {
  const response = await fetch('/console/settings');
  heardFrom(response.headers.get('date'));
  if (!response.ok) throw new Error(`/console/settings was answered ${response.status}`);
  return (await response.json()) as Settings;
}
