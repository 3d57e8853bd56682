// The library entry: what `import 'kite-graphql'` gives.
export { createGateway, type Gateway } from './http/gateway.ts';
export type { AppOptions, GatewayOptions, GraphiqlPage } from './http/options.ts';
export { parseKeyringKeys } from './keyring/keys.ts';
export type {
  ConvertedKeyring,
  ConvertedRecord,
  ConvertKeyring,
  OldKeyring,
  OldPointer,
} from './keyring/old-layout.ts';
export { openKeyringStore } from './keyring/open-store.ts';
export {
  type KeyringStore,
  KeyringStoreError,
  type NewKeyring,
  type NewPointer,
  type RecordWrite,
  type StoredKeyring,
  type StoredPointer,
  type StoredRecord,
  type WriteOutcome,
} from './keyring/store.ts';
export type { ErrorCode, ErrorExtensions } from './schema/error-code.ts';
