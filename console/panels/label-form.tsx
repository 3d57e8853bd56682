// A form for an account's label.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useConsole } from '../parts/context.ts';
import { ProblemNote } from '../parts/problem-note.tsx';
import type { Account } from '../state/accounts.ts';
import type { Problem } from '../state/gateway.ts';
import { labelAccount } from '../state/mutations.ts';

interface LabelFormProps {
  readonly account: Account;
  readonly onDone: () => void;
}

/** The form, which takes the place of the actions. */
export function LabelForm({ account, onDone }: LabelFormProps) {
  const console = useConsole();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.select(), []);
  const save = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const wrong = await labelAccount(console, account.id, input.current?.value ?? '');
    setBusy(false);
    setProblem(wrong);
    if (wrong === null) onDone();
  };
  return (
    <form
      class="actions label-form"
      onSubmit={(event) => void save(event)}
      onKeyDown={({ key }) => key === 'Escape' && onDone()}
    >
      <label for="label">Label, such as Mother or HUF</label>
      <input
        id="label"
        ref={input}
        defaultValue={account.label ?? ''}
        maxLength={60}
        autocomplete="off"
        aria-invalid={problem !== null}
      />
      <button type="submit" class="primary" disabled={isBusy}>
        Save
      </button>
      <button type="button" onClick={onDone}>
        Cancel
      </button>
      {problem && <ProblemNote problem={problem} />}
    </form>
  );
}
