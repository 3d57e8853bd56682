// The control API: sets the clock, causes faults, shows the log. Not part of any broker; for tests and demonstrations.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { readText } from '../body.ts';
import { faultSchema } from '../faults/fault.ts';
import type { Kite } from '../kite/kite.ts';
import { userNumberOf } from '../kite/users.ts';
import type { Kotak } from '../kotak/kotak.ts';
import { kotakApp, kotakUser } from '../kotak/users.ts';
import type { Pages } from '../page.ts';
import { simulatedUsers } from './simulated-users.ts';

/** A control call that cannot be followed; its message says which field is wrong, and how. */
export class ControlError extends Error {
  /** The HTTP status to answer it with. */
  readonly status: 400 | 403 | 415;

  /** @param message what is wrong, and what to send instead. */
  constructor(message: string, status: 400 | 403 | 415 = 400) {
    super(message);
    this.status = status;
  }
}

const clockSchema = z
  .strictObject({
    now: z.iso.datetime({ offset: true }).optional(),
    advanceSeconds: z.number().min(0).max(1_000_000_000).optional(),
  })
  .refine(
    ({ now, advanceSeconds }) => (now === undefined) !== (advanceSeconds === undefined),
    'give either now or advanceSeconds',
  );

const userSchema = z.strictObject({ userId: z.string() });

const payInSchema = z.strictObject({
  userId: z.string(),
  segment: z.enum(['equity', 'commodity']),
  rupees: z.number().min(-1_000_000_000).max(1_000_000_000),
});

const latestInstant = Date.UTC(9999, 0);

/** The routes below `/simulator`; they throw ControlError, to be answered with its status. */
export function controlRoutes(kite: Kite, kotak: Kotak): Hono<Pages> {
  const { clock, faults, log, settings } = kite;
  const routes = new Hono<Pages>();
  const time = () => ({ now: new Date(clock.now()).toISOString() });

  const userNumber = (userId: string) => {
    const number = userNumberOf(userId, settings.accounts);
    if (number === null) throw new ControlError('userId: unknown simulated user');
    return number;
  };

  // A page of any site can send a form, plain text or nothing at all here, and cannot send JSON: a browser asks first.
  routes.use(async (c, next) => {
    const origin = c.req.header('origin');
    if (origin !== undefined && URL.parse(origin)?.host !== c.req.header('host')) {
      throw new ControlError('Origin: only pages of the simulator itself may call this', 403);
    }
    const type = c.req.header('content-type');
    const isJson = /^application\/json\s*(;|$)/i.test(type ?? '');
    const hasBody = type !== undefined || Number(c.req.header('content-length') ?? 0) > 0;
    if (c.req.method === 'POST' && hasBody && !isJson) {
      throw new ControlError('Content-Type: it must be application/json', 415);
    }
    await next();
  });

  routes.get('/clock', (c) => c.json(time()));
  routes.post('/clock', async (c) => {
    const { now, advanceSeconds = 0 } = await readBody(c, clockSchema);
    const instant = now === undefined ? clock.now() + advanceSeconds * 1_000 : Date.parse(now);
    if (!(instant < latestInstant)) {
      throw new ControlError(
        `${now === undefined ? 'advanceSeconds' : 'now'}: too far in the future`,
      );
    }
    clock.set(Math.floor(instant));
    return c.json(time());
  });

  const listFaults = () => ({ faults: faults.list() });
  routes.get('/faults', (c) => c.json(listFaults()));
  routes.post('/faults', async (c) => {
    const fault = await readBody(c, faultSchema);
    const { userId, apiKey } = fault;
    if (userId !== undefined && kotakUser(userId) === undefined) userNumber(userId);
    if (apiKey !== undefined && apiKey !== kotakApp.consumerKey && !settings.apps.has(apiKey)) {
      throw new ControlError('apiKey: unknown app');
    }
    if (!faults.add(fault)) throw new ControlError('there are too many faults; clear them first');
    return c.json(fault, 201);
  });
  routes.delete('/faults', (c) => {
    faults.clear();
    return c.json(listFaults());
  });

  routes.get('/users', (c) => c.json({ users: simulatedUsers(settings) }));

  routes.get('/requests', (c) => c.json(log.report()));
  routes.delete('/requests', (c) => {
    log.clear();
    return c.json(log.report());
  });

  routes.post('/master-logout', async (c) => {
    const { userId } = await readBody(c, userSchema);
    if (kotakUser(userId) !== undefined) kotak.sessions.endAllOf(userId);
    else {
      userNumber(userId);
      kite.masterLogout(userId);
    }
    return c.json({ userId });
  });

  routes.post('/pay-ins', async (c) => {
    const { userId, segment, rupees } = await readBody(c, payInSchema);
    const number = userNumber(userId);
    if (!kite.payIns.payIn(number, segment, rupees)) {
      throw new ControlError('segment: it is disabled for this user');
    }
    return c.json(kite.payIns.marginsOf(number)[segment]);
  });

  routes.get('/kotak/messages', (c) =>
    c.json({
      messages: kotak.messages.map(({ at, ...message }) => ({
        time: new Date(at).toISOString(),
        ...message,
      })),
    }),
  );
  routes.post('/kotak/unlock', async (c) => {
    const { userId } = await readBody(c, userSchema);
    if (kotakUser(userId) === undefined) throw new ControlError('userId: unknown user of Kotak');
    kotak.forgetWrongTries(userId);
    return c.json({ userId });
  });

  routes.post('/reset', (c) => {
    kite.reset();
    kotak.reset();
    return c.json(time());
  });

  routes.all('*', (c) =>
    c.json({ error: `no such control call: ${c.req.method} ${c.req.path}` }, 404),
  );
  return routes;
}

async function readBody<Schema extends z.ZodType>(
  c: Context<Pages>,
  schema: Schema,
): Promise<z.output<Schema>> {
  const parsed = schema.safeParse(parseJson(await readText(c.env.incoming)));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  );
  throw new ControlError(issues.join('; '));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ControlError('the body must be JSON');
  }
}
