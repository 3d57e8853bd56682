// A process of its own: logs a user in, says the cookie, and waits to be killed. Arguments: store, key in base64url.

import { Secret } from '../../../src/brokers/upstream/secret.ts';
import { createEncrypter } from '../../../src/keyring/crypto/encrypter.ts';
import { parseKeyringKeys } from '../../../src/keyring/crypto/keys.ts';
import { createKeyrings } from '../../../src/keyring/keyrings.ts';
import { openKeyringStore } from '../../../src/keyring/stores/open-store.ts';

const [url = '', key = ''] = process.argv.slice(2);
const now = () => new Date();
const store = await openKeyringStore(url, now);
const keyrings = createKeyrings({ store, encrypter: createEncrypter(parseKeyringKeys(key)), now });
const session = {
  accessToken: new Secret('token-of-AB0001'),
  publicToken: null,
  refreshToken: null,
  loginTime: null,
  userId: 'AB0001',
  baseUrl: null,
  profile: null,
  keptProfile: null,
  authenticationMethods: [],
};
const { cookie } = await keyrings.add(null, { broker: 'KITE', apiKey: 'app', session }, null);
process.stdout.write(cookie.reveal());
setInterval(() => undefined, 60_000);
