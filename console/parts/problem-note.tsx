// An error in words for people: what happened, what to do, a retry where it helps, and the request id to copy.
import { wordsFor } from '../format/words.ts';
import type { Problem } from '../state/gateway.ts';
import { CopyButton } from './copy-button.tsx';

interface ProblemNoteProps {
  readonly problem: Problem;
  /** Tries again; shown where that may help. */
  readonly onRetry?: (() => void) | undefined;
  /** Said before the rest, such as the time of older figures. */
  readonly lead?: string | undefined;
}

/** The note. */
export function ProblemNote({ problem, onRetry, lead }: ProblemNoteProps) {
  const { code, retryable, requestId } = problem;
  const { title, advice } = wordsFor(code);
  return (
    <div class="problem">
      <p>
        <strong>{title}.</strong> {advice} {lead}
      </p>
      <p class="problem-actions">
        {onRetry && retryable && (
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        )}
        <code>{code}</code>
        {requestId && <CopyButton text={requestId}>Copy request id</CopyButton>}
      </p>
    </div>
  );
}
