// The library entry: what `import 'kite-graphql'` gives.
export { createGateway, type Gateway } from './http/gateway.ts';
export type { AppOptions, GatewayOptions, GraphiqlPage } from './http/options.ts';
export { parseKeyringKeys } from './keyring/keys.ts';
export { openKeyringStore } from './keyring/open-store.ts';
export {
  type ConvertedKeyring,
  type ConvertedRecord,
  type ConvertKeyring,
  type KeyringStore,
  KeyringStoreError,
  type NewKeyring,
  type NewPointer,
  type OldKeyring,
  type OldPointer,
  type RecordWrite,
  type StoredKeyring,
  type StoredPointer,
  type StoredRecord,
  type WriteOutcome,
} from './keyring/store.ts';
export type { ErrorCode, ErrorExtensions } from './schema/error-code.ts';
