#!/usr/bin/env node
// The command. It checks Node's version before it loads anything that an older one could not read, and sees to it that
// the process that does the work makes no code from strings.
import process from 'node:process';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if ((major === 22 && minor >= 18) || major === 24 || major >= 26) {
  const { isHardened, restartHardened, stopWithParent } = await import('./server/restart.ts');
  if (isHardened()) {
    stopWithParent();
    const { main } = await import('./main.ts');
    await main(process.argv.slice(2));
  } else restartHardened();
} else {
  process.stderr.write(
    `kite-graphql needs Node.js 22.18 or later, 24, or 26 and later; this is ${process.versions.node}.\n`,
  );
  process.exitCode = 1;
}
