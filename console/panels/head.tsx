// The head of the page: whose console it is, who has to log in, whether it is live, and how it looks.
import { unitNames, units } from '../format/amounts.ts';
import { formatClock } from '../format/times.ts';
import { useConsole } from '../parts/context.ts';
import type { Preferences } from '../state/preferences.ts';
import type { State } from '../state/store.ts';

interface HeadProps {
  readonly state: State;
  readonly preferences: Preferences;
  readonly onChange: (change: Partial<Preferences>) => void;
}

const nextTheme = { auto: 'light', light: 'dark', dark: 'auto' } as const;

/** The head line, which stays on every screen. */
export function Head({ state, preferences, onChange }: HeadProps) {
  const { place } = useConsole();
  const { theme, blur, unit } = preferences;
  return (
    <header class="head">
      <h1>
        {place.logo && <img src={place.logo} alt="" />}
        <span>{place.name}</span>
      </h1>
      <div class="standing">
        <p class="headline" role="status">
          {headlineOf(state)}
        </p>
        <Live state={state} />
      </div>
      <div class="controls">
        <select
          aria-label="Unit of amounts"
          value={unit}
          onChange={({ currentTarget }) => {
            const chosen = units.find((each) => each === currentTarget.value);
            if (chosen) onChange({ unit: chosen });
          }}
        >
          {units.map((each) => (
            <option key={each} value={each}>
              {unitNames[each]}
            </option>
          ))}
        </select>
        <button
          type="button"
          class="icon"
          aria-pressed={blur}
          aria-label="Blur amounts and names"
          title="Blur amounts and names"
          onClick={() => onChange({ blur: !blur })}
        >
          <svg viewBox="0 0 20 20" aria-hidden="true">
            <path
              class="stroke"
              d="M2 10s3-5.5 8-5.5S18 10 18 10s-3 5.5-8 5.5S2 10 2 10z M12.4 10a2.4 2.4 0 1 1-4.8 0 2.4 2.4 0 0 1 4.8 0z"
            />
            {blur && <path class="stroke" d="M3.5 16.5l13-13" />}
          </svg>
        </button>
        <button
          type="button"
          class="icon"
          aria-label={`Theme: ${theme}. Change to ${nextTheme[theme]}`}
          title={`Theme: ${theme}`}
          onClick={() => onChange({ theme: nextTheme[theme] })}
        >
          <ThemeIcon theme={theme} />
        </button>
      </div>
    </header>
  );
}

function ThemeIcon({ theme }: Pick<Preferences, 'theme'>) {
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true">
      {theme === 'light' && (
        <path
          class="stroke"
          d="M13.2 10a3.2 3.2 0 1 1-6.4 0 3.2 3.2 0 0 1 6.4 0zM10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.5 1.5M14.2 14.2l1.5 1.5M4.3 15.7l1.5-1.5M14.2 5.8l1.5-1.5"
        />
      )}
      {theme === 'dark' && (
        <path class="stroke" d="M16.5 11.8A6.8 6.8 0 0 1 8.2 3.5a6.8 6.8 0 1 0 8.3 8.3z" />
      )}
      {theme === 'auto' && (
        <>
          <circle class="stroke" cx="10" cy="10" r="6.5" />
          <path d="M10 3.5a6.5 6.5 0 0 1 0 13z" />
        </>
      )}
    </svg>
  );
}

/** Who has to log in, as a sentence. An app without an account is not counted: it is no account yet. */
export function headlineOf({ status, accounts }: State): string {
  if (status === 'loading') return 'Reading the accounts of this browser…';
  if (status === 'failed') return 'The accounts cannot be read';
  const count = accounts.length;
  if (count === 0) return 'No account yet';
  const waiting = accounts.filter(({ isActive }) => !isActive).length;
  if (waiting === 0) {
    return count === 1 ? 'The account is logged in' : `All ${count} accounts are logged in`;
  }
  if (waiting === count) {
    return count === 1 ? 'The account needs a login' : `All ${count} accounts need a login`;
  }
  return `${waiting} of ${count} accounts ${waiting === 1 ? 'needs' : 'need'} a login`;
}

function Live({ state }: { readonly state: State }) {
  const { isOnline, marginsStream, sessionsStream } = state;
  if (!isOnline) return <p class="live broken">Offline</p>;
  const broken = [marginsStream, sessionsStream].find(({ status }) => status === 'broken');
  if (broken) {
    return (
      <p class="live broken" role="status">
        Not live since {formatClock(broken.since)}, reconnecting
      </p>
    );
  }
  if (marginsStream.status === 'live') {
    return (
      <p class="live on" title={`Live since ${formatClock(marginsStream.since)}`}>
        Live
      </p>
    );
  }
  return null;
}
