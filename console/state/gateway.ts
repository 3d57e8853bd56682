// What goes wrong at the gateway that serves this page, as panels show it.
import type { ClientError } from '../../src/client/client.ts';

/** What went wrong, as a panel shows it. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly requestId?: string | undefined;
}

/** A failure of the client as a problem. */
export function problemOf({ code, message, retryable, requestId }: ClientError): Problem {
  return { code, message, retryable, requestId };
}
