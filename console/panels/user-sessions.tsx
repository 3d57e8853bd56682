// The sessions of an account's user, in this browser and in others, with a way to end those.
import { useEffect } from 'preact/hooks';
import { formatMoment } from '../format/times.ts';
import { deviceName } from '../format/words.ts';
import { UserSessionsDocument } from '../generated/graphql.ts';
import { useConsole } from '../parts/context.ts';
import { PanelMenu } from '../parts/panel-menu.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import type { Account } from '../state/accounts.ts';
import { endSessions } from '../state/mutations.ts';
import type { State, UserSession } from '../state/store.ts';

interface UserSessionsProps {
  readonly state: State;
  readonly account: Account;
  readonly now: number;
}

/** The sessions, read when an account is opened. */
export function UserSessions({ state, account, now }: UserSessionsProps) {
  const console = useConsole();
  const { userSessions, userSessionsStatus: status, userSessionsProblem: problem, busy } = state;
  useEffect(() => {
    if (account.isActive) void console.userSessions.readIfOld();
  }, [account.id, account.isActive, console]);
  if (!account.isActive) return null;
  const own = userSessions.filter(
    ({ user, broker, state: life }) =>
      life === 'ACTIVE' && user?.id === account.userKey && broker === account.broker,
  );
  const others = own.filter(({ current }) => !current);
  const end = (sessions: readonly UserSession[]) =>
    void endSessions(
      console,
      sessions.map(({ id }) => id),
    );
  const isBusy = busy.has('end');
  return (
    <section class="segment sessions" aria-labelledby="sessions-title">
      <div class="segment-head">
        <h3 id="sessions-title">Sessions</h3>
        <PanelMenu title="the sessions" snippet={{ document: UserSessionsDocument }} />
      </div>
      {status !== 'ready' && own.length === 0 && problem === null && (
        <span class="bone line-bone" aria-hidden="true" />
      )}
      {problem && (
        <ProblemNote problem={problem} onRetry={() => void console.userSessions.read()} />
      )}
      <ul>
        {own.map((session) => (
          <Item key={session.id} session={session} now={now} isBusy={isBusy} onEnd={end} />
        ))}
      </ul>
      {status === 'ready' && others.length === 0 && own.length > 0 && (
        <p class="hint">This user is logged in nowhere else through this gateway.</p>
      )}
      {others.length > 1 && (
        <button type="button" disabled={isBusy} onClick={() => end(others)}>
          End the {others.length} others
        </button>
      )}
    </section>
  );
}

interface ItemProps {
  readonly session: UserSession;
  readonly now: number;
  readonly isBusy: boolean;
  readonly onEnd: (sessions: readonly UserSession[]) => void;
}

function Item({ session, now, isBusy, onEnd }: ItemProps) {
  const { current, devices, createdFrom, lastSeenAt, issuedAt } = session;
  const device = devices[0] ?? createdFrom;
  const name = deviceName(device);
  const place = [device?.countryName, device?.ipAddress].filter(Boolean).join(', ');
  return (
    <li>
      <span class="session-name">
        <strong>{current ? 'This browser' : name}</strong>
        {current && <> · {name}</>}
      </span>
      <span class="session-about">
        since {formatMoment(issuedAt, now)}
        {!current && lastSeenAt && <>, last seen {formatMoment(lastSeenAt, now)}</>}
        {place && (
          <>
            {' '}
            · <span class="private">{place}</span>
          </>
        )}
      </span>
      {!current && (
        <button
          type="button"
          disabled={isBusy}
          aria-label={`End the session of ${name}`}
          onClick={() => onEnd([session])}
        >
          End
        </button>
      )}
    </li>
  );
}
