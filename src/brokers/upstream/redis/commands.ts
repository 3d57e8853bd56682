// What the gateway asks of Redis: scripts and channels, whether one server answers or several.

/** What a script is run with. */
export interface ScriptInput {
  readonly keys: readonly string[];
  readonly arguments: readonly string[];
}

/** How a command is sent. */
export interface CommandOptions {
  /** Keeps a command that has not gone out when it fires from being sent at all. */
  readonly abortSignal?: AbortSignal;
}

/** A client of one Redis server, of the master that Sentinels name, or of a cluster. */
export interface RedisClient {
  readonly isOpen: boolean;
  /** Whether commands can be sent. In a cluster a single node may be out of reach all the same. */
  readonly isReady: boolean;
  /** Whether keys are spread over servers: then all keys of a script must have the same hash tag. */
  readonly isCluster: boolean;
  /** Whether a command may wait for a connection: then it needs a signal, or it may be written after its caller gave up. */
  readonly mayWait: boolean;
  /** Names of the servers that hold keys: each key is on one of them. */
  readonly servers: readonly string[];
  /** Resolves with the first connection. It is tried until then, and again whenever it is lost. */
  connect(): Promise<unknown>;
  /** Runs a script atomically on the server of its keys. */
  eval(script: string, input: ScriptInput, options?: CommandOptions): Promise<unknown>;
  /** Runs a script without keys on one of `servers`; rejects where it is gone. */
  evalOn(
    server: string,
    script: string,
    args: readonly string[],
    options?: CommandOptions,
  ): Promise<unknown>;
  /** Listens to a channel, which all servers of a cluster share. */
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  /**
   * `error`: a connection failed. `ready`: one is made, also after it was lost. `lost`: one that was ready broke, so that
   * its server may have lost its memory.
   */
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'ready' | 'lost', listener: () => void): unknown;
  /** Cuts the connections. */
  destroy(): void;
}

/** The words of a command that runs a script. */
export function evalWords(script: string, input: ScriptInput): string[] {
  return ['EVAL', script, String(input.keys.length), ...input.keys, ...input.arguments];
}
