// Available against used, each as a bar stacked of its components, on one scale. The table below it has the figures.

/** A component of a bar. */
export interface Component {
  readonly name: string;
  readonly value: number | null;
}

interface StackedBarsProps {
  readonly available: readonly Component[];
  readonly used: readonly Component[];
}

const width = 1_000;
const gap = 3;

/** The two bars. Components below zero have no place in them: the table has them. */
export function StackedBars({ available, used }: StackedBarsProps) {
  const [above, below] = [positive(available), positive(used)];
  const scale = Math.max(total(above), total(below));
  if (scale === 0) return null;
  return (
    <div class="stacks" aria-hidden="true">
      <Stack name="Available" tone="available" components={above} scale={scale} />
      <Stack name="Used" tone="spent" components={below} scale={scale} />
    </div>
  );
}

interface StackProps {
  readonly name: string;
  readonly tone: 'available' | 'spent';
  readonly components: readonly PositiveComponent[];
  readonly scale: number;
}

function Stack({ name, tone, components, scale }: StackProps) {
  let start = 0;
  const parts = components.map(({ name: part, value, index }) => {
    const length = (value / scale) * width;
    const rect = (
      <rect
        key={part}
        class={`${tone} tint-${index % 6}`}
        x={start}
        width={Math.max(length - gap, 1)}
        height="20"
      >
        <title>{part}</title>
      </rect>
    );
    start += length;
    return rect;
  });
  return (
    <div class="stack">
      <span class="stack-name">{name}</span>
      <svg viewBox={`0 0 ${width} 20`} preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width={width} height="20" />
        {parts}
      </svg>
    </div>
  );
}

interface PositiveComponent {
  readonly name: string;
  readonly value: number;
  /** Its place among all components, which decides its tint. */
  readonly index: number;
}

function positive(components: readonly Component[]): readonly PositiveComponent[] {
  return components.flatMap(({ name, value }, index) =>
    value !== null && value > 0 ? [{ name, value, index }] : [],
  );
}

/** The length of a bar: no figure that is shown. */
function total(components: readonly PositiveComponent[]): number {
  return components.reduce((sum, { value }) => sum + value, 0);
}
