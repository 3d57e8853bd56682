// The upstream: constant JSON for Kite's endpoints, as cheap as a socket allows, so that it is never what is measured.
// It keeps connections alive, counts calls, refuses some credentials, and can be told to wait before it answers.
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { envelope, marginsOf, profile, refusal, sessionFor, variants } from '../kite.ts';
import { refusedPrefix } from '../load/question.ts';
import { answerParent, tell } from '../processes/messages.ts';

const profileAnswer = response(envelope(profile));
const marginsAnswers = Array.from({ length: variants }, (_, variant) =>
  response(envelope(marginsOf(variant))),
);
const doneAnswer = response(envelope(true));
const refused = response(refusal, '403 Forbidden');
const notFound = response('{}', '404 Not Found');

let latencyMilliseconds = 0;
let calls = 0;

answerParent({
  /** Sets how long each answer is held back, in milliseconds. */
  latency(value) {
    latencyMilliseconds = Number(value);
  },
  /** How many calls have come since this was last asked. */
  calls() {
    const counted = calls;
    calls = 0;
    return counted;
  },
});

const server = createServer({ noDelay: true }, (socket) => {
  let rest = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    rest += text;
    for (let end = endOf(rest); end !== -1; end = endOf(rest)) {
      respond(socket, answerTo(rest.slice(0, end)));
      rest = rest.slice(end);
    }
  });
  // A client that is killed in the middle is no fault of the upstream.
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => tell((server.address() as AddressInfo).port));

/** Where the first request ends, its body included; -1 where it is not complete. Only a login has a body. */
function endOf(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head === -1 || !text.startsWith('POST ')) return head === -1 ? -1 : head + 4;
  const [, length] = /^content-length: *(\d+)/im.exec(text.slice(0, head)) ?? [];
  const end = head + 4 + Number(length ?? 0);
  return text.length < end ? -1 : end;
}

const credential = new RegExp(`^authorization: token [^:]*:(${refusedPrefix})?\\S*(\\d)\\r$`, 'im');

function answerTo(request: string): Buffer {
  calls += 1;
  if (request.startsWith('POST /session/token ')) return sessionAnswer(request);
  const [, isRefused, lastDigit] = credential.exec(request) ?? [];
  if (isRefused !== undefined) return refused;
  if (request.startsWith('GET /user/profile ')) return profileAnswer;
  if (request.startsWith('GET /user/margins ')) {
    return marginsAnswers[Number(lastDigit)] ?? notFound;
  }
  return request.startsWith('DELETE /session/token?') ? doneAnswer : notFound;
}

/** The session for a request token, which is a number. */
function sessionAnswer(request: string): Buffer {
  const [, number] = /\brequest_token=(\d+)/.exec(request) ?? [];
  return number === undefined ? notFound : response(envelope(sessionFor(number)));
}

function respond(socket: Socket, answer: Buffer): void {
  if (latencyMilliseconds === 0) socket.write(answer);
  else setTimeout(() => socket.write(answer), latencyMilliseconds);
}

function response(body: string, status = '200 OK'): Buffer {
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  return Buffer.from(`${head}\r\n\r\n${body}`);
}
