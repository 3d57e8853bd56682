// What every part of the page may use: the console and the preferences of its user.
import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Unit } from '../format/amounts.ts';
import type { Console } from '../state/console.ts';

/** The unit of amounts. */
export const UnitContext = createContext<Unit>('rupee');

/** The console that the page belongs to. */
export const ConsoleContext = createContext<Console | null>(null);

/** The console. @throws TypeError outside of a page. */
export function useConsole(): Console {
  const console = useContext(ConsoleContext);
  if (console === null) throw new TypeError('There is no console around this part');
  return console;
}

/** The time now, in milliseconds, kept fresh to half a minute. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
