// Suites that need a real Chromium: skipped by name on a machine without one, and failing where everything must run.
import type { Browser } from 'playwright-core';
import { afterAll, describe } from 'vitest';
import { isCi } from '../processes/environment.ts';
import { chromiumPath, launchChromium } from './browser.ts';

/** Describes a suite with a Chromium of its own, which is started before the suite is read. */
export function describeWithChromium(
  name: string,
  suite: (browser: Browser) => void | Promise<void>,
): void {
  // The page of GraphiQL has nine megabytes, and the tests load it often: a busy machine takes its time.
  describe.skipIf(chromiumPath === null && !isCi)(name, { timeout: 120_000 }, async () => {
    const browser = await launchChromium();
    await suite(browser);
    // Declared last, so that it comes first: a server with open connections would not stop.
    afterAll(() => browser.close());
  });
}
