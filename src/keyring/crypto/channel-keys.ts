// The names of channels between gateways, and an encrypter for each: what travels opens with the keys of the gateways alone.
import { hkdfSync } from 'node:crypto';
import { createEncrypter, type Encrypter } from './encrypter.ts';

/** Names and encrypters of channels, under the first of KEYRING_KEYS. */
export interface ChannelKeys {
  /** The name of the channel for these words: an HMAC, so that it reveals nothing without the key. */
  name(...words: readonly string[]): string;
  /**
   * The encrypter of a channel. Its key is the channel's own: texts are many, and one key must not encrypt billions of them
   * under random nonces.
   */
  encrypterOf(name: string): Pick<Encrypter, 'encrypt' | 'decrypt'>;
}

/** Makes the names and encrypters under a key. Gateways with another first key have other channels. */
export function createChannelKeys(key: Uint8Array): ChannelKeys {
  const { names } = createEncrypter([key]);
  return {
    name: (...words) => names('channel', ...words)[0],
    encrypterOf(name) {
      const own = hkdfSync('sha256', key, '', `kite-graphql channel\0${name}`, 32);
      return createEncrypter([new Uint8Array(own)]);
    },
  };
}
