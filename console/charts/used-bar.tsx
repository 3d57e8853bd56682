// How much of a segment's money is used, as a bar with its figure.
import { formatShare } from '../format/amounts.ts';

interface UsedBarProps {
  /** From 0 to 1; null where it is not known. */
  readonly share: number | null;
}

/** The bar. The words beside it say what it shows. */
export function UsedBar({ share }: UsedBarProps) {
  if (share === null) return null;
  return (
    <span class="used">
      <svg class="used-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="8" />
        <rect class={share >= 0.8 ? 'fill high' : 'fill'} width={share * 100} height="8" />
      </svg>
      <span>{formatShare(share)} used</span>
    </span>
  );
}
