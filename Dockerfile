# The gateway as an image: built from the sources with npm packages alone, run without root and without writing a file.
#
#   docker build -t kite-graphql .
#   docker run --read-only --cap-drop ALL -p 127.0.0.1:4000:4000 -e PUBLIC_URL=https://api.example.com --env-file .env kite-graphql

FROM node:26-slim AS build
USER node
WORKDIR /home/node
RUN mkdir gateway
WORKDIR /home/node/gateway
# What is installed changes less often than the sources do, and stays in the cache.
COPY --chown=node:node package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY --chown=node:node . .
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts

FROM node:26-slim
ENV NODE_ENV=production
# Inside a container, the loopback address would be out of reach of the proxy.
ENV HOST=0.0.0.0
ENV PORT=4000
WORKDIR /app
# The files belong to root: the process cannot change its own code.
COPY --from=build /home/node/gateway/package.json /home/node/gateway/schema.graphql /home/node/gateway/LICENSE ./
COPY --from=build /home/node/gateway/node_modules node_modules
COPY --from=build /home/node/gateway/dist dist
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# `docker run kite-graphql sessions list` runs the other commands.
ENTRYPOINT ["node", "--disallow-code-generation-from-strings", "dist/command.js"]
