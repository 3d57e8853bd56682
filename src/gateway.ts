// The gateway: Yoga and its plugins, in the order that a request meets them.
import { createYoga } from 'graphql-yoga';
import { pino } from 'pino';
import { createBrowserKeyrings } from './browser-services.ts';
import type { Gateway } from './gateway-interface.ts';
import { readConsoleDocuments } from './http/console/files.ts';
import { useConsole } from './http/console/use-console.ts';
import { Documents } from './http/documents/documents.ts';
import { TrustedDocuments } from './http/documents/trusted-documents.ts';
import { placeOf } from './http/graphiql/page.ts';
import { useGraphiql } from './http/graphiql/use-graphiql.ts';
import { AddressLimits } from './http/limits/address-limits.ts';
import { documentRules } from './http/limits/document-rules.ts';
import { FailureLog } from './http/limits/failure-log.ts';
import { MinuteLimits } from './http/limits/minute-limits.ts';
import { useAddressLimits } from './http/limits/use-address-limits.ts';
import { createVolumeLimits } from './http/limits/volume-limits.ts';
import { useLogin } from './http/login/use-login.ts';
import { createOperationContexts } from './http/operation-contexts.ts';
import { codeErrors } from './http/plugins/error-codes.ts';
import { logOperations } from './http/plugins/operation-log.ts';
import { createReadiness } from './http/plugins/readiness.ts';
import {
  createAnswerHeaders,
  createResults,
  endWithRequest,
  useHeaders,
} from './http/plugins/results.ts';
import { createRoutes } from './http/plugins/routes.ts';
import { createCorsHeaders, useCors } from './http/plugins/use-cors.ts';
import { createOperations, useOperations } from './http/plugins/use-operations.ts';
import { useRequestParser } from './http/plugins/use-request-parser.ts';
import { useRoutes } from './http/plugins/use-routes.ts';
import { Writes } from './http/plugins/writes.ts';
import { createCredentials } from './http/relay/browser-credentials.ts';
import { useRelay } from './http/relay/use-relay.ts';
import { traced } from './http/reports/operation-trace.ts';
import { createClientInfoReader } from './http/request/client-info.ts';
import { createOriginLog } from './http/request/origin-log.ts';
import { createHosts } from './http/request/origins.ts';
import { createRequestTracker } from './http/request/request-tracker.ts';
import { useKeySet } from './http/session/use-key-set.ts';
import { useSessionCheck } from './http/session/use-session-check.ts';
import type { GatewayOptions } from './options.ts';
import { Plans } from './plans/plans.ts';
import { schema } from './schema/schema.ts';
import { createEdge } from './server/edge.ts';
import { withFront } from './server/front.ts';
import { createServices } from './services.ts';
import type { TrustedDocumentManifest } from './shared/trusted-documents.ts';

/** Where the gateway answers. */
const endpoint = '/graphql';

/**
 * Makes a gateway to mount in any server that speaks fetch, or in `node:http`:
 * `createServer({ maxHeaderSize: 131072, joinDuplicateHeaders: true }, createGateway({ ... }))`.
 * It listens to nothing and reads no environment by itself.
 * @throws TypeError for an invalid URL.
 */
export function createGateway(options: GatewayOptions = {}): Gateway {
  const log = options.logger ?? pino({ level: 'silent' });
  const { services, close } = createServices(options, log);
  const { limits } = services;
  const { clock, redisUrl } = options;
  const failures = new FailureLog(log, limits, clock);
  const minutes = new MinuteLimits({ redisUrl, clock, limits });
  const browsers = createBrowserKeyrings(options, services, { log, failures, minutes });
  const track = createRequestTracker();
  const publicUrl = new URL(browsers.origins.home);
  const { relaySecrets = [], console: consoleOptions = false } = options;
  const routes = createRoutes(publicUrl, {
    relay: relaySecrets.length > 0,
    keySet: services.tokens !== null,
    console: consoleOptions !== false,
  });
  const hosts = createHosts(publicUrl, options.allowedHosts ?? []);
  const { graphiql = false, trustProxy = false, countryHeader } = options;
  const { trustedDocuments, trustedDocumentTexts = false } = options;
  const readClientInfo = createClientInfoReader({ trustProxy, countryHeader }, log);
  const relayed = { services, browsers, track, readClientInfo };
  const writes = options.writes ?? new Writes();
  const keyringRequest = (request: Request, serverContext: unknown) => ({
    request,
    requestId: track(request).id,
    device: readClientInfo(request, serverContext),
    setCookie: (line: string) => track(request).setCookies.push(line),
  });

  const addresses = new AddressLimits({ limits, trustProxy, minutes });
  const { origins, audit } = browsers;
  const logRefusedOrigin = createOriginLog(origins, track, limits, log, audit, clock);
  const contexts = createOperationContexts({
    services,
    browsers,
    readClientInfo,
    keyringRequest,
    logRefusedOrigin,
  });
  const { keyrings } = browsers;
  const { stopping, draining = stopping, auditLog } = options;
  const readiness = createReadiness({
    keyrings,
    audit: auditLog,
    limits,
    stopping: draining,
    clock,
  });
  const introspection = options.introspection ?? false;
  const results = createResults(track, [
    addresses.step,
    codeErrors({ track, readClientInfo, failures, maxLogged: limits.loggedErrors }),
    logOperations({ track, readClientInfo, log, failures, metrics: options.metrics }),
    endWithRequest,
  ]);
  const headersFor = createAnswerHeaders(browsers.origins.areOthersAllowed);
  const corsHeadersFor = createCorsHeaders(browsers.origins);

  const documents = new Documents({
    schema,
    limits,
    rules: documentRules(limits, introspection),
    suggestions: introspection,
  });
  const consoleDocuments = consoleOptions === false ? {} : readConsoleDocuments();
  const replaceTrusted = (manifest: TrustedDocumentManifest) =>
    trusted?.replace({ ...consoleDocuments, ...manifest });
  const trusted = trustedDocuments ? new TrustedDocuments(documents, trustedDocumentTexts) : null;
  if (trustedDocuments) replaceTrusted(trustedDocuments);
  const answer = createOperations({
    schema,
    documents,
    trusted,
    plans: new Plans(limits),
    track,
    volume: createVolumeLimits(limits),
    suggestions: introspection,
    writes,
    audit,
    ...contexts,
  });
  const answerOperation = traced(options.tracing, track, answer);

  const yoga = createYoga<Record<string, unknown>>({
    schema,
    plugins: [
      useHeaders(track, headersFor),
      useAddressLimits({ addresses, routes, readClientInfo, track, failures }),
      useCors({
        corsHeadersFor,
        allowedHeaders: options.allowedHeaders ?? [],
        readClientInfo,
        logRefusedOrigin,
      }),
      useRoutes({
        hosts,
        routes,
        track,
        readClientInfo,
        failures,
        readiness,
        graphiql: graphiql !== false,
        console: consoleOptions !== false,
      }),
      useRelay({ ...relayed, secrets: relaySecrets, routes, minutes, log, failures }),
      useSessionCheck({ ...relayed, routes, failures }),
      useKeySet(routes, services),
      useLogin({ services, browsers, routes, writes, track, failures, keyringRequest }),
      graphiql !== false &&
        useGraphiql(
          routes,
          graphiql === true ? {} : graphiql,
          placeOf(new URL(endpoint.slice(1), browsers.origins.home), services.apps),
        ),
      consoleOptions !== false &&
        useConsole({
          routes,
          options: consoleOptions === true ? {} : consoleOptions,
          place: {
            home: browsers.origins.home,
            graphiql: graphiql !== false,
            trusted: trusted !== null,
          },
          maxLogoBytes: limits.consoleLogoBytes,
        }),
      useRequestParser(track, trusted !== null),
      useOperations(answerOperation),
      results.plugin,
      { onDispose: () => browsers.news.stop() },
      {
        onDispose: async () => {
          const { revocations, deliveries, census } = browsers;
          await Promise.all([revocations.close(), deliveries?.close(), census?.close()]);
          await browsers.keyrings.close();
        },
      },
      { onDispose: () => minutes.close() },
      { onDispose: () => failures.close() },
      { onDispose: () => browsers.audit.close() },
      { onDispose: close },
    ],
    // useRoutes has refused every other path. Yoga itself answers whatever ends in one of these texts, and no URL ends
    // in a space.
    graphqlEndpoint: '/*',
    healthCheckEndpoint: ' ',
    landingPage: false,
    extraParamNames: ['documentId'],
    // useGraphiql has a page that needs no internet and keeps no secret.
    graphiql: false,
    // codeErrors masks: it also sees what fails before an operation runs, and it knows the request's id.
    maskedErrors: false,
    logging: false,
    // useCors answers preflights once they are counted.
    cors: false,
    // useOperations parses, validates and executes.
    parserAndValidationCache: false,
    multipart: false,
    maxRequestBodySize: limits.requestBytes,
  });
  const replaceTrustedDocuments = (manifest: TrustedDocumentManifest): void => {
    if (trusted === null) throw new TypeError('The gateway was made without `trustedDocuments`');
    replaceTrusted(manifest);
  };
  const edge = createEdge(yoga, {
    endpoint,
    longestBody: limits.requestBytes,
    track,
    needsCors: browsers.origins.isAllowed,
    textOfNamed: trusted && ((params) => trusted.textOf(params)),
    answerOperation,
    results,
    headersFor,
    log,
  });
  const front = { hosts, routes, addresses, readClientInfo, failures, corsHeadersFor, edge };
  return Object.assign(withFront<Gateway>(yoga, front), {
    replaceTrustedDocuments,
    credentials: createCredentials(relayed),
  });
}
