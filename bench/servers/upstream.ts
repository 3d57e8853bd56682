// The upstream: constant JSON for /user/profile and /user/margins, as cheap as a socket allows, so that it is never
// what is measured. It keeps connections alive, counts calls, and can be told to wait before it answers.
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { envelope, marginsOf, profile, variants } from '../kite.ts';
import { answerParent, tell } from '../messages.ts';

const profileAnswer = response(envelope(profile));
const marginsAnswers = Array.from({ length: variants }, (_, variant) =>
  response(envelope(marginsOf(variant))),
);
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
    for (let end = rest.indexOf('\r\n\r\n'); end !== -1; end = rest.indexOf('\r\n\r\n')) {
      respond(socket, answerTo(rest.slice(0, end)));
      rest = rest.slice(end + 4);
    }
  });
  // A client that is killed in the middle is no fault of ours.
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => tell((server.address() as AddressInfo).port));

function answerTo(head: string): Buffer {
  calls += 1;
  if (head.startsWith('GET /user/profile ')) return profileAnswer;
  if (!head.startsWith('GET /user/margins ')) return notFound;
  const [, lastDigit] = /^authorization: token \S*(\d)$/im.exec(head) ?? [];
  return marginsAnswers[Number(lastDigit)] ?? notFound;
}

function respond(socket: Socket, answer: Buffer): void {
  if (latencyMilliseconds === 0) socket.write(answer);
  else setTimeout(() => socket.write(answer), latencyMilliseconds);
}

function response(body: string, status = '200 OK'): Buffer {
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  return Buffer.from(`${head}\r\n\r\n${body}`);
}
