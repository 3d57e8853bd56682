// Who sent a request, as far as the connection and its headers tell.
import { isIP } from 'node:net';
import { z } from 'zod';
import type { DeviceHint } from '../keyring/device.ts';

const nodeContext = z.object({
  req: z.object({ socket: z.object({ remoteAddress: z.string().optional() }) }),
});

/**
 * The address and user agent of a request's sender.
 * @param serverContext what the server that mounts the gateway passes along; `node:http`'s request is looked for in it.
 * @param trustProxy whether the last address of X-Forwarded-For, which the nearest proxy wrote, is the sender's.
 */
export function senderOf(
  request: Request,
  serverContext: unknown,
  trustProxy: boolean,
): DeviceHint {
  const userAgent = request.headers.get('user-agent');
  const forwarded = request.headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() ?? '';
  if (trustProxy && isIP(forwarded) !== 0) return { ipAddress: forwarded, userAgent };
  const context = nodeContext.safeParse(serverContext);
  return { ipAddress: context.data?.req.socket.remoteAddress ?? null, userAgent };
}
