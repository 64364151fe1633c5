import { z } from 'zod';
import { besides } from '../../src/store/besides.ts';
import { wholeNumber } from '../../src/store/whole-number.ts';
import { version } from '../../src/version.ts';
import type { SourceOptions } from '../source-options.ts';
import { mergeRule } from './merge-rules.ts';
import { openapi } from './openapi.ts';
import { literalFault } from './path.ts';

/**
 * Names that a query, a caller or a configuration may not set: the connection's own (RFC 9110 §7.6.1), and
 * those that say where the message goes or ends.
 */
const RESERVED = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What a header's value may hold (RFC 9110 §5.5). */
export const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Fields that are shown nowhere: what is said to codap's connection, and cookies, which are credentials. */
const UNTOLD = new Set(['set-cookie', 'set-cookie2', ...RESERVED].filter((name) => name !== 'content-length'));

const field = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of a header is allowed here')
  // HTTP would take it for one like any other.
  .refine((name) => name !== '*', 'the name of a header is allowed here: * does not stand for all of them');

const name = field.refine(
  (name) => !RESERVED.has(name.toLowerCase()),
  'another header than host, content-length, expect and the hop-by-hop ones is allowed here',
);

const url = z.string().superRefine((text, context) => {
  const issue = (message: string): void => context.addIssue({ code: 'custom', message });
  const parsed = URL.parse(text);
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) return issue('an http or https URL is allowed here');
  if (parsed.username || parsed.password) issue('a URL without credentials is allowed here; they belong in headers');
  if (/[?#]/.test(text)) return issue('a URL without query and fragment is allowed here');
  const fault = literalFault(text.replace(/^[^:]*:[\\/]*[^\\/]*[\\/]*/, ''));
  if (fault !== undefined) issue(fault);
});

const headers = z
  .record(name, z.string().regex(HEADER_VALUE, 'the value of a header is allowed here'))
  .superRefine((given, context) => {
    const seen = new Set<string>();
    for (const key of Object.keys(given)) {
      if (seen.has(key.toLowerCase()))
        context.addIssue({ code: 'custom', path: [key], message: 'a header is allowed here once, in whatever case' });
      seen.add(key.toLowerCase());
    }
  }, besides())
  .transform((given) => Object.fromEntries(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value])));

/** A REST source's own fields. */
export const options = z.strictObject({
  url: url.meta({ description: 'Where its paths begin.' }),
  headers: headers.prefault({}).meta({ description: 'Sent with every request; they win over all others.' }),
  methods: z
    .array(z.enum(['get', 'head', 'post']))
    .min(1)
    .default(['get', 'head'])
    .meta({ description: 'post is for searches that need a body.' }),
  requestHeaders: z
    .array(name.toLowerCase())
    .default(['accept', 'accept-language', 'if-none-match', 'if-modified-since', 'range'])
    .meta({ description: 'The headers that a query may set.' }),
  responseHeaders: z
    .array(field.toLowerCase().refine((name) => !UNTOLD.has(name), 'set-cookie and hop-by-hop headers are not shown'))
    .default([])
    .meta({ description: "The answer's headers that stand in meta.headers." }),
  userAgent: z
    .string()
    .min(1)
    .regex(HEADER_VALUE, 'the value of a header is allowed here')
    .default(`codap/${version()}`)
    .meta({ description: 'Sent as user-agent, unless headers, a forwarded header or the query names another.' }),
  maxHeaderBytes: wholeNumber
    .min(1024)
    .max(1_048_576)
    .default(16_384)
    .meta({ description: 'Bytes of the header fields of one answer; beyond it BAD_RESPONSE.' }),
  pipelining: wholeNumber
    .min(1)
    .max(16)
    .default(1)
    .meta({ description: 'GETs that one connection carries at a time; a slow answer holds up those behind it.' }),
  merge: z
    .preprocess(
      (given) => (given === false ? [] : given),
      z.array(mergeRule, 'false or a list of rules is allowed here'),
    )
    .default([])
    .meta({
      description: 'How reads of single things in one turn of the event loop are asked of a list.',
      shown: z.union([z.literal(false), z.array(mergeRule)]),
    }),
  openapi: openapi.optional().meta({ description: 'A file that describes its paths, told with `describe`.' }),
  forwardHeaders: z
    .array(name.toLowerCase())
    .default([])
    .meta({ description: "The caller's headers that are passed on." }),
});

/** A REST source's configuration. */
export type RestOptions = z.output<typeof options> & SourceOptions;
