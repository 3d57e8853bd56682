// The recording of the console: its story can still be played, and the file is the recording of this story.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { filmConsole, filmFile, filmSize } from '../support/browser/console-film.ts';
import { animatedWebp, describeWebp } from '../support/browser/film.ts';
import { describeWithChromium } from '../support/browser/with-chromium.ts';
import { afterPolls } from '../support/polls.ts';
import { freePorts } from '../support/processes/command.ts';
import { TestClock } from '../support/values/test-clock.ts';
import { apps, startWorld } from '../support/world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const clock = new TestClock();
const begin = Date.now();
const [port = 0] = await freePorts(1);
const home = `http://localhost:${port}/`;
const world = await startWorld(
  {
    publicUrl: home,
    apps: [{ ...apps[0], apiKey: 'simulator', name: 'Zerodha' }],
    console: true,
    clock,
    now: () => new Date(begin + clock.milliseconds()),
  },
  { redirectUrl: `${home}callback`, now: new Date(begin) },
  port,
);

describeWithChromium('the recording of the console', (browser) => {
  test('has the length and the size of its story, which can still be played', async () => {
    const { frames, complaints } = await filmConsole(browser, {
      home,
      payIn: world.payIn,
      untilPolled: (place) => afterPolls(clock, place),
    });
    expect(complaints).toEqual([]);
    const milliseconds = frames.reduce((sum, frame) => sum + frame.milliseconds, 0);
    expect(milliseconds).toBeGreaterThanOrEqual(10_000);
    expect(milliseconds).toBeLessThanOrEqual(15_000);
    const file = readFileSync(join(root, filmFile));
    expect(describeWebp(file)).toEqual({ ...filmSize, milliseconds });
    expect(file.length).toBeLessThan(1_500_000);
    // A browser can read what is made of the frames.
    const short = await animatedWebp(browser, frames.slice(0, 2));
    const page = await browser.newPage();
    const size = await page.evaluate(async (data) => {
      const image = new Image();
      image.src = `data:image/webp;base64,${data}`;
      await image.decode();
      return { width: image.naturalWidth, height: image.naturalHeight };
    }, short.toString('base64'));
    expect(size).toEqual(filmSize);
    await page.close();
  });
});
