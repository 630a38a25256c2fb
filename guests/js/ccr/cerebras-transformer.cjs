// A plugin for claude-code-router as people write them by hand. It is here to be ported: docs/porting-from-ccr.md.
class CerebrasTransformer {
  name = "cerebras-transformer";

  constructor(options) {
    this.maxTokens = options?.max_tokens ?? 8192;
  }

  async transformRequestIn(request, provider) {
    const messages = [];
    if (request.system) messages.push({ role: "system", content: textOf(request.system) });
    for (const message of request.messages) messages.push(...converted(message));
    const body = {
      model: request.model,
      messages,
      stream: request.stream,
      max_completion_tokens: Math.min(request.max_tokens, this.maxTokens),
      tools: request.tools?.map(asFunction),
    };
    return { body, config: { url: `${provider.baseUrl}/chat/completions`, headers: { "x-source": "ccr" } } };
  }

  async transformResponseOut(response) {
    if (response.headers.get("Content-Type")?.includes("application/json")) {
      const { choices, usage } = await response.json();
      return Response.json({
        id: `msg_${Date.now()}`, type: "message", role: "assistant",
        content: [{ type: "text", text: choices[0].message.content }],
        stop_reason: "end_turn", usage: { input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens },
      });
    }
    const decoder = new TextDecoder();
    const encoder = new TextEncoder();
    let buffer = "";
    let begun = false;
    const stream = new TransformStream({
      transform: (chunk, controller) => {
        const send = (type, data) =>
          controller.enqueue(encoder.encode(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`));
        buffer += decoder.decode(chunk, { stream: true });
        const lines = buffer.split("\n");
        buffer = lines.pop();
        for (const line of lines) {
          if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
          const { choices, usage } = JSON.parse(line.slice(6));
          if (!begun) {
            begun = true;
            send("message_start", { message: { id: `msg_${Date.now()}`, type: "message", role: "assistant", content: [] } });
            send("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
          }
          const text = choices[0]?.delta?.content;
          if (text) send("content_block_delta", { index: 0, delta: { type: "text_delta", text } });
          if (usage) {
            send("content_block_stop", { index: 0 });
            send("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: usage.completion_tokens } });
            send("message_stop", {});
          }
        }
      },
    });
    return new Response(response.body.pipeThrough(stream), { headers: response.headers });
  }
}

const textOf = (content) => (typeof content === "string" ? content : content.map(({ text }) => text).join("\n"));

function converted({ role, content }) {
  const results = Array.isArray(content) ? content.filter(({ type }) => type === "tool_result") : [];
  const told = results.map((result) => ({ role: "tool", tool_call_id: result.tool_use_id, content: textOf(result.content) }));
  if (results.length === content.length) return told;
  return [...told, { role, content: textOf(content) }];
}

const asFunction = ({ name, description, input_schema }) => ({
  type: "function",
  function: { name, description, parameters: input_schema },
});

module.exports = CerebrasTransformer;
