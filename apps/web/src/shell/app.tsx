import { Alert, Center, Loader, MantineProvider } from '@mantine/core';
import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect } from 'react';
import { resumeActs } from '../client/command';
import { get } from '../client/api';
import { serverNow } from '../client/clock';
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

export function App({ fault }: Readonly<{ fault?: string }>) {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
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
  useEffect(() => {
    resumeActs();
    const left = now.expiresAt - serverNow();
    // Longer than a timer can be: the api refuses the token in time.
    if (left > 2 ** 31 - 1) return;
    const timer = setTimeout(() => leave('ended'), Math.max(0, left));
    return () => clearTimeout(timer);
  }, [now]);
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
