// What the user prefers. Nothing else is stored in the browser.
import { useEffect, useState } from 'preact/hooks';
import { type Unit, units } from '../format/amounts.ts';

/** How the console looks. */
export interface Preferences {
  readonly theme: 'auto' | 'light' | 'dark';
  readonly unit: Unit;
  /** Whether amounts and names are blurred, for pictures of the screen. */
  readonly blur: boolean;
}

const key = 'kite-graphql.console';
const themes = ['auto', 'light', 'dark'] as const;

function read(): Preferences {
  let stored: Partial<Record<keyof Preferences, unknown>> = {};
  try {
    stored = Object(JSON.parse(localStorage.getItem(key) ?? '{}'));
  } catch {
    // Where storage is off, the page works as well.
  }
  return {
    theme: themes.find((theme) => theme === stored.theme) ?? 'auto',
    unit: units.find((unit) => unit === stored.unit) ?? 'rupee',
    blur: stored.blur === true,
  };
}

/** The preferences, and what changes them. */
export function usePreferences(): readonly [Preferences, (change: Partial<Preferences>) => void] {
  const [preferences, setPreferences] = useState(read);
  useEffect(() => {
    const { dataset } = document.documentElement;
    dataset.theme = preferences.theme;
    dataset.blur = String(preferences.blur);
    try {
      localStorage.setItem(key, JSON.stringify(preferences));
    } catch {
      // As above.
    }
  }, [preferences]);
  return [preferences, (change) => setPreferences({ ...preferences, ...change })];
}
