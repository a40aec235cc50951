import '@mantine/core/styles.css';
import './shell/shell.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { takeKey } from './session/development';
import { comeBack, isCallback } from './session/openid';
import { signIn } from './session/session';
import { fetchSettings } from './session/settings';
import { App } from './shell/app';
import { toStartPage } from './shell/router';

/** Ends a sign-in that an issuer has sent back. @returns why it failed */
async function endSignIn(): Promise<string | undefined> {
  try {
    const { openid } = await fetchSettings();
    if (!openid) return undefined;
    const { token, back } = await comeBack(openid);
    signIn(token);
    history.replaceState(null, '', back);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

takeKey();
void (isCallback() ? endSignIn() : Promise.resolve(undefined)).then((fault) => {
  toStartPage();
  createRoot(document.getElementById('console')!).render(
    <StrictMode>
      <App fault={fault} />
    </StrictMode>,
  );
});
