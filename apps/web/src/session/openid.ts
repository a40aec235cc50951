/**
 * Sign-in at an OpenID Connect issuer: authorization code with PKCE, as a public client. Hides: the protocol (oauth4webapi, loaded when needed).
 * Promises: an answer counts only if it belongs to the request of this tab. Does not: renew tokens; when one expires, the person signs in again.
 */
import { serverAheadBy } from './clock';
import type { Settings } from './settings';

type OpenId = NonNullable<Settings['openid']>;
type Begun = Readonly<{ verifier: string; state: string; nonce: string; back: string }>;

const KEPT = 'plantlog.sign-in';
const CALLBACK = '/console/signed-in';
const redirectUri = () => location.origin + CALLBACK;

export const canUseCryptography = (): boolean => globalThis.crypto?.subtle !== undefined;
export const isCallback = (): boolean => location.pathname === CALLBACK;

async function prepare({ issuer, clientId }: OpenId) {
  const oauth = await import('oauth4webapi');
  const url = new URL(issuer);
  // A development issuer on this machine may speak http; no other one.
  const plain = url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const options = plain ? { [oauth.allowInsecureRequests]: true } : {};
  const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, options));
  // The issuer's clock is as right as that of the api (fetchSettings has heard it); the browser's may be wrong.
  const skew = Math.round(serverAheadBy() / 1_000);
  return { oauth, server, options, client: { client_id: clientId, [oauth.clockSkew]: skew } };
}

/** Goes to the issuer; it sends the browser back to CALLBACK. */
export async function goToIssuer(openid: OpenId, back: string): Promise<void> {
  const { oauth, server } = await prepare(openid);
  const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()];
  sessionStorage.setItem(KEPT, JSON.stringify({ verifier, state, nonce, back } satisfies Begun));
  const target = new URL(server.authorization_endpoint!);
  const parameters = {
    client_id: openid.clientId,
    redirect_uri: redirectUri(),
    response_type: 'code',
    scope: openid.scope,
    // Some issuers put the audience of an access token there.
    audience: openid.audience,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  };
  for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value);
  location.assign(target);
}

/** Ends the sign-in at CALLBACK. @returns the access token and where the person wanted to go */
export async function comeBack(openid: OpenId): Promise<{ token: string; back: string }> {
  const begun = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null') as Begun | null;
  sessionStorage.removeItem(KEPT);
  if (!begun) throw new Error('No sign-in was begun in this tab.');
  const { oauth, server, client, options } = await prepare(openid);
  const answer = oauth.validateAuthResponse(server, client, new URL(location.href), begun.state);
  const response = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), answer, redirectUri(), begun.verifier, options);
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, { expectedNonce: begun.nonce });
  return { token: tokens.access_token, back: begun.back };
}
