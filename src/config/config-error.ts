// What is wrong with the settings, for the operator.

/** The faults of an environment, one line each; no line quotes a value that may be a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** One line for each fault, naming the variable. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}
