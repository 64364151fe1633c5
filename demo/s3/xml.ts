const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
  '\n': '&#10;',
};

/** Text that may stand in an XML element. */
function escapeXml(text: string): string {
  return text.replace(/[&<>"\r\n]/g, (character) => ENTITIES[character] ?? '');
}

/** An element with a text, or with what other calls made. */
export function element(name: string, ...content: (string | number | boolean | Xml)[]): Xml {
  return new Xml(
    `<${name}>${content.map((one) => (one instanceof Xml ? one.text : escapeXml(String(one)))).join('')}</${name}>`,
  );
}

/** XML that is written out already. */
export class Xml {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** A whole document of it. */
  document(): string {
    return `<?xml version="1.0" encoding="UTF-8"?>\n${this.text}`;
  }
}
