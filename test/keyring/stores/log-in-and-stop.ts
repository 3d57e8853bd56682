// A process of its own: logs a user in, and then does something to the keyring, where it stops after a step. It says the
// first cookie, and then that it has stopped. Arguments: store, key in base64url, the step, what it does, the second user.

import { Secret } from '../../../src/brokers/upstream/secret.ts';
import { createEncrypter } from '../../../src/keyring/crypto/encrypter.ts';
import { parseKeyringKeys } from '../../../src/keyring/crypto/keys.ts';
import { createKeyrings } from '../../../src/keyring/keyrings.ts';
import { openKeyringStore } from '../../../src/keyring/stores/open-store.ts';
import type { KeyringStore } from '../../../src/keyring/stores/store.ts';
import type { UserIndex } from '../../../src/keyring/stores/user-index.ts';

const [url = '', key = '', step = '', deed = '', userId = ''] = process.argv.slice(2);
const now = () => new Date();
const store = await openKeyringStore(url, now);
let isArmed = false;

/** The same, but once it is armed it stops after the method that is the step. */
function stopping<Target extends object>(target: Target, prefix = ''): Target {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(target, name);
      if (name === 'users') return stopping(member as UserIndex, 'users.');
      if (typeof member !== 'function') return member;
      return async (...words: unknown[]) => {
        const result: unknown = await Reflect.apply(member, target, words);
        if (!isArmed || `${prefix}${String(name)}` !== step) return result;
        process.stdout.write('stopped\n');
        return new Promise(() => undefined);
      };
    },
  });
}

const login = (user: string) => ({
  broker: 'KITE' as const,
  apiKey: 'app',
  session: {
    accessToken: new Secret(`token-of-${user}`),
    publicToken: null,
    refreshToken: null,
    loginTime: null,
    userId: user,
    baseUrl: null,
    profile: null,
    keptProfile: null,
    authenticationMethods: [],
  },
});
const encrypter = createEncrypter(parseKeyringKeys(key));
const keyrings = createKeyrings({ store: stopping<KeyringStore>(store), encrypter, now });
const { cookie, keyringId, record } = await keyrings.add(null, login('AB0001'), null);
process.stdout.write(`${cookie.reveal()}\n`);
const next = new Secret('token-of-the-renewal');
isArmed = true;
setInterval(() => undefined, 60_000);
const deeds: Readonly<Record<string, () => Promise<unknown>>> = {
  'log in': () => keyrings.add(cookie, login(userId), null),
  'log in elsewhere': () => keyrings.add(null, login(userId), null),
  renew: () => keyrings.renew(keyringId, record, { ...login('AB0001').session, accessToken: next }),
  end: () => keyrings.markRevoking(keyringId, record),
  forget: async () => {
    await keyrings.markRevoked(keyringId, record);
    await keyrings.forgetIfEmpty(cookie);
  },
};
await deeds[deed]?.();
