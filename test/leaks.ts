/**
 * What no error may tell: an address, a credential, a path of a machine, a stack frame, a driver's or
 * parser's own words.
 */
const FORBIDDEN = [
  /127\.0\.0\.1|localhost|\[::1\]/,
  /mongodb(?:\+srv)?:|https?:|\w\.(?:example|invalid)\b/,
  /[\w.\]]:\d{4,5}\b/,
  /ECONN|EPIPE|EPROTO|EAI_|ENOTFOUND|ETIMEDOUT|socket|UND_ERR|HPE_|getaddrinfo|fetch failed|other side closed/i,
  /handshake|certificate|self-signed|\bSSL\b|\bTLS\b|openssl/i,
  /demo-secret|codap-secret|AKIA|password|bearer |x-amz-|authenticat|SCRAM/i,
  /node_modules|node:internal|file:|\.[jt]s:\d|\bat (?:async |new )?[\w.<>$]+ \(/,
  /\/(?:app|etc|home|opt|proc|root|srv|tmp|usr|var|work|Users)\/|\b[A-Z]:\\/,
  /Mongo[A-Z]\w*Error|MongoServer|topology|E11000|PlanExecutor|unexpected token|in JSON at position/i,
  /AccessDenied|SignatureDoesNotMatch|NoSuchKey|NoSuchBucket|PermanentRedirect|HostId|RequestId/,
  /private\/|payroll/,
];

/** Whether a text tells what none may tell. */
export function isLeak(text: string): boolean {
  return FORBIDDEN.some((pattern) => pattern.test(text));
}

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
    return told.filter(isLeak);
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
