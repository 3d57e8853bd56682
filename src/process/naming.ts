// What an operator is told of a server that cannot listen.
import { ConfigError } from '../config/config-error.ts';

/** Says of a server that cannot listen which variable to change. */
export async function naming<T>(
  hostVariable: string,
  portVariable: string,
  { host = 'localhost', port }: { readonly host?: string | undefined; readonly port: number },
  listening: Promise<T>,
): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const faults: Partial<Record<string, string>> = {
      EADDRINUSE: `${portVariable}: port ${port} is in use on ${host}. Stop the process that listens there, or set another port.`,
      EACCES: `${portVariable}: this user may not listen on port ${port}. Set one above 1023.`,
      EADDRNOTAVAIL: `${hostVariable}: this machine has no address ${host}.`,
      ENOTFOUND: `${hostVariable}: the host name ${host} has no address.`,
      EAI_AGAIN: `${hostVariable}: the host name ${host} has no address.`,
      EINVAL: `${hostVariable}: ${host} is not an address to listen on.`,
    };
    const fault = faults[(error as NodeJS.ErrnoException).code ?? ''];
    throw fault === undefined ? error : new ConfigError([fault]);
  }
}
