// The line below the head: what has just happened, and being offline.
import { useEffect } from 'preact/hooks';
import { wordsFor } from '../format/words.ts';
import { useConsole } from '../parts/context.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { LoginLink } from '../parts/login-link.tsx';
import { WithNames } from '../parts/with-names.tsx';
import type { State } from '../state/store.ts';

const noticeMilliseconds = 12_000;

/** The notices. The regions are always there, so that screen readers follow them. */
export function Notices({ state }: { readonly state: State }) {
  const console = useConsole();
  const { notice, announcement, isOnline, accounts } = state;
  const account = accounts.find(({ id, isActive }) => id === notice?.accountId && !isActive);
  // Good news leaves by itself; what asks for something stays.
  useEffect(() => {
    if (!notice || notice.tone === 'bad' || notice.accountId !== undefined) return;
    const timer = setTimeout(() => console.notify(null), noticeMilliseconds);
    return () => clearTimeout(timer);
  }, [notice, console]);
  const words = notice?.problem && wordsFor(notice.problem.code);
  return (
    <div class="notices">
      <div role="status">
        {!isOnline && (
          <p class="notice bad">
            <span>
              <strong>This device is offline.</strong> Figures stay as they were. The page goes on
              by itself when the connection is back.
            </span>
          </p>
        )}
        {notice && (
          <div class={`notice ${notice.tone}`}>
            <span>
              <strong>
                <WithNames text={notice.text} accounts={notice.named ?? []} />
              </strong>{' '}
              {words && `${words.title}. ${words.advice}`}{' '}
              {notice.problem && <code>{notice.problem.code}</code>}
            </span>
            {notice.problem?.requestId && (
              <CopyButton text={notice.problem.requestId}>Copy request id</CopyButton>
            )}
            {account && <LoginLink account={account} />}
            <button
              type="button"
              class="icon"
              aria-label="Dismiss"
              onClick={() => console.notify(null)}
            >
              <svg viewBox="0 0 16 16" aria-hidden="true">
                <path class="stroke" d="M4 4l8 8M12 4l-8 8" />
              </svg>
            </button>
          </div>
        )}
      </div>
      <p class="unseen" aria-live="polite">
        {announcement}
      </p>
    </div>
  );
}
