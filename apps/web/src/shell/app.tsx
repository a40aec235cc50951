import { Alert, Center, Loader, MantineProvider } from '@mantine/core';
import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect, useSyncExternalStore } from 'react';
import { flushSync } from 'react-dom';
import { resumeActs } from '../client/command';
import { get } from '../client/api';
import { serverNow } from '../session/clock';
import { queryClient } from '../client/query';
import { MeContext } from '../parts/me';
import { leave, session, type Session } from '../session/session';
import { fetchSettings } from '../session/settings';
import { useStore } from '../session/store';
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';
import { router } from './router';
import { SignIn } from './sign-in';
import { theme } from './theme';

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
// The name under which the scroll lock of dialogs looks for it.
(globalThis as { __webpack_nonce__?: string }).__webpack_nonce__ = nonce;

const printing = matchMedia('print');
const onPrint = (listener: () => void) => {
  // At once: the browser takes its picture when the listeners have ended.
  const now = () => flushSync(listener);
  printing.addEventListener('change', now);
  return () => printing.removeEventListener('change', now);
};

export function App({ fault }: Readonly<{ fault?: string }>) {
  const isPrinted = useSyncExternalStore(onPrint, () => printing.matches);
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      // Paper is white.
      forceColorScheme={isPrinted ? 'light' : undefined}
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={queryClient}>
        <Door fault={fault} />
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Door({ fault }: Readonly<{ fault?: string }>) {
  const now = useStore(session);
  const settings = useQuery({ queryKey: ['settings'], queryFn: fetchSettings, staleTime: Infinity });
  if (typeof now !== 'string') return <Inside key={now.token} now={now} />;
  if (settings.data) return <SignIn settings={settings.data} why={now} fault={fault} />;
  return <Wait failing={settings.failureCount > 0} />;
}

/** For one who has signed in: what the token allows is asked once. */
function Inside({ now }: Readonly<{ now: Session }>) {
  const me = useQuery({ queryKey: ['me', now.subject], queryFn: ({ signal }) => get('/me', { signal }), staleTime: Infinity });
  useEffect(() => resumeActs(), [now]);
  // The first answer tells the server's time: by the browser's clock, which may be wrong, nobody is signed out.
  const isHeard = me.data !== undefined;
  useEffect(() => {
    if (!isHeard) return;
    const left = now.expiresAt - serverNow();
    // Longer than a timer can be: the api refuses the token in time.
    if (left > 2 ** 31 - 1) return;
    const timer = setTimeout(() => leave('ended'), Math.max(0, left));
    return () => clearTimeout(timer);
  }, [now, isHeard]);
  if (!me.data) return <Wait failing={me.failureCount > 0} />;
  return (
    <MeContext value={me.data.data}>
      <RouterProvider router={router} />
    </MeContext>
  );
}

function Wait({ failing }: Readonly<{ failing: boolean }>) {
  const words = useWords(shellWords);
  return <Center mih="100vh">{failing ? <Alert color="orange">{words.away}</Alert> : <Loader aria-label={words.loading} />}</Center>;
}
