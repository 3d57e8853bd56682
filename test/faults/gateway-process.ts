// The built command with a simulated Kite behind it, each a process of its own, and a user who asks all the while.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, inject } from 'vitest';
import { freePorts, run, simulatorSettings } from '../support/command.ts';
import type { FaultRow } from './print-table.ts';

const command = fileURLToPath(new URL('../../dist/command.js', import.meta.url));
/** Bytes that the process may keep after a fault: heaps grow to what they once needed, and give it back slowly. */
const keptMegabytes = 200;

/** What a fault came to. */
export interface Outcome {
  /** How many requests got which answer. */
  readonly answers: ReadonlyMap<string, number>;
}

/** A gateway under test. */
export type GatewayProcess = Awaited<ReturnType<typeof startGatewayProcess>>;

/** Starts the built command in production with one app, on a simulated Kite that keeps its real rate limit. */
export async function startGatewayProcess(env: Readonly<Record<string, string>> = {}) {
  if (!existsSync(command)) throw new Error('There is no dist/: run npm run build first.');
  const [port = 0, simulatorPort = 0] = await freePorts(2);
  const simulator = run({
    program: [process.execPath, command],
    words: ['simulator'],
    env: { SIMULATOR_PORT: `${simulatorPort}` },
  });
  await simulator.said(/Ctrl-C/);
  const simulatorUrl = `http://127.0.0.1:${simulatorPort}`;
  const gateway = run({
    program: [process.execPath, command],
    env: {
      NODE_ENV: 'production',
      PORT: `${port}`,
      ...simulatorSettings(simulatorUrl),
      LOG_LEVEL: 'warn',
      // Each sender says which address it has, as behind a proxy.
      TRUST_PROXY: 'true',
      // A heap that is a fraction of Node's own bound: what needs more ends the process, and garbage goes sooner.
      NODE_OPTIONS: '--max-old-space-size=192',
      ...env,
    },
  });
  await gateway.said(/Ctrl-C/);
  const pid = gateway.process.pid ?? 0;
  const url = `http://127.0.0.1:${port}/graphql`;

  async function brokerCalls(): Promise<number> {
    const response = await fetch(`${simulatorUrl}/simulator/requests`);
    const { requests } = (await response.json()) as { requests: readonly unknown[] };
    await fetch(`${simulatorUrl}/simulator/requests`, { method: 'DELETE' });
    return requests.length;
  }

  /**
   * Runs an abuse while a user beside it asks for an account five times a second, and notes what it cost. Fails when the
   * process ends, when a query of the user's fails, or when memory does not come back.
   */
  async function during(sent: string, abuse: () => Promise<ReadonlyMap<string, number>>) {
    await userQuery(url);
    await brokerCalls();
    const memoryBefore = memoryOf(pid);
    const cpuBefore = cpuOf(pid);
    let peak = memoryBefore;
    let isOver = false;
    const watch = (async () => {
      while (!isOver) {
        peak = Math.max(peak, memoryOf(pid));
        await sleep(50);
      }
    })();
    const waits: number[] = [];
    const failures: string[] = [];
    const user = (async () => {
      do {
        const began = performance.now();
        const failure = await userQuery(url);
        waits.push(performance.now() - began);
        if (failure !== null) failures.push(failure);
        await sleep(200);
      } while (!isOver);
    })();
    const answers = await abuse();
    isOver = true;
    await Promise.all([watch, user]);
    expect(gateway.process.exitCode).toBe(null);
    const calls = await brokerCalls();
    const cpu = cpuOf(pid) - cpuBefore;
    for (let looks = 0; looks < 60 && memoryOf(pid) > memoryBefore + keptMegabytes; looks += 1) {
      // Garbage is collected when a process is idle, or when ordinary requests allocate again.
      if (looks % 10 === 9) await userQuery(url);
      await sleep(500);
    }
    const row: FaultRow = {
      sent,
      answered: [...answers].map(([answer, count]) => `${count} × ${answer}`).join(', '),
      brokerCalls: calls,
      cpuMilliseconds: Math.round(cpu),
      peakMegabytes: peak,
      userAnswers: `${waits.length - failures.length} of ${waits.length}`,
      userSlowestMilliseconds: Math.round(Math.max(...waits)),
      memoryBefore,
      memoryAfter: memoryOf(pid),
    };
    appendFileSync(inject('faultRows'), `${JSON.stringify(row)}\n`);
    expect(failures).toEqual([]);
    expect(row.memoryAfter).toBeLessThanOrEqual(memoryBefore + keptMegabytes);
    return row;
  }

  return { ...gateway, port, url, pid, simulatorUrl, during, brokerCalls };
}

/** Asks for one account as an ordinary user does; the failure, or null. */
async function userQuery(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: 'token simulator:SIM0001-token',
        'x-forwarded-for': '198.51.100.1',
      },
      body: JSON.stringify({ query: '{ account { user { userId } } }' }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    return text.includes('"userId":"SIM0001"') ? null : `${response.status} ${text.slice(0, 300)}`;
  } catch (error) {
    return String(error);
  }
}

/** Resident memory of a process and its children, in megabytes. */
function memoryOf(pid: number): number {
  const bytes = [pid, ...childrenOf(pid)].map((each) => {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readProcess(each, 'status'))?.[1] ?? '0';
    return Number(kilobytes);
  });
  return Math.round(bytes.reduce((sum, each) => sum + each, 0) / 1_024);
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Processor time of a process and its children, in milliseconds. */
function cpuOf(pid: number): number {
  const ticks = [pid, ...childrenOf(pid)].map((each) => {
    const fields = readProcess(each, 'stat').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  });
  return (ticks.reduce((sum, each) => sum + each, 0) / ticksPerSecond) * 1_000;
}

function childrenOf(pid: number): number[] {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const text = tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'));
    return text.join(' ').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
