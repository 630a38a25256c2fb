// What the author of a transformer in JavaScript uses: a class that extends `Exchange`, and `define`, which
// makes the component's export of it. The interface itself is wit/transformer/transformer.wit.

import host from "transom:transformer/host@0.1.0";

import { read, classify } from "./errors.js";
import { Events } from "./events.js";
import { Failure, broken, invalid, retryAfterMs, truncated, upstream } from "./failure.js";
import * as globals from "./globals.js";
import { parse as parseOptions } from "./options.js";
import { frames, lines } from "./sse.js";
import { decode, encode } from "./utf8.js";

/** Says what was dropped, changed or added (`action`), where (`path`) and why: `guest test --explain` lists it. */
export const note = (action, path, why) => host.note(action, path, why);

/** Writes a line to transom's log: `trace`, `debug`, `info`, `warn` or `error`. */
export const log = (level, message) => host.log(level, String(message));

globals.console(log);

/**
 * One exchange. Each instance of the component serves one, so all state is fields of yours. `this.context` is what the
 * host tells of the exchange, `this.options` the provider's options, `this.events` the writer of the client's stream.
 */
export class Exchange {
  constructor(context, options) {
    this.context = context;
    this.options = options;
    this.events = new Events(context);
  }

  /**
   * The client's request, parsed, with `model` set to the provider's name of it; `text` is its text. Returns
   * `{ path, headers, body, reply }`, each optional, or `{ answer: message }` to answer without the provider. `reply` is
   * how the answer comes: `sse`, `json-lines`, `whole`, or `untouched` for not at all. Default: the body as it is.
   */
  request(_body, _text) {
    return {};
  }

  /** A whole 2xx answer, parsed: returns an Anthropic message. Default: as it is. */
  respond(answer, _head) {
    return answer;
  }

  /** An error of the provider: returns a Failure, or null to leave it to the host. */
  explain(said, head, _text) {
    const failure = classify(head.status, said);
    if ([429, 529].includes(failure.status)) failure.retryAfterMs = retryAfterMs(head.headers);
    return failure;
  }

  /** One frame of a stream: `{ event, data, raw, whole }`. Writes to `this.events`. */
  event(_frame) {}

  /** What comes after the frames of a push: nothing, or milliseconds of silence after which `silence` is called. */
  pause() {}

  /** The silence that `pause` asked for. */
  silence() {}

  /** The provider ended properly before `this.events` did. Default: its answer is truncated. */
  end() {
    throw truncated();
  }

  /** The client's headers, to be sent on to a provider that speaks the Messages API. */
  clientHeaders() {
    return Object.fromEntries(this.context.headers);
  }
}

/**
 * The export of a component: `export const transformer = define({ name, version, options, exchange })`, where `options`
 * are the defaults and `exchange` a class that extends `Exchange`. `check(options)` returns problems that types do not show.
 */
export function define({ name, version, options: defaults = {}, exchange: Kind, auth = null, notices = [], check = () => [] }) {
  let options = defaults;

  function configure(given) {
    const parsed = guarded(() => parseOptions(defaults, JSON.parse(decode(given))));
    const problems = guarded(() => check(parsed));
    if (problems.length > 0) throw problems;
    options = parsed;
    return { name, version, auth, notices };
  }

  class Glue {
    constructor(context) {
      globals.seed(context.exchangeId);
      this.exchange = guarded(() => new Kind(context, options));
    }

    request(_soFar, body) {
      return guarded(() => {
        const planned = plan(this.exchange, body);
        this.framing = planned.val?.reply?.val;
        return planned;
      });
    }

    respond(head, body) {
      return guarded(() => replace(JSON.stringify(this.exchange.respond(parsed(body), head))));
    }

    explain(head, body) {
      return guarded(() => {
        const text = decode(body);
        const failure = this.exchange.explain(read(text), head, text);
        return failure ? { tag: "failed", val: failure.toWit() } : { tag: "not-mine" };
      });
    }

    begin(_head) {}

    push(bytes, _spliced) {
      return this.#pushed(() => {
        const cut = this.framing === "json-lines" ? lines : frames;
        for (const frame of cut(decode(bytes))) {
          if (this.exchange.events.ended) break;
          this.exchange.event(frame);
        }
      });
    }

    wake() {
      return this.#pushed(() => this.exchange.silence());
    }

    finish(ending) {
      return this.#pushed(() => {
        if (ending.tag === "broken") throw broken(ending.val);
        if (!this.exchange.events.ended) this.exchange.end();
      });
    }

    /** What was written, and what comes next. */
    #pushed(work) {
      return guarded(() => {
        const { events } = this.exchange;
        let next = { tag: "more" };
        try {
          work();
          const pause = this.exchange.pause();
          if (events.ended) next = { tag: "done" };
          else if (pause !== undefined) next = { tag: "wake-after", val: pause };
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          next = { tag: "failed", val: error.toWit() };
        }
        const written = events.take(next.tag === "failed");
        return { out: written ? replace(written) : { tag: "drop" }, rules: null, next };
      });
    }
  }

  return { configure, Exchange: Glue };
}

/** The plan for a request. */
function plan(exchange, body) {
  const { context } = exchange;
  if (context.operation !== "messages") return { tag: "unsupported" };
  const text = decode(body);
  const request = object(text);
  request.model = context.model;
  const { answer, path = null, headers = {}, body: changed, reply } = exchange.request(request, text);
  if (answer) return { tag: "answer", val: encode(JSON.stringify(answer)) };
  const val = {
    path,
    headers: Object.entries(headers),
    body: changed === undefined ? { tag: "keep" } : replace(JSON.stringify(changed)),
    reply: wanted(reply ?? usual(exchange)),
  };
  return { tag: "forward", val };
}

/** An answer that the class does not look at need not be handed over. */
function usual(exchange) {
  const own = (method) => exchange[method] !== Exchange.prototype[method];
  if (!own("respond") && !own("event")) return "untouched";
  return exchange.context.streaming ? "sse" : "whole";
}

function wanted(reply) {
  return ["untouched", "whole"].includes(reply) ? { tag: reply } : { tag: "frames", val: reply };
}

function replace(text) {
  return { tag: "replace", val: encode(text) };
}

function object(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`request body: ${error.message}`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw invalid("request body: not an object");
  return value;
}

function parsed(body) {
  try {
    return JSON.parse(decode(body));
  } catch {
    throw upstream("upstream answered with something else than JSON");
  }
}

/** Failures and lists of problems go to the host; anything else is a slip of ours, told in the log before it traps. */
function guarded(work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure) throw error.toWit();
    if (Array.isArray(error)) throw error;
    log("error", `${error}\n${error?.stack ?? ""}`.trim());
    throw withoutPlace(error);
  }
}

/** The client is told what happened, not where in whose source. */
function withoutPlace(error) {
  const told = new Error(String(error));
  Object.defineProperty(told, "stack", { value: undefined });
  return told;
}

export { Events, usage } from "./events.js";
export { classify, has, read } from "./errors.js";
export { Failure, broken, fromStatus, header, invalid, retryAfterMs, truncated, upstream, wait } from "./failure.js";
export { Source } from "./json.js";
export { frames, lines } from "./sse.js";
export { decode, encode } from "./utf8.js";
