// What a page shows only after the gateway has polled a broker.
import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import type { TestClock } from './values/test-clock.ts';

/** Lets the gateway poll until the page shows something. */
export async function afterPolls(clock: TestClock, place: Locator): Promise<void> {
  const poll = async () => {
    clock.advance(7);
    return place.isVisible();
  };
  await expect.poll(poll, { interval: 500, timeout: 30_000 }).toBe(true);
}
