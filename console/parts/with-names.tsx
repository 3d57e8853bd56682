// Text in which the names of accounts can be blurred.
import type { Account } from '../state/accounts.ts';

interface WithNamesProps {
  readonly text: string;
  readonly accounts: readonly Account[];
}

/** The text, with each name of an account in an element of its own. */
export function WithNames({ text, accounts }: WithNamesProps) {
  // The longest first: a name may hold another one.
  const names = accounts
    .map(({ name }) => name)
    .toSorted((one, other) => other.length - one.length)
    .map((name) =>
      name.replace(
        /[^\p{L}\p{N}]/gu,
        (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
      ),
    );
  if (names.length === 0) return <>{text}</>;
  const parts = text.split(new RegExp(`(${names.join('|')})`, 'u'));
  return (
    <>
      {parts.map((part, index) => (index % 2 === 1 ? <span class="private">{part}</span> : part))}
    </>
  );
}
