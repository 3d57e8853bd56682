// The results of a run, in the form in which they are kept.
import type { Machine } from './machine.ts';
import type { ManyResult } from './measures/many.ts';
import type { ProfileResult } from './measures/profile.ts';
import type { SharingResult } from './measures/sharing.ts';
import type { SingleResult } from './measures/single.ts';
import type { Minute } from './measures/soak.ts';
import type { TransportsResult } from './measures/transports.ts';

/** Everything that a run measured. */
export interface Results {
  readonly machine: Machine;
  /** The floor first. */
  readonly single: readonly SingleResult[];
  readonly many: readonly ManyResult[];
  readonly sharing: SharingResult;
  readonly profile: ProfileResult;
  readonly transports: TransportsResult;
  /** Empty where there was no soak. */
  readonly soak: readonly Minute[];
}
