/** What no error may tell: an address, a credential, a path of this machine, a driver's or parser's own words. */
const FORBIDDEN = [
  /127\.0\.0\.1|localhost|\[::1\]/,
  /mongodb(?:\+srv)?:|https?:\/\//,
  /[\w.\]]:\d{4,5}\b/,
  /ECONN|EPIPE|ENOTFOUND|ETIMEDOUT|socket|UND_ERR|HPE_/i,
  /demo-secret|AKIA|password/i,
  /node_modules|node:internal|\.ts:\d|\.js:\d|\/home\/|\/srv\/|\/tmp\/|\bat \w+ \(/,
  /Mongo[A-Z]\w*Error|MongoServer|topology|E11000|PlanExecutor|unexpected token|in JSON at position/i,
  /private\/|payroll/,
];

/** The texts of a body's errors (a problem is one as a whole) that tell what none may tell. */
export function findLeaks(body: string): string[] {
  return body.split('\n').flatMap((line) => {
    const text = line.startsWith('data: ') ? line.slice(6) : line;
    if (!text.startsWith('{') && !text.startsWith('[')) return [];
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return [];
    }
    const told = isProblem(value) ? [text] : errorsIn(value).map((error) => JSON.stringify(error));
    return told.filter((error) => FORBIDDEN.some((pattern) => pattern.test(error)));
  });
}

function isProblem(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'title' in value && 'status' in value;
}

function errorsIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === 'error' ? [member] : key === 'value' ? [] : errorsIn(member),
  );
}
