// One line for each account: its funds, or what its error advises.
import { adviceFor } from './advice.ts';

/** Accounts as far as they have arrived. */
type Accounts = readonly (
  | {
      readonly user?: { readonly userName?: string | null } | null;
      readonly margins?: { readonly equity?: { readonly net?: number } | null } | null;
    }
  | null
  | undefined
)[];

/** An error of GraphQL, as each client gives it. */
interface FieldError {
  readonly path?: readonly (string | number)[] | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: clients do not know what extensions a server sends.
  readonly extensions?: any;
}

/** The lines of a page. An error belongs to the account that its path names. */
export function linesOf(
  accounts: Accounts | null | undefined,
  errors: readonly FieldError[] = [],
): string[] {
  // Without accounts the whole request failed.
  if (!accounts) return errors.map(({ extensions }) => adviceFor(extensions));
  return accounts.map((account, index) => {
    const error = errors.find(({ path }) => path?.[0] === 'accounts' && path[1] === index);
    if (error) return adviceFor(error.extensions);
    return `${account?.user?.userName ?? '…'}: ${account?.margins?.equity?.net ?? '…'}`;
  });
}
