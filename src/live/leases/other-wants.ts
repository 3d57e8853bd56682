// What the other replicas want of an account, as the lease has it.
import type { Demand } from '../poll-sharing.ts';
import type { LeaseChannel } from './lease-channel.ts';
import type { LeaseHost } from './lease-host.ts';
import type { WrittenWant } from './lease-state.ts';
import type { Want } from './messages.ts';

/** What another replica wants, since when by Redis's clock. */
interface OtherWant {
  readonly from: string;
  readonly since: number;
  readonly want: Want;
}

/** The wants of the others: those that open, as only replicas can write them. */
export class OtherWants {
  readonly #host: LeaseHost;
  readonly #channel: LeaseChannel;
  #wants: readonly OtherWant[] = [];
  /** Where a text did not open. */
  #strangers: readonly string[] = [];

  constructor(host: LeaseHost, channel: LeaseChannel) {
    this.#host = host;
    this.#channel = channel;
  }

  /** What was wanted when the lease was read last. */
  get all(): readonly Demand[] {
    return this.#wants.map(({ want }) => want);
  }

  /** The same, of the replicas that are there. */
  get live(): readonly Demand[] {
    return this.#wants.filter((want) => !this.#isGone(want)).map(({ want }) => want);
  }

  /** Whether a replica is gone that wanted something. */
  get hasGone(): boolean {
    return this.#wants.some((want) => this.#isGone(want));
  }

  /** The replicas whose wants are to be removed. */
  get removable(): readonly string[] {
    const gone = this.#wants.filter((want) => this.#isGone(want)).map(({ from }) => from);
    return [...gone, ...this.#strangers];
  }

  /** Takes what a lease has. */
  take(written: readonly WrittenWant[]): void {
    const others = written.filter(({ from }) => from !== this.#host.replicaId);
    this.#wants = others.flatMap(({ from, since, text }) => {
      const want = this.#channel.readWant(from, text);
      return want === null ? [] : [{ from, since, want }];
    });
    const known = new Set(this.#wants.map(({ from }) => from));
    this.#strangers = others.map(({ from }) => from).filter((from) => !known.has(from));
  }

  /** What those call themselves that want something by a lease. */
  namesIn(written: readonly WrittenWant[]): readonly string[] {
    return written.flatMap(({ from, text }) => {
      const want = this.#channel.readWant(from, text);
      return want === null ? [] : [want.name];
    });
  }

  #isGone({ from, since }: OtherWant): boolean {
    return this.#host.isGone(from, since);
  }
}
