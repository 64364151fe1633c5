import { Context, Drop } from 'liquidjs';

/**
 * All that a template may name within the objects that LiquidJS (`forloop`, `tablerowloop`, `block`) and
 * codap (`codap`) add to the data: LiquidJS calls any method of theirs that is named, inherited ones, too.
 */
const OF_DROPS: ReadonlySet<unknown> = new Set(
  `complete replies super name length index index0 rindex rindex0 first last cols row col col0 col_first
  col_last`.split(/\s+/),
);

/** What a template names, looked up in data and in nothing that JavaScript adds to it. */
export class Lookups extends Context {
  override readProperty(...[object, key]: Parameters<Context['readProperty']>): unknown {
    return object instanceof Drop && !OF_DROPS.has(key) ? undefined : super.readProperty(object, key);
  }

  override spawn(scope?: object): Context {
    const { opts, sync, memoryLimit, renderLimit, liquid } = this;
    return new Lookups(scope, opts, { sync }, { memoryLimit, renderLimit, liquid: liquid! });
  }
}
