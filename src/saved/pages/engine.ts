import { Liquid, type Template as Node } from 'liquidjs';
import { boundsOf, Captured, Output } from './bounds.ts';
import { escapeOutput, pageFilters } from './filters.ts';
import { operators } from './comparisons.ts';
import { MOST_BYTES } from './template-file.ts';

/** All tags that a template may use. */
export const TAGS: ReadonlySet<string> = new Set(
  `# assign block break capture case comment continue cycle decrement echo for if include increment layout liquid raw
  render tablerow unless`.split(/\s+/),
);

/** Those that have an end. */
export const BLOCKS: ReadonlySet<string> = new Set('block capture case comment for if raw tablerow unless'.split(' '));

/**
 * LiquidJS as pages use it. It reads no file: what a template includes is asked of `parsed`, by its name. A
 * page is rendered by `renderer.renderTemplates`, with the Bounds of its Context.
 */
export function engine(parsed: (name: string) => Node[] | undefined): Liquid {
  const liquid = new Liquid({
    // A key is the kind of include, a colon and the name.
    cache: { read: (key) => parsed(key.slice(key.indexOf(':') + 1)), write() {}, remove() {} },
    templates: {},
    outputEscape: escapeOutput as (value: unknown) => string,
    ownPropertyOnly: true,
    strictFilters: true,
    operators,
    parseLimit: MOST_BYTES,
  });
  for (const name of Object.keys(liquid.tags)) if (!TAGS.has(name)) delete liquid.tags[name];
  for (const name of Object.keys(liquid.filters)) liquid.unregisterFilter(name);
  for (const [name, filter] of Object.entries(pageFilters)) liquid.registerFilter(name, filter);

  const { renderer } = liquid;
  const render = renderer.renderTemplates.bind(renderer);
  // LiquidJS collects what is captured in texts that nobody bounds.
  renderer.renderTemplates = function* (templates, context, emitter) {
    if (emitter instanceof Output || emitter instanceof Captured) return yield render(templates, context, emitter);
    const captured = new Captured(boundsOf(context));
    yield render(templates, context, captured);
    emitter?.write(captured.buffer);
    return captured.buffer;
  };
  return liquid;
}
