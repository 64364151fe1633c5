/** Where a URL's host is asked, by OpenTelemetry's conventions; of each URL worked out once. Never throws. */
export function serverAttributes(url: string): ServerAttributes | undefined {
  let known = servers.get(url);
  const parsed = known ? undefined : URL.parse(url);
  if (parsed) {
    const { hostname, port, protocol } = parsed;
    known = { 'server.address': hostname, 'server.port': Number(port || (protocol === 'https:' ? 443 : 80)) };
    servers.set(url, known);
  }
  return known;
}

interface ServerAttributes {
  readonly 'server.address': string;
  readonly 'server.port': number;
}

/** Of the URLs of a configuration, which are few. */
const servers = new Map<string, ServerAttributes>();
