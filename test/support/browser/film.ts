// A recording of a page: pictures, each with its time, and a pointer; together an animated WebP, without other programs.
import type { Browser, Locator, Page } from 'playwright-core';

/** One picture of a recording. */
export interface Frame {
  /** The page, as PNG. Frames in which only the pointer moves share it. */
  readonly picture: Buffer;
  readonly pointer: { readonly x: number; readonly y: number; readonly isDown: boolean };
  readonly milliseconds: number;
}

/** Records what a story does with a page. The time of a frame is the story's, however slow the machine is. */
export class Film {
  readonly frames: Frame[] = [];
  readonly #page: Page;
  #pointer = { x: 640, y: 420, isDown: false };

  constructor(page: Page) {
    this.#page = page;
  }

  /** Shows the page as it is now. */
  async show(milliseconds: number): Promise<void> {
    const picture = await this.#page.screenshot({ animations: 'disabled', caret: 'hide' });
    this.#add(picture, milliseconds);
  }

  /** Leads the pointer to a place and presses it. */
  async click(place: Locator): Promise<void> {
    await place.scrollIntoViewIfNeeded();
    const box = await place.boundingBox();
    const picture = this.frames.at(-1)?.picture;
    if (box === null || picture === undefined) throw new Error('The film has nothing to press yet');
    const from = this.#pointer;
    const to = { x: box.x + Math.min(box.width / 2, 60), y: box.y + box.height / 2 };
    const steps = 8;
    for (let step = 1; step <= steps; step += 1) {
      // Slow at both ends.
      const part = (1 - Math.cos((Math.PI * step) / steps)) / 2;
      const x = Math.round(from.x + (to.x - from.x) * part);
      const y = Math.round(from.y + (to.y - from.y) * part);
      this.#pointer = { x, y, isDown: false };
      this.#add(picture, 50);
    }
    this.#pointer = { ...this.#pointer, isDown: true };
    this.#add(picture, 150);
    this.#pointer = { ...this.#pointer, isDown: false };
    await place.click();
  }

  #add(picture: Buffer, milliseconds: number): void {
    this.frames.push({ picture, pointer: this.#pointer, milliseconds });
  }
}

interface Piece {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly milliseconds: number;
  /** A still WebP, in base64. */
  readonly webp: string;
}

/** Puts the frames together, without loss. A frame holds only the rectangle that changed. */
export async function animatedWebp(browser: Browser, frames: readonly Frame[]): Promise<Buffer> {
  const page = await browser.newPage();
  const pieces: Piece[] = [];
  for (const { picture, pointer, milliseconds } of frames) {
    const changed = await page.evaluate(drawFrame, { png: picture.toString('base64'), pointer });
    if (changed !== null) pieces.push({ ...changed, milliseconds });
    const last = pieces.at(-1);
    if (changed === null && last !== undefined)
      pieces[pieces.length - 1] = { ...last, milliseconds: last.milliseconds + milliseconds };
  }
  await page.close();
  const [{ width = 0, height = 0 } = {}] = pieces;
  const head = Buffer.concat([
    Buffer.from([2, 0, 0, 0]),
    number24(width - 1),
    number24(height - 1),
  ]);
  const endless = Buffer.alloc(6, 0);
  const chunks = [chunk('VP8X', head), chunk('ANIM', endless), ...pieces.map(frameChunk)];
  const body = Buffer.concat([Buffer.from('WEBP'), ...chunks]);
  return chunk('RIFF', body);
}

/** Draws a frame in the browser. @returns what differs from the frame before; null where nothing does. */
async function drawFrame(frame: { png: string; pointer: Frame['pointer'] }) {
  const { pointer } = frame;
  const picture = await createImageBitmap(
    await (await fetch(`data:image/png;base64,${frame.png}`)).blob(),
  );
  const { width, height } = picture;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (context === null) throw new Error('no canvas');
  context.drawImage(picture, 0, 0);
  context.translate(pointer.x, pointer.y);
  if (pointer.isDown) {
    context.fillStyle = '#f9731655';
    context.beginPath();
    context.arc(0, 0, 16, 0, 7);
    context.fill();
  }
  const arrow = new Path2D('M0 0 V17 L4 13.5 L6.6 19.4 L9.4 18.2 L6.8 12.4 H12 Z');
  context.lineWidth = 2.5;
  context.strokeStyle = 'white';
  context.stroke(arrow);
  context.fillStyle = 'black';
  context.fill(arrow);
  const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  const store: { before?: Uint32Array } = globalThis as never;
  const { before } = store;
  store.before = pixels;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let index = 0; index < pixels.length; index += 1) {
    if (before?.[index] === pixels[index]) continue;
    const [x, y] = [index % width, Math.floor(index / width)];
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    bottom = y;
  }
  if (right < 0) return null;
  // The format counts places in twos.
  left -= left % 2;
  top -= top % 2;
  const part = new OffscreenCanvas(right - left + 1, bottom - top + 1);
  part.getContext('2d', { alpha: false })?.drawImage(canvas, -left, -top);
  const bytes = new Uint8Array(
    await (await part.convertToBlob({ type: 'image/webp', quality: 1 })).arrayBuffer(),
  );
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return { x: left, y: top, width: part.width, height: part.height, webp: btoa(text) };
}

function frameChunk({ x, y, width, height, milliseconds, webp }: Piece): Buffer {
  const place = [x / 2, y / 2, width - 1, height - 1, milliseconds].map(number24);
  const image = chunksOf(Buffer.from(webp, 'base64')).filter(({ name }) => /^VP8[ L]$/.test(name));
  const data = image.map(({ name, body }) => chunk(name, body));
  // Neither blended with the picture below, nor taken away after its time.
  return chunk('ANMF', Buffer.concat([...place, Buffer.from([2]), ...data]));
}

function chunk(name: string, body: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(body.length);
  return Buffer.concat([Buffer.from(name), size, body, Buffer.alloc(body.length % 2)]);
}

function number24(value: number): Buffer {
  const bytes = Buffer.alloc(3);
  bytes.writeUIntLE(value, 0, 3);
  return bytes;
}

function chunksOf(webp: Buffer): { name: string; body: Buffer }[] {
  const chunks: { name: string; body: Buffer }[] = [];
  for (let at = 12; at + 8 <= webp.length; ) {
    const size = webp.readUInt32LE(at + 4);
    chunks.push({
      name: webp.toString('latin1', at, at + 4),
      body: webp.subarray(at + 8, at + 8 + size),
    });
    at += 8 + size + (size % 2);
  }
  return chunks;
}

/** What an animated WebP says of itself. */
export function describeWebp(webp: Buffer) {
  const chunks = chunksOf(webp);
  const head = chunks.find(({ name }) => name === 'VP8X')?.body ?? Buffer.alloc(10);
  const frames = chunks.filter(({ name }) => name === 'ANMF');
  return {
    width: head.readUIntLE(4, 3) + 1,
    height: head.readUIntLE(7, 3) + 1,
    milliseconds: frames.reduce((sum, { body }) => sum + body.readUIntLE(12, 3), 0),
  };
}
