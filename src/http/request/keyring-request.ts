// One request, as far as keyrings care.
import type { DeviceHint } from '../../keyring/device.ts';

/** One request, as far as keyrings care. */
export interface KeyringRequest {
  readonly request: Request;
  /** Goes into log lines. */
  readonly requestId: string;
  readonly device: DeviceHint;
  /** Takes a Set-Cookie line for the answer. */
  readonly setCookie: (line: string) => void;
}
