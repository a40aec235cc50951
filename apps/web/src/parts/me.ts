import { createContext, useContext } from 'react';
import { may, type Me } from '../client/may';

export const MeContext = createContext<Me>({ actor: '', roles: [], facilities: [] });
export const useMe = (): Me => useContext(MeContext);

/** Whether the caller may do something, e.g. `may('post /work-order/report-production')`. */
export function useMay(): (operation: Parameters<typeof may>[1]) => boolean {
  const me = useMe();
  return (operation) => may(me, operation);
}
