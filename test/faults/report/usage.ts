// What a process uses: memory, processor time and open handles, as Linux tells it.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Resident memory of a process and its children, in megabytes. */
export function memoryOf(pid: number): number {
  const bytes = [pid, ...childrenOf(pid)].map((each) => {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readProcess(each, 'status'))?.[1] ?? '0';
    return Number(kilobytes);
  });
  return Math.round(bytes.reduce((sum, each) => sum + each, 0) / 1_024);
}

/** Open descriptors. */
export interface Handles {
  /** Sockets, files and pipes, without those below. */
  readonly own: number;
  /** Connections to the brokers: both sides keep idle ones for a while. */
  readonly toBrokers: number;
}

/** Open descriptors of a process and its children. @param brokerPorts where the brokers listen. */
export function handlesOf(pid: number, brokerPorts: readonly number[]): Handles {
  const links = [pid, ...childrenOf(pid)].flatMap((each) => descriptorsOf(each));
  const brokers = new Set(
    brokerPorts.map((port) => port.toString(16).toUpperCase().padStart(4, '0')),
  );
  const inodes = new Set<string>();
  for (const table of ['net/tcp', 'net/tcp6']) {
    for (const line of readProcess(pid, table).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (brokers.has(fields[2]?.split(':')[1] ?? '')) inodes.add(`socket:[${fields[9]}]`);
    }
  }
  const toBrokers = links.filter((link) => inodes.has(link)).length;
  return { own: links.length - toBrokers, toBrokers };
}

function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((name) => linkOf(`${folder}/${name}`));
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Processor time of a process and its children, in milliseconds. */
export function cpuOf(pid: number): number {
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
