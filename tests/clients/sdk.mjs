// The TypeScript SDK as a client: one case a run, what it saw as JSON on standard output.
//
// Usage: sdk.mjs NODE_MODULES BASE_URL KEY MODEL CASE

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, baseURL, apiKey, model, chosen] = process.argv.slice(2);
const entry = pathToFileURL(join(modules, '@anthropic-ai/sdk/index.mjs'));
const { default: Anthropic } = await import(entry.href);
const client = new Anthropic({ baseURL, apiKey, maxRetries: 0, timeout: 60_000 });

const TOOL = {
  name: 'add',
  description: 'adds two numbers',
  input_schema: {
    type: 'object',
    properties: { a: { type: 'integer' }, b: { type: 'integer' } },
    required: ['a', 'b'],
  },
};

function request(messages, more = {}) {
  if (typeof messages === 'string') messages = [{ role: 'user', content: messages }];
  return { model, max_tokens: 1000, messages, ...more };
}

function told(message) {
  const of = (type) => message.content.filter((block) => block.type === type);
  return {
    text: of('text').map((block) => block.text).join(''),
    thinking: of('thinking').map((block) => block.thinking).join(''),
    tools: of('tool_use').map((block) => [block.name, block.input]),
    stop_reason: message.stop_reason,
    counted: message.usage.input_tokens > 0 && message.usage.output_tokens > 0,
  };
}

async function failure(action) {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Anthropic.APIError)) throw error;
    if (error.status === undefined && !error.error) return { class: error.constructor.name };
    return {
      class: error.constructor.name,
      status: error.status ?? null,
      type: error.error?.error?.type ?? null,
      message: error.error?.error?.message ?? null,
      retry_after: error.headers?.get('retry-after') ?? null,
      request_id: Boolean(error.requestID),
    };
  }
  return { class: null };
}

const cases = {
  async plain() {
    return told(await client.messages.create(request('plain')));
  },

  async stream() {
    const events = client.messages.stream(request('stream'));
    let joined = '';
    events.on('text', (piece) => (joined += piece));
    return { ...told(await events.finalMessage()), joined };
  },

  async tools() {
    const messages = [{ role: 'user', content: 'tools' }];
    const answers = [];
    for (let round = 0; round < 2; round++) {
      const message = await client.messages.stream(request(messages, { tools: [TOOL] })).finalMessage();
      answers.push(told(message));
      const calls = message.content.filter((block) => block.type === 'tool_use');
      messages.push({ role: 'assistant', content: message.content });
      messages.push({
        role: 'user',
        content: calls.map((call) => ({
          type: 'tool_result',
          tool_use_id: call.id,
          content: String(call.input.a + call.input.b),
        })),
      });
    }
    return answers;
  },

  async errors() {
    const seen = [];
    for (const status of [400, 401, 402, 403, 404, 413, 429, 500, 503]) {
      seen.push(await failure(() => client.messages.create(request(`fail ${status}`))));
    }
    return seen;
  },

  async broken() {
    return failure(() => client.messages.stream(request('broken')).finalMessage());
  },
};

console.log(JSON.stringify(await cases[chosen]()));
