// A real Chromium, where the machine has one.
import { type Browser, chromium } from 'playwright-core';
import { findCommand, searchPath } from '../processes/environment.ts';

const usual = ['/usr/bin', '/usr/local/bin', '/snap/bin', '/opt/google/chrome'];

/** The path of Chromium; null if it is not installed. */
export const chromiumPath = findCommand(
  ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
  [...searchPath, ...usual],
);

/** Starts Chromium, with everything off that would talk to the internet by itself. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? 'chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
