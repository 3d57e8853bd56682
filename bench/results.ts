// The results of a run, in the form in which they are kept.
import type { Machine } from './machine.ts';
import type { KeyringResult } from './measures/keyring.ts';
import type { ManyResult } from './measures/many.ts';
import type { ProfileResult } from './measures/profile.ts';
import type { RequestsResult } from './measures/requests.ts';
import type { SharingResult } from './measures/sharing.ts';
import type { SingleResult } from './measures/single.ts';
import type { Minute } from './measures/soak.ts';
import type { StoreResult } from './measures/stores.ts';
import type { TracingResult } from './measures/tracing.ts';
import type { TransportsResult } from './measures/transports.ts';
import type { PartResult } from './measures/without-sockets.ts';
import type { WritersResult } from './measures/writers.ts';

/** What a run measured, by measure. A run of some measures lacks the others. */
export interface Measured {
  /** The floor first. */
  readonly single?: readonly SingleResult[];
  /** The floor first. */
  readonly writers?: readonly WritersResult[];
  readonly requests?: readonly RequestsResult[];
  /** The gateway without OpenTelemetry first. */
  readonly tracing?: readonly TracingResult[];
  /** Without Redis where the machine has none. */
  readonly keyring?: readonly KeyringResult[];
  /** Without Redis where the machine has none. */
  readonly stores?: readonly StoreResult[];
  readonly many?: readonly ManyResult[];
  readonly sharing?: SharingResult;
  readonly profile?: ProfileResult;
  /** A whole query last. */
  readonly parts?: readonly PartResult[];
  readonly transports?: TransportsResult;
  /** Empty where there was no soak. */
  readonly soak?: readonly Minute[];
}

/** A run. */
export interface Results extends Measured {
  readonly machine: Machine;
}
