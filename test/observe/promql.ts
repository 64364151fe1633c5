/** Words of PromQL that are neither metrics nor labels. */
const WORDS = new Set(
  'sum max min by rate increase histogram_quantile time label_values and or unless on ignoring group_left without'.split(
    ' ',
  ),
);
/** Labels that Prometheus adds itself. */
const ADDED = new Set(['job', 'instance']);

/** What a query names: each metric, with the labels that it is selected or grouped by. */
function namedIn(query: string): { metrics: Map<string, Set<string>>; labels: Set<string> } {
  const metrics = new Map<string, Set<string>>();
  const labels = new Set<string>();
  let rest = query.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').replaceAll(/\[[^\]]*\]/g, '');
  rest = rest.replaceAll(/\b(?:by|without)\s*\(([^)]*)\)/g, (_, names: string) => {
    for (const name of names.split(',')) labels.add(name.trim());
    return ' ';
  });
  rest = rest.replaceAll(/label_values\(([^)]*), *(\w+)\)/g, (_, selected: string, label: string) => {
    labels.add(label);
    return selected;
  });
  for (const [, name = '', matchers = ''] of rest.matchAll(/([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})?/g)) {
    if (WORDS.has(name)) continue;
    const own = metrics.get(name) ?? new Set();
    metrics.set(name, own);
    for (const [, label = ''] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) own.add(label);
  }
  return { metrics, labels };
}

/** What is wrong with a query: metrics that are not there, labels that none of its metrics has. */
export function wrongIn(query: string, known: ReadonlyMap<string, readonly string[]>): string[] {
  const { metrics, labels } = namedIn(query);
  const wrong = [...metrics].flatMap(([name, own]) => {
    const has = known.get(name);
    if (!has) return [`no metric ${name}`];
    return [...own]
      .filter((label) => !has.includes(label) && !ADDED.has(label))
      .map((label) => `${name} has no ${label}`);
  });
  const all = new Set([...metrics.keys()].flatMap((name) => known.get(name) ?? []));
  const unknown = [...labels].filter((label) => !all.has(label) && !ADDED.has(label));
  const open = query.split('(').length - query.split(')').length;
  return [...wrong, ...unknown.map((label) => `nothing has ${label}`), ...(open === 0 ? [] : ['brackets'])];
}
