// Bar charts as SVG: a few bars with their spreads, on a ground of their own, legible on light pages and on dark ones.
import type { Spread } from '../statistics.ts';

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly value: Spread;
  /** What is written at its end. */
  readonly text: string;
  /** Whether it is what the chart is about. */
  readonly isOurs: boolean;
}

/** A chart of horizontal bars. */
export interface BarChart {
  readonly title: string;
  /** Under the title: what the numbers are. */
  readonly subtitle: string;
  readonly bars: readonly Bar[];
  /** A value that is aimed at, marked by a line, and the words for it. */
  readonly aim?: { readonly value: number; readonly text: string };
}

const size = { width: 720, right: 110, top: 76, row: 34, bar: 20 };
/** About as wide as a letter of a label is at most. */
const letter = 8.2;

const style = `
  .ground { fill: #ffffff; stroke: #d0d7de }
  text { font: 14px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 17px; font-weight: 600 }
  .quiet { fill: #59636e; font-size: 13px }
  .bar { fill: #9aa4af }
  .ours { fill: #1a7f64 }
  .spread { stroke: #1f2328; stroke-width: 1.5 }
  .aim { stroke: #bc4c00; stroke-width: 1.5; stroke-dasharray: 4 4 }
  .aim-text { fill: #bc4c00; font-size: 13px }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; stroke: #3d444d }
    text { fill: #f0f6fc }
    .quiet { fill: #9198a1 }
    .bar { fill: #59636e }
    .ours { fill: #3fb58f }
    .spread { stroke: #f0f6fc }
    .aim { stroke: #f0883e }
    .aim-text { fill: #f0883e }
  }`;

/** Draws it. */
export function barChart({ title, subtitle, bars, aim }: BarChart): string {
  const most = Math.max(
    ...bars.map(({ value }) => Math.max(value.median, value.high)),
    aim?.value ?? 0,
  );
  const left = round(24 + letter * Math.max(...bars.map(({ label }) => label.length)));
  const room = size.width - left - size.right;
  const x = (value: number) => round(left + (value / most) * room);
  const height = size.top + bars.length * size.row + (aim ? 34 : 14);
  const bottom = size.top + bars.length * size.row;
  const rows = bars.map(({ label, value, text, isOurs }, index) => {
    const top = size.top + index * size.row;
    const middle = top + size.bar / 2;
    const end = x(value.median);
    return [
      `<text x="${round(left - 10)}" y="${middle + 5}" text-anchor="end"${isOurs ? ' font-weight="600"' : ''}>${escaped(label)}</text>`,
      `<rect class="${isOurs ? 'ours' : 'bar'}" x="${left}" y="${top}" width="${round(end - left)}" height="${size.bar}" rx="2"/>`,
      `<line class="spread" x1="${x(value.low)}" x2="${x(value.high)}" y1="${middle}" y2="${middle}"/>`,
      `<text x="${Math.max(end, x(value.high)) + 8}" y="${middle + 5}">${escaped(text)}</text>`,
    ].join('\n');
  });
  const mark = aim && [
    `<line class="aim" x1="${x(aim.value)}" x2="${x(aim.value)}" y1="${size.top - 8}" y2="${bottom}"/>`,
    `<text class="aim-text" x="${x(aim.value)}" y="${bottom + 16}" text-anchor="middle">${escaped(aim.text)}</text>`,
  ];
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${style}\n</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${size.width - 1}" height="${height - 1}" rx="6"/>`,
    `<text class="title" x="20" y="32">${escaped(title)}</text>`,
    `<text class="quiet" x="20" y="54">${escaped(subtitle)}</text>`,
    ...rows,
    ...(mark ?? []),
    '</svg>',
  ].join('\n')}\n`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
