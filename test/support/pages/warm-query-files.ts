// A process that prints the files of the project that execute while one warm query is answered, as a JSON array.
import { Session } from 'node:inspector/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGateway } from '../../../src/gateway.ts';
import { listen } from '../../../src/server/listen.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';

const simulator = await startSimulator({ port: 0, rateLimit: 0 });
const gateway = createGateway({
  apps: [{ apiKey: 'simulator', apiSecret: 'simulator-secret' }],
  kiteBaseUrl: simulator.url,
  kiteRateLimit: 0,
});
const server = await listen(gateway, '127.0.0.1', 0);

async function ask(): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${server.port}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      authorization: 'token simulator:SIM0001-token',
    },
    body: JSON.stringify({
      query: '{ account { user { userName } margins { equity { net } commodity { net } } } }',
    }),
  });
  const answer = await response.text();
  if (answer.includes('errors')) throw new Error(answer);
}

for (let times = 0; times < 20; times += 1) await ask();
const inspector = new Session();
inspector.connect();
await inspector.post('Profiler.enable');
await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
await inspector.post('Profiler.takePreciseCoverage');
await ask();
const { result } = await inspector.post('Profiler.takePreciseCoverage');
const src = fileURLToPath(new URL('../../../src/', import.meta.url));
const files = result
  .filter(({ url, functions }) => {
    const isExecuted = functions.some(({ ranges }) => ranges.some(({ count }) => count > 0));
    return isExecuted && url.startsWith('file:') && fileURLToPath(url).startsWith(src);
  })
  .map(({ url }) => relative(src, fileURLToPath(url)))
  .filter((file) => !file.startsWith('simulator/'));
process.stdout.write(JSON.stringify(files.sort()));
process.exit();
