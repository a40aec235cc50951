/** Whether the api and its parts work; it answers this without a token, also while parts are down. */
import { heardFrom, serverNow } from '../session/clock';
import { Unanswered, type Answer } from './api';

export type Readiness = Readonly<{
  status: 'ready' | 'degraded' | 'unavailable' | 'draining';
  parts: Readonly<Record<string, 'up' | 'down'>>;
  details?: Readonly<Record<string, Readonly<{ since?: string; reason?: string }>>>;
}>;

export async function readiness(signal: AbortSignal): Promise<Answer<Readiness>> {
  const response = await fetch('/health/ready', { signal });
  heardFrom(response.headers.get('date'));
  // 503 has the same body.
  const data = (await response.json().catch(() => undefined)) as Readiness | undefined;
  if (!data?.parts) throw new Unanswered(`HTTP ${response.status}`);
  return { data, asOf: serverNow(), behind: false };
}
