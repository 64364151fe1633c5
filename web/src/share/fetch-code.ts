import type { Written } from './curl.ts';

/** The request as a program in JavaScript. The body stays a text: reading it could change numbers and keys. */
export function asFetch({ url, body }: Written, hasKey: boolean): string {
  const headers = [`    'content-type': 'application/json',`];
  if (hasKey) headers.push('    authorization: `Bearer ${key}`,');
  return `const response = await fetch(${JSON.stringify(url)}, {
  method: 'POST',
  headers: {
${headers.join('\n')}
  },
  body: ${literal(body)},
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.detail);
`;
}

/** A text as a template literal, so that its lines stay lines. */
function literal(text: string): string {
  return `\`${text.replaceAll(/[\\`]|\$\{/g, String.raw`\$&`)}\``;
}
