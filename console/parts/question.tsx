// The question before a logout, in place of the button that asks for it.
import type { ComponentChildren, RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface QuestionProps {
  /** The question, for screen readers. */
  readonly title: string;
  /** What happens. */
  readonly children: ComponentChildren;
  /** What the button that does it says. */
  readonly yes: string;
  readonly isBusy: boolean;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

/** What a logout adds where it is the last of this browser. */
export const forgetsWords =
  'No login is left in this browser then, so the gateway forgets this list, with its labels.';

/** The question. It takes the focus; Escape is a no. */
export function Question({ title, children, yes, isBusy, onYes, onNo }: QuestionProps) {
  const button = useRef<HTMLButtonElement>(null);
  // Once: figures that change meanwhile must not take the focus from the other button.
  useLayoutEffect(() => button.current?.focus(), []);
  return (
    <fieldset class="actions question" onKeyDown={({ key }) => key === 'Escape' && onNo()}>
      <legend class="unseen">{title}</legend>
      <p class="question-words">{children}</p>
      <button ref={button} type="button" class="danger" disabled={isBusy} onClick={onYes}>
        {isBusy ? 'Logging out…' : yes}
      </button>
      <button type="button" onClick={onNo}>
        Stay logged in
      </button>
    </fieldset>
  );
}

/**
 * Brings the focus back when a question or a form is done: to the button in the root that asked for it (`data-asks`), or
 * to a heading where the button is gone.
 * @param asked what is asked now. @param heading the id of the heading. @returns the ref of the root.
 */
export function useFocusBack(
  asked: string | null,
  heading: string,
): RefObject<HTMLDivElement | null> {
  const root = useRef<HTMLDivElement>(null);
  const before = useRef(asked);
  useLayoutEffect(() => {
    if (asked === null && before.current !== null) {
      const button = root.current?.querySelector<HTMLElement>(`[data-asks="${before.current}"]`);
      (button ?? document.getElementById(heading))?.focus();
    }
    before.current = asked;
  }, [asked, heading]);
  return root;
}
