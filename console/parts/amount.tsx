// An amount in the unit of the page, and the change of one.
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { formatAmount, formatChange } from '../format/amounts.ts';
import { UnitContext } from './context.ts';

interface AmountProps {
  readonly value: number | null | undefined;
  /** Whether the currency stands in front. */
  readonly hasSign?: boolean;
}

/** An amount. It is highlighted for a moment when it changes. */
export function Amount({ value, hasSign = false }: AmountProps) {
  const unit = useContext(UnitContext);
  const before = useRef(value);
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    const isChange = typeof before.current === 'number' && before.current !== value;
    before.current = value;
    if (isChange) setChanges((count) => count + 1);
  }, [value]);
  const text = formatAmount(value, unit);
  const isKnown = typeof value === 'number';
  return (
    <span
      key={changes}
      class={`amount private${changes > 0 ? ' changed' : ''}`}
      title={isKnown && unit !== 'rupee' ? `₹ ${formatAmount(value)}` : undefined}
    >
      {hasSign && isKnown ? <span class="sign">₹ </span> : null}
      {isKnown ? text : <Unknown />}
      {isKnown && hasSign && unit !== 'rupee' ? <span class="sign"> {unit}</span> : null}
    </span>
  );
}

function Unknown() {
  return (
    <>
      <span aria-hidden="true">–</span>
      <span class="unseen">not known</span>
    </>
  );
}

/** A change, with its sign and a word; nothing where there is none. */
export function Change({ value, since }: { readonly value: number; readonly since: string }) {
  const unit = useContext(UnitContext);
  const text = formatChange(value, unit);
  if (text === null) return null;
  return (
    <span class={`change ${value > 0 ? 'up' : 'down'}`}>
      <span class="private">{text}</span> since {since}
    </span>
  );
}
