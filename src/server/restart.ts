// Starting the command again in a process that makes no code from strings. V8 takes that flag at its start alone.
import { spawn } from 'node:child_process';
import cluster from 'node:cluster';
import { constants } from 'node:os';
import process from 'node:process';

/** The flag of Node that makes `eval` and `new Function` throw for every caller. */
const flag = '--disallow-code-generation-from-strings';
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;

/** Whether this process was started with the flag. */
export function isHardened(): boolean {
  // biome-ignore lint/style/noProcessEnv: it holds no setting of the gateway, but flags of Node itself.
  const given = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  return given.includes(flag);
}

/**
 * Goes on as the same command with the flag. Where the system can, this process becomes the new one and keeps its id;
 * elsewhere it starts a child, passes signals on to it, and ends as the child does.
 */
export function restartHardened(): void {
  const words = [flag, ...process.execArgv, ...process.argv.slice(1)];
  // biome-ignore lint/style/noProcessEnv: the same command goes on with all of it.
  const { NODE_CHANNEL_FD: _channel, ...environment } = process.env;
  if (typeof process.execve === 'function') {
    process.execve(process.execPath, [process.execPath, ...words], environment);
  }
  // Over the channel the child notices when this process is gone, also when it was killed.
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc'] as const;
  const child = spawn(process.execPath, words, { env: environment, stdio: [...stdio] });
  // A terminal sends its signals to both already; a second SIGINT would mean "now" to the child.
  const isForeground = process.stdin.isTTY === true;
  for (const signal of signals) {
    const isSentToBoth = isForeground && (signal === 'SIGINT' || signal === 'SIGQUIT');
    process.on(signal, () => isSentToBoth || child.kill(signal));
  }
  child.once('error', (error) => {
    process.stderr.write(`kite-graphql: Node.js cannot be started again: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
  });
}

/** Looks whether the parent is gone; undefined where that is of no interest. */
let watch: NodeJS.Timeout | undefined;

/**
 * Asks this process to stop when its parent is gone: the process that started it by `restartHardened`, or the shell of
 * `npx`, which ends at a signal without passing it on.
 */
export function stopWithParent(): void {
  // A worker of a cluster needs its channel to listen, and ends with its primary by itself.
  if (cluster.isWorker) return;
  const stop = () => process.kill(process.pid, 'SIGTERM');
  if (process.channel != null) {
    process.once('disconnect', stop);
    process.channel.unref();
  }
  // biome-ignore lint/style/noProcessEnv: it holds no setting of the gateway, but how npm started it.
  if (process.env.npm_command !== 'exec') return;
  const parent = process.ppid;
  watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    // A signal to the whole group ends the shell first, and is no second wish.
    watch = setTimeout(stop, 100).unref();
  }, 500).unref();
}

/** Asks for no stop any more when the parent is gone: one was asked for. */
export function stopWatchingParent(): void {
  clearInterval(watch);
}
