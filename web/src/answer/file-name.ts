import { parse } from 'content-disposition';

/** The types that a whole answer can be saved as: how their files end, and what stands in them. */
export const FILES = [
  { type: 'application/zip', ending: 'zip', says: 'a file for each reply' },
  { type: 'application/gzip', ending: 'tar.gz', says: 'the same, packed' },
  { type: 'application/x-tar', ending: 'tar', says: 'the same' },
  { type: 'text/csv', ending: 'csv', says: 'a list as a table' },
  { type: 'application/x-ndjson', ending: 'ndjson', says: 'a line for each reply' },
] as const;

/** The name that an answer is saved by: its own, without folders, else one by its type. */
export function fileName(headers: Headers): string {
  const { filename } = parse(headers.get('content-disposition') ?? '').parameters;
  return filename?.replaceAll(/[/\\]/g, '_') || `codap.${endingOf(headers.get('content-type') ?? '')}`;
}

function endingOf(contentType: string): string {
  const [type = ''] = contentType.split(';');
  const [, picture] = /^(?:image|audio|video)\/([a-z0-9]+)/.exec(type) ?? [];
  return FILES.find((file) => file.type === type)?.ending ?? picture ?? 'bin';
}
