// Errors that are expected: they are answers, and no reader wants the lines of code that they came from. Capturing those
// costs more than all else of such an error, and one answer may hold hundreds.

/** Makes an error without capturing its stack. */
export function withoutStack<Made>(make: () => Made): Made {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
