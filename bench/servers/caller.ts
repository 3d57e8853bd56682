// Calls upstream through one of the gateway's transports, 32 calls at a time, when the bench asks it to.
import { kiteWire } from '../../src/brokers/kite/client.ts';
import { gotTransport } from '../../src/brokers/upstream/got-transport.ts';
import { Deadline } from '../../src/brokers/upstream/operation.ts';
import { Secret } from '../../src/brokers/upstream/secret.ts';
import { undiciTransport } from '../../src/brokers/upstream/undici-transport.ts';
import { answerParent, tell } from '../processes/messages.ts';

const [, , name, upstream = ''] = process.argv;
const options = {
  wire: kiteWire,
  baseUrl: new URL(upstream),
  timeoutMilliseconds: 7_000,
  maxBodyBytes: 200_000,
};
const send = name === 'got' ? gotTransport(options) : undiciTransport(options).send;
const credential = { apiKey: 'bench', accessToken: new Secret('t0000000000') };

answerParent({
  /** Calls for so many milliseconds. Answers how many calls it made, and the microseconds of CPU that they took. */
  async call(milliseconds): Promise<{ calls: number; cpu: number }> {
    const end = performance.now() + Number(milliseconds);
    const before = process.cpuUsage();
    let calls = 0;
    const one = async () => {
      while (performance.now() < end) {
        const operation = new Deadline(30_000);
        await send(
          { method: 'GET', path: '/user/profile', apiKey: 'bench', credential },
          operation,
        );
        operation.end();
        calls += 1;
      }
    };
    await Promise.all(Array.from({ length: 32 }, one));
    const { user, system } = process.cpuUsage(before);
    return { calls, cpu: user + system };
  },
});
tell('ready');
