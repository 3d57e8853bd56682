// A place that scrolls, by keys too.
import type { ComponentChildren } from 'preact';

interface ScrollProps {
  /** What it holds. */
  readonly label: string;
  readonly children: ComponentChildren;
}

/** The place. */
export function Scroll({ label, children }: ScrollProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, keys could not scroll.
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
