const ENDINGS: Readonly<Record<string, string>> = {
  'application/zip': 'zip',
  'application/x-tar': 'tar',
  'application/gzip': 'tar.gz',
  'application/x-ndjson': 'ndjson',
  'text/csv': 'csv',
};

/** The name that an answer is saved by: its own, without folders, else one by its type. */
export function fileName(headers: Headers): string {
  const own = nameIn(headers.get('content-disposition') ?? '');
  return own?.replaceAll(/[/\\]/g, '_') ?? `codap.${endingOf(headers.get('content-type') ?? '')}`;
}

function endingOf(contentType: string): string {
  const [type = ''] = contentType.split(';');
  const [, picture] = /^(?:image|audio|video)\/([a-z0-9]+)/.exec(type) ?? [];
  return ENDINGS[type] ?? picture ?? 'bin';
}

/** The name in a `Content-Disposition` (RFC 6266). */
function nameIn(disposition: string): string | undefined {
  const [, encoded] = /filename\*=UTF-8''([^;]+)/i.exec(disposition) ?? [];
  const [, plain] = /filename="?([^";]+)"?/i.exec(disposition) ?? [];
  return encoded === undefined ? plain : decodeURIComponent(encoded);
}
