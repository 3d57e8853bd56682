// What each kind of fault does to a request.
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, headersOf, jsonReply, type Reply, send } from '../reply.ts';
import { withFields, withoutFields, withWrongTypes } from './distortion.ts';
import type { Fault } from './fault.ts';
import type { FaultWords } from './fault-words.ts';

/** Waits, without keeping a process alive for it. */
export function pause(milliseconds: number): Promise<void> {
  return sleep(milliseconds, undefined, { ref: false });
}

/**
 * Answers a request as its fault wants it, or not at all.
 * @param truth Does what was asked and gives the true answer. Only the kinds that show some of that answer
 * call it: under the others a request has no effect, as if it had never come through.
 * @param words how the broker that was asked words its failures.
 */
export async function misbehave(
  fault: Fault,
  truth: () => Answer,
  outgoing: ServerResponse,
  words: FaultWords,
): Promise<void> {
  const answer = (given: Answer) => send(outgoing, jsonReply(given));
  switch (fault.kind) {
    case 'delay':
      await pause(fault.delayMilliseconds);
      return answer(truth());
    case 'hang':
      return;
    case 'reset':
      outgoing.socket?.resetAndDestroy();
      return;
    case 'reset-in-body':
      return breakOff(outgoing, jsonReply(truth()));
    case 'too-many-requests':
      return answer(words.tooManyRequests);
    case 'internal-error':
      return answer(words.internalError);
    case 'service-unavailable':
      return answer(words.serviceUnavailable);
    case 'gateway-timeout':
      return answer(words.gatewayTimeout);
    case 'bad-gateway-html':
      return send(outgoing, htmlReply(502, '502 Bad Gateway'));
    case 'html':
      return send(outgoing, htmlReply(200, 'Under maintenance'));
    case 'empty':
      return send(outgoing, { status: 200, contentType: 'application/json', text: '' });
    case 'broken-json': {
      const reply = jsonReply(truth());
      return send(outgoing, { ...reply, status: 200, text: firstHalf(reply.text) });
    }
    case 'missing-content-type':
      return send(outgoing, { ...jsonReply(truth()), contentType: null });
    case 'missing-error-type':
      return answer(words.missingErrorType);
    case 'error-envelope':
      return answer(words.reported(fault));
    case 'wrong-types':
      return answer(
        fault.fields
          ? withFields(truth(), fault.fields, words.dataOf)
          : withWrongTypes(truth(), words.dataOf),
      );
    case 'missing-fields':
      return answer(withoutFields(truth(), fault.fields, words.dataOf));
  }
}

function htmlReply(status: number, title: string): Reply {
  const text = `<html>
<head><title>${title}</title></head>
<body><center><h1>${title}</h1></center><hr><center>nginx</center></body>
</html>
`;
  return { status, contentType: 'text/html', text };
}

function firstHalf(text: string): string {
  return text.slice(0, Math.floor(text.length / 2));
}

function breakOff(outgoing: ServerResponse, reply: Reply): Promise<void> {
  if (outgoing.destroyed) return Promise.resolve();
  outgoing.writeHead(reply.status, headersOf(reply));
  return new Promise((resolve) => {
    // Only once the first half is out of our hands, or the client might see none of it.
    outgoing.write(firstHalf(reply.text), () => {
      outgoing.destroy();
      resolve();
    });
  });
}
