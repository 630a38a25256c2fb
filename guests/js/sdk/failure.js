// Errors for the client, by the HTTP status that an upstream answered with.

/** Throw it anywhere in a transformer: the client gets it with its status and the words as they are. */
export class Failure extends Error {
  /** `kind`: an error type of the Messages API. */
  constructor(status, kind, message, { retryAfterMs = null, shouldRetry = null } = {}) {
    super(message);
    Object.assign(this, { status, kind, retryAfterMs, shouldRetry });
  }

  /** As the interface wants it. */
  toWit() {
    const { kind, status, message, retryAfterMs, shouldRetry } = this;
    return { kind, status, message, retryAfterMs, shouldRetry };
  }
}

/** The client's request cannot be served as it is. */
export const invalid = (message) => new Failure(400, "invalid_request_error", message);

/** The upstream, or what we make of its answer, is at fault. */
export const upstream = (message) => new Failure(502, "api_error", message);

/** The upstream ended properly, but the answer is not complete. */
export const truncated = () =>
  upstream("upstream stream truncated: it ended without saying that it was finished");

/** The connection to the upstream broke. */
export const broken = (how) => upstream(`upstream connection broke: ${how}`);

const KINDS = {
  401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error",
  409: "conflict_error", 413: "request_too_large", 429: "rate_limit_error", 502: "api_error",
  504: "timeout_error", 529: "overloaded_error",
};
const MEANS = { 408: 504, 424: 429, 503: 529 };

/** What an upstream's status means to a client of the Messages API. */
export function fromStatus(status, message, more) {
  const known = MEANS[status] ?? status;
  if (KINDS[known]) return new Failure(known, KINDS[known], message, more);
  if (known >= 400 && known < 500) return new Failure(400, "invalid_request_error", message, more);
  return new Failure(500, "api_error", message, more);
}

/** How long the upstream asks to wait, from `retry-after-ms` or `retry-after`. None: null. */
export function retryAfterMs(headers) {
  return wait(header(headers, "retry-after-ms"), 1) ?? wait(header(headers, "retry-after"), 1000);
}

/** `number` times `unit`, rounded up, if it is above zero and below a day; else null. */
export function wait(number, unit) {
  const value = Number(number ?? NaN);
  return value > 0 && value < 86_400_000 ? Math.ceil(value * unit) : null;
}

/** The value of the first header called `name` (lower case). None: undefined. */
export function header(headers, name) {
  return headers.find(([known]) => known === name)?.[1];
}
