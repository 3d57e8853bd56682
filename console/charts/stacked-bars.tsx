// Available against used, each as a bar stacked of its components, on one scale. The table below it has the figures.

/** An amount of a segment. */
export interface Component {
  readonly name: string;
  readonly value: number | null | undefined;
  /** Its place in the bar, which decides its tint; -1 where it is no part of it. */
  readonly place: number;
}

/** The class of a component’s tint; empty where the bar does not show it: the table has it. */
export function tintOf(component: Component, tone: Tone): string {
  return isPart(component) ? `${tone} tint-${component.place}` : '';
}

type Tone = 'available' | 'spent';

interface StackedBarsProps {
  readonly available: readonly Component[];
  readonly used: readonly Component[];
}

const width = 1_000;
const gap = 3;

/** The two bars. Components below zero have no place in them: the table has them. */
export function StackedBars({ available, used }: StackedBarsProps) {
  const [above, below] = [partsOf(available), partsOf(used)];
  const scale = Math.max(total(above), total(below));
  if (scale === 0) return null;
  return (
    <div class="stacks" aria-hidden="true">
      <Stack name="Available" tone="available" parts={above} scale={scale} />
      <Stack name="Used" tone="spent" parts={below} scale={scale} />
    </div>
  );
}

interface StackProps {
  readonly name: string;
  readonly tone: Tone;
  readonly parts: readonly Part[];
  readonly scale: number;
}

function Stack({ name, tone, parts, scale }: StackProps) {
  let start = 0;
  const rects = parts.map((part) => {
    const length = (part.value / scale) * width;
    const x = start;
    start += length;
    return (
      <rect
        key={part.name}
        class={tintOf(part, tone)}
        x={x}
        width={Math.max(length - gap, 1)}
        height="20"
      >
        <title>{part.name}</title>
      </rect>
    );
  });
  return (
    <div class="stack">
      <span class="stack-name">{name}</span>
      <svg viewBox={`0 0 ${width} 20`} preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width={width} height="20" />
        {rects}
      </svg>
    </div>
  );
}

interface Part extends Component {
  readonly value: number;
}

function isPart(component: Component): component is Part {
  return component.place >= 0 && (component.value ?? 0) > 0;
}

function partsOf(components: readonly Component[]): readonly Part[] {
  return components.filter(isPart).toSorted((one, other) => one.place - other.place);
}

/** The length of a bar: no figure that is shown. */
function total(parts: readonly Part[]): number {
  return parts.reduce((sum, { value }) => sum + value, 0);
}
