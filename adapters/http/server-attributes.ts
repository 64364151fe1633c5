/** Where a URL's host is asked, by OpenTelemetry's conventions; of each URL worked out once. */
export function serverAttributes(url: string): ServerAttributes {
  let known = servers.get(url);
  if (!known) {
    const { hostname, port, protocol } = new URL(url);
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
