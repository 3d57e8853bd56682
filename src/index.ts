// The library entry: what `import 'kite-graphql'` gives.

export type { Secret } from './brokers/upstream/secret.ts';
export { createGateway } from './gateway.ts';
export type { Gateway } from './gateway-interface.ts';
export {
  type BrowserCredential,
  type CredentialsRefusal,
  CredentialsRefusedError,
} from './http/relay/browser-credential.ts';
export { parseKeyringKeys } from './keyring/crypto/keys.ts';
export { openKeyringStore } from './keyring/stores/open-store.ts';
export type {
  DueList,
  RevocationList,
  RevocationOutcome,
  StoredRevocation,
} from './keyring/stores/revocation-list.ts';
export {
  type ConvertedKeyring,
  type ConvertedRecord,
  type ConvertKeyring,
  type KeyringNotices,
  type KeyringStore,
  KeyringStoreError,
  type NewKeyring,
  type NewPointer,
  type NewText,
  type OldKeyring,
  type OldPointer,
  type Page,
  type RecordWrite,
  type StoredKeyring,
  type StoredPointer,
  type StoredRecord,
  type StoreListing,
  type WriteOutcome,
} from './keyring/stores/store.ts';
export type { IndexedPlace, RecordPlace, UserIndex } from './keyring/stores/user-index.ts';
export type { AppOptions, ConsoleOptions, GatewayOptions, GraphiqlPage } from './options.ts';
export type { ErrorCode, ErrorExtensions } from './schema/errors/error-code.ts';
export { SessionTokens, SessionTokensError } from './session-tokens/session-tokens.ts';
export type { AuditEvent, AuditLog } from './shared/audit.ts';
export type { RedisAddress } from './shared/redis-address.ts';
export {
  type TrustedDocumentManifest,
  TrustedDocumentsError,
} from './shared/trusted-documents.ts';
