import type { Completion, CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete';
import { syntaxTree } from '@codemirror/language';
import { rootOf } from '../json/locate.ts';
import { encodeSegment } from '../json/pointer.ts';
import type { Session } from '../session/session.ts';
import type { Knowledge } from './knowledge.ts';
import { type Place, placeAt } from './place.ts';
import { namesOf } from './names.ts';
import { below, choicesOf, fieldsOf, type Offer, type Schema } from './schema.ts';

const BODIES = { kv: 'KvBody', ordered: 'OrderedBody', 'first-reply': 'FirstReplyBody' };

/** Names and values that may stand where one writes, by the service's own schemas. */
export function completing(session: Session, knowledge: Knowledge): CompletionSource {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const text = context.state.doc.toString();
    const tree = syntaxTree(context.state);
    const place = placeAt(text, tree, context.pos);
    if (!place || (!context.explicit && place.from === place.to && place.writes === 'name')) return null;
    const key = place.path.at(-1);
    const references =
      place.writes === 'value' && (key === '$result' || key === '$meta') ? namesOf(text, rootOf(tree)) : [];
    const offers =
      references.length > 0
        ? references.map((name) => ({ name: `/${encodeSegment(name)}`, detail: 'a query' }))
        : await offersAt(place, session, knowledge);
    const options = offers.map((offer) => optionOf(offer, place));
    const from = text[place.from] === '"' ? place.from + 1 : place.from;
    return options.length === 0 ? null : { from, options, validFor: /^[\w$./-]*$/ };
  };
}

async function offersAt(place: Place, session: Session, knowledge: Knowledge): Promise<Offer[]> {
  const document = await knowledge.document();
  if (!document) return [];
  const body = { $ref: `#/components/schemas/${BODIES[session.pattern]}` };
  let schemas: Schema[] = [body];
  let object = 0;
  for (const key of place.path) {
    // What is written itself rules nothing out: it is not finished.
    const given = typeof key === 'number' ? {} : { ...place.objects[object++], [key]: undefined };
    schemas = below(document, schemas, key, given);
  }
  const inside = place.objects[place.path.filter((key) => typeof key === 'string').length] ?? {};
  const own = await contentsAt(place, knowledge);
  if (place.writes === 'name') {
    const written = new Set(Object.keys(inside));
    return [...own, ...fieldsOf(document, schemas, inside)].filter(
      ({ name }) => !written.has(name) || isWriting(place, name),
    );
  }
  const key = place.path.at(-1);
  const query = place.objects.at(-1) ?? {};
  const source = key === 'op' ? await knowledge.source(String(query['source'])) : undefined;
  const ops = source && new Set(Object.keys(source.ops));
  const choices = choicesOf(document, schemas, {}).filter((name) => !ops || ops.has(name));
  return [...own, ...choices.map((name) => ({ name, detail: '' }))];
}

/** A source's own names: collections, fields, keys and paths. */
async function contentsAt({ path, objects, writes }: Place, knowledge: Knowledge): Promise<Offer[]> {
  const at = path.lastIndexOf('params');
  if (at < 0) return [];
  const query = objects.findLast((object) => typeof object['source'] === 'string' && 'params' in object);
  const source = query && (await knowledge.source(String(query['source'])));
  const [first, ...deeper] = path.slice(at + 1);
  const contents = source?.contents;
  if (writes === 'value' && first === 'collection')
    return offers(Object.keys(contents?.collections ?? {}), 'a collection');
  if (writes === 'value' && (first === 'key' || first === 'prefix'))
    return offers(Object.keys(contents?.prefixes ?? {}), 'a prefix');
  if (writes === 'value' && first === 'path') return offers(Object.keys(contents?.paths ?? {}), 'a path');
  if (writes !== 'name' || typeof first !== 'string' || !['filter', 'projection', 'sort', 'pipeline'].includes(first))
    return [];
  const collection = objects.findLast((object) => typeof object['collection'] === 'string')?.['collection'];
  const fields = contents?.collections?.[String(collection)]?.fields ?? {};
  return deeper.some((key) => typeof key === 'string' && !key.startsWith('$'))
    ? []
    : Object.entries(fields).map(([pointer, { types }]) => ({
        name: pointer.slice(1).replaceAll('/*', '').replaceAll('/', '.'),
        detail: Object.keys(types).join(', '),
      }));
}

function offers(names: readonly string[], detail: string): Offer[] {
  return names.map((name) => ({ name, detail }));
}

function isWriting({ from, to }: Place, name: string): boolean {
  return to - from === name.length + 2;
}

function optionOf({ name, detail }: Offer, { writes }: Place): Completion {
  return {
    label: name,
    detail: detail.slice(0, 60),
    apply(view, _completion, from, to) {
      const text = view.state.doc.toString();
      const isQuoted = text[from - 1] === '"';
      // What stands behind the cursor up to the closing quote is replaced, too.
      const rest = isQuoted ? (/^[^"\n]*"?/.exec(text.slice(to))?.[0].length ?? 0) : 0;
      const isWord = writes === 'value' && (name === 'true' || name === 'false');
      const needsColon = writes === 'name' && !/^\s*:/.test(text.slice(to + rest, to + rest + 20));
      const insert = `${isWord ? name : JSON.stringify(name)}${needsColon ? ': ' : ''}`;
      const start = isQuoted ? from - 1 : from;
      view.dispatch({ changes: { from: start, to: to + rest, insert }, selection: { anchor: start + insert.length } });
    },
  };
}
