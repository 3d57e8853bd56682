// Loaded before a gateway: makes it a machine where no part of OpenTelemetry is installed.
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (!specifier.startsWith('@opentelemetry/')) return nextResolve(specifier, context);
    throw Object.assign(new Error(`Not installed: ${specifier}`), { code: 'ERR_MODULE_NOT_FOUND' });
  },
});
