FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY node ./node
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY routes ./routes
COPY adapters ./adapters
COPY demo ./demo
COPY examples ./examples
COPY web ./web
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
COPY node ./node
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24-slim
ENV NODE_ENV=production CODAP_HOST=0.0.0.0 CODAP_PORT=8080
WORKDIR /app
COPY package.json LICENSE ./
COPY bin ./bin
COPY demo/compose.yaml ./demo/compose.yaml
COPY demo/rest/catalog.yaml demo/rest/pricing.yaml ./demo/rest/
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "const live = { host: '127.0.0.1', port: process.env.CODAP_PORT, path: '/health/live', rejectUnauthorized: false }; const ask = ({ get }, failed) => get(live, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', failed); ask(http, () => ask(https, () => process.exit(1)))"]
ENTRYPOINT ["node", "bin/codap.js"]
CMD ["serve"]
