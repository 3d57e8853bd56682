// The audit log of AUDIT_LOG, opened and closed by the process; what goes wrong with it is in the log.
import type { Logger } from 'pino';
import { ConfigError } from '../config/config-error.ts';
import type { Limits } from '../limits.ts';
import { AuditFile } from './audit-file.ts';

const usualAdvice = 'Its folder must exist, and this user must be allowed to write there.';

/** What an operator can do, by the code of the system. */
const advice: Partial<Record<string, string>> = {
  ENOENT: 'Its folder does not exist. Create it, or set another path.',
  EACCES: 'This user may not write there. Give it the right to, or set another path.',
  EPERM: 'This user may not write there. Give it the right to, or set another path.',
  EISDIR: 'It is a folder. Set the path of a file.',
  ENOTDIR: 'A part of its path is a file. Set another path.',
  ENOTSUP: 'It is neither a file nor a device. Set the path of a file.',
  EROFS: 'Its file system is read-only. Set another path.',
  ENOSPC: 'The disk is full. Make room, or set another path.',
};

/** Opens the audit log, which SIGHUP opens again once a tool has renamed the file. @throws ConfigError where it cannot be. */
export async function openAuditFile(
  file: string | undefined,
  limits: Limits,
  log: Logger,
): Promise<AuditFile | null> {
  if (file === undefined) return null;
  const onFault = (code: string | null) => {
    if (code === null) log.info('The audit log is written again');
    else
      log.error(
        { code },
        'The audit log cannot be written: its events wait in memory, and from LIMIT_AUDIT_BYTES on what it has to record is refused',
      );
  };
  try {
    const opened = await AuditFile.open({ file, limits, onFault });
    process.on('SIGHUP', () => opened.reopen());
    return opened;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
    throw new ConfigError([
      `AUDIT_LOG: ${code}: the file cannot be opened. ${advice[code] ?? usualAdvice}`,
    ]);
  }
}

/** How many events the log is given at a time: what it holds in memory is bounded, and it drops what is beyond. */
const eventsAtOnce = 20;

/**
 * Closes the audit log. Events that its file does not take, as on a full disk, are in the log instead.
 * @param flush waits until the log is written, as long as that may take.
 */
export async function closeAuditFile(
  file: AuditFile | null,
  log: Logger,
  flush: () => Promise<void>,
): Promise<void> {
  const missing = (await file?.close()) ?? [];
  for (const [index, line] of missing.entries()) {
    log.error({ audit: JSON.parse(line) }, 'The audit log did not take this event');
    if (index % eventsAtOnce === eventsAtOnce - 1) await flush();
  }
  const lost = missing.length;
  if (lost > 0) log.error({ lost }, 'The audit log did not take these events');
}
