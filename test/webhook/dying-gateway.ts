// A process of its own: a gateway with a webhook, which kills itself before or after a call to its store, once an event is to
// be noted. It says its port. Arguments: the time at which it begins, in milliseconds since the epoch, the store, a key in
// base64url, the webhook, the simulator, `before` or `after`, and the method.
import { createGateway } from '../../src/gateway.ts';
import { parseKeyringKeys } from '../../src/keyring/crypto/keys.ts';
import { openKeyringStore } from '../../src/keyring/stores/open-store.ts';
import { listen } from '../../src/server/listen.ts';

const [beginning = '', store = '', key = '', webhook = '', simulator = '', when = '', step = ''] =
  process.argv.slice(2);

const now = () => new Date(Number(beginning) + performance.now());
let isArmed = false;

/** The same, but the process ends at the step. */
function dying<Target extends object>(target: Target, prefix = ''): Target {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member === 'object' && member !== null && name === 'deliveries')
        return dying(member, 'deliveries.');
      if (typeof member !== 'function') return member;
      const called = `${prefix}${String(name)}`;
      const dieAt = (moment: string) => {
        if (isArmed && called === step && moment === when) process.kill(process.pid, 'SIGKILL');
      };
      return async (...words: unknown[]) => {
        isArmed ||= called === 'deliveries.add';
        dieAt('before');
        const result: unknown = await Reflect.apply(member, target, words);
        dieAt('after');
        return result;
      };
    },
  });
}

const gateway = createGateway({
  apps: [{ apiKey: 'simulator', apiSecret: 'simulator-secret' }],
  kiteBaseUrl: simulator,
  kiteLoginUrl: `${simulator}/connect/login`,
  kiteRateLimit: 0,
  keyringStore: dying(await openKeyringStore(store, now)),
  now,
  keyringKeys: parseKeyringKeys(key),
  webhook: { url: webhook, secret: 'a-secret-of-the-webhook-0123456789' },
});
const server = await listen(gateway, '127.0.0.1', 0);
process.stdout.write(`${server.port}\n`);
