/** Content types that are shown as pictures. In an `img` no script runs, not even that of an SVG. */
const PICTURES = /^image\/(?:png|jpeg|gif|webp|avif|svg\+xml)\b/;

const ENDING = /\.(?:png|jpe?g|gif|webp|avif|svg)$/i;

/** The address, if a text is one of the web and nothing else: never `javascript:` or `data:`. */
export function webAddress(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, href } = new URL(text);
  return protocol === 'http:' || protocol === 'https:' ? href : undefined;
}

/** Whether what stands at an address of the web looks like a picture. */
export function isPictureAddress(address: string): boolean {
  return ENDING.test(new URL(address).pathname);
}

/** A picture that came as a body, as a `data:` address: base64, or the text of an SVG. */
export function pictureOf(value: string, meta: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const type = PICTURES.exec(String(meta?.['contentType']))?.[0];
  if (type === undefined) return undefined;
  if (meta?.['encoding'] === 'base64') return /^[\w+/]+=*$/.test(value) ? `data:${type};base64,${value}` : undefined;
  return type === 'image/svg+xml' ? `data:${type};charset=utf-8,${encodeURIComponent(value)}` : undefined;
}
