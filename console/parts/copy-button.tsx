// A button that copies a text, and says so.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

interface CopyButtonProps {
  readonly text: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** Copies the text to the clipboard. */
export function CopyButton({ text, class: className = 'quiet', children }: CopyButtonProps) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (said === '') return;
    const timer = setTimeout(() => setSaid(''), 2_500);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () =>
    setSaid((await copyText(text)) ? 'Copied' : 'The browser does not allow it');
  return (
    <button type="button" class={className} onClick={() => void copy()}>
      {said === '' ? children : said}
      <span class="unseen" role="status">
        {said}
      </span>
    </button>
  );
}

/** Copies a text. @returns whether the browser allowed it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
