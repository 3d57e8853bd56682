// What a server that mounts the gateway sees of it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BrowserCredential } from './http/relay/browser-credential.ts';
import type { TrustedDocumentManifest } from './shared/trusted-documents.ts';

/** A gateway to mount: a request listener for `node:http`, and a handler for servers that speak fetch. */
export interface Gateway {
  /**
   * Answers a request of `node:http`.
   * @param next goes on with the next handler of a server such as Express: called for each path that is not the
   *   gateway's.
   */
  (request: IncomingMessage, response: ServerResponse, next?: () => void): void;
  /**
   * Answers a fetch request.
   * @param request an absolute URL, or a Request.
   * @param init as for the global `fetch`.
   */
  fetch(request: Request | URL | string, init?: RequestInit): Promise<Response> | Response;
  /**
   * The credentials of a browser's accounts, for code of yours that calls the broker itself. They never belong into an
   * answer to the browser.
   * @param request the request that the browser sent to your server, with its cookie. It must come from a page of the
   *   public URL or of an allowed origin; what your code then does is up to you to protect, as with any cookie.
   * @returns those of its ACTIVE sessions, the newest first; empty where the browser is not logged in. No call to a broker.
   * @throws CredentialsRefusedError for a page of another origin, or a cookie that came twice; KeyringStoreError where
   *   the store is down, or the audit log is full.
   */
  credentials(request: Request | IncomingMessage): Promise<readonly BrowserCredential[]>;
  /**
   * Takes another list of trusted documents in place of the present one, between two requests.
   * @throws TrustedDocumentsError where a document is not valid: the present list stays. TypeError where the gateway
   * was made without a list.
   */
  replaceTrustedDocuments(manifest: TrustedDocumentManifest): void;
  /** Ends background work, and closes the keyring's store and all connections to brokers and stores. */
  dispose(): Promise<void> | void;
}
