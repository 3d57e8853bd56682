// Net over the time that the page is open, as a line and as a table.
import { useContext } from 'preact/hooks';
import { formatAmount, unitNames } from '../format/amounts.ts';
import { formatClock } from '../format/times.ts';
import { UnitContext } from '../parts/context.ts';
import { Scroll } from '../parts/scroll.tsx';
import type { Point } from '../state/funds.ts';

interface NetLineProps {
  /** What the line is of. */
  readonly name: string;
  readonly points: readonly Point[];
  readonly now: number;
}

const width = 600;
const height = 96;
const margin = 8;

/** The line. With one figure there is nothing to draw yet. */
export function NetLine({ name, points, now }: NetLineProps) {
  const unit = useContext(UnitContext);
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last) return null;
  if (points.length < 2) {
    return <p class="hint">Net has not changed since {formatClock(first.at)}.</p>;
  }
  const nets = points.map(({ net }) => net);
  const [low, high] = [Math.min(...nets), Math.max(...nets)];
  // Some of the present is seen behind the last change.
  const end = Math.max(now, last.at + (last.at - first.at) / 16);
  const xOf = (at: number) => ((at - first.at) / Math.max(end - first.at, 1)) * (width - margin);
  const yOf = (net: number) =>
    height - margin - ((net - low) / Math.max(high - low, 0.01)) * (height - 2 * margin);
  // Net stays as it is until it changes.
  const steps = points.map(({ at, net }, index) =>
    index === 0 ? `M0 ${yOf(net)}` : `H${xOf(at).toFixed(1)}V${yOf(net).toFixed(1)}`,
  );
  const path = `${steps.join('')}H${xOf(end).toFixed(1)}`;
  return (
    <figure class="line">
      <figcaption>
        Net since {formatClock(first.at)}: {points.length - 1}{' '}
        {points.length === 2 ? 'change' : 'changes'} while this page is open
      </figcaption>
      <div class="line-chart">
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="line-area" d={`${path}V${height}H0Z`} />
          <path class="line-path" d={path} />
        </svg>
        <span class="line-scale private" aria-hidden="true">
          <span>{formatAmount(high, unit)}</span>
          <span>{formatAmount(low, unit)}</span>
        </span>
      </div>
      <details>
        <summary>Figures of the line</summary>
        <Scroll label={`Net of ${name} over time`}>
          <table class="figures">
            <caption class="unseen">Net of {name} while this page is open</caption>
            <thead>
              <tr>
                <th scope="col">Time (IST)</th>
                <th scope="col">Net ({unitNames[unit]})</th>
              </tr>
            </thead>
            <tbody>
              {points.toReversed().map(({ at, net }) => (
                <tr key={at}>
                  <td>{formatClock(at)}</td>
                  <td class="private">{formatAmount(net, unit)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </figure>
  );
}
