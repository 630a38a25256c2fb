"""The Python SDK as a client: one case a run, what it saw as JSON on standard output.

Usage: sdk.py BASE_URL KEY MODEL CASE
"""

import json
import sys

import anthropic

base_url, key, model, case = sys.argv[1:]
client = anthropic.Anthropic(base_url=base_url, api_key=key, max_retries=0, timeout=60)

TOOL = {
    "name": "add",
    "description": "adds two numbers",
    "input_schema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
}


def request(messages, **more):
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    return {"model": model, "max_tokens": 1000, "messages": messages, **more}


def told(message):
    return {
        "text": "".join(block.text for block in message.content if block.type == "text"),
        "thinking": "".join(block.thinking for block in message.content if block.type == "thinking"),
        "tools": [[block.name, block.input] for block in message.content if block.type == "tool_use"],
        "stop_reason": message.stop_reason,
        "counted": message.usage.input_tokens > 0 and message.usage.output_tokens > 0,
    }


def failure(action):
    try:
        action()
    except anthropic.APIStatusError as error:
        body = error.body if isinstance(error.body, dict) else {}
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "type": body.get("error", {}).get("type"),
            "message": body.get("error", {}).get("message"),
            "retry_after": error.response.headers.get("retry-after"),
            "request_id": bool(error.request_id),
        }
    except anthropic.APIError as error:
        return {"class": type(error).__name__}
    return {"class": None}


def plain():
    return told(client.messages.create(**request("plain")))


def stream():
    with client.messages.stream(**request("stream")) as events:
        pieces = list(events.text_stream)
        return {**told(events.get_final_message()), "joined": "".join(pieces)}


def tools():
    messages = [{"role": "user", "content": "tools"}]
    answers = []
    for _ in range(2):
        with client.messages.stream(**request(messages, tools=[TOOL])) as events:
            message = events.get_final_message()
        answers.append(told(message))
        messages.append({"role": "assistant", "content": message.content})
        results = [
            {"type": "tool_result", "tool_use_id": block.id, "content": str(block.input["a"] + block.input["b"])}
            for block in message.content
            if block.type == "tool_use"
        ]
        messages.append({"role": "user", "content": results})
    return answers


def errors():
    statuses = [400, 401, 402, 403, 404, 413, 429, 500, 503]
    return [failure(lambda: client.messages.create(**request(f"fail {status}"))) for status in statuses]


def broken():
    def read():
        with client.messages.stream(**request("broken")) as events:
            for _ in events.text_stream:
                pass

    return failure(read)


print(json.dumps({"plain": plain, "stream": stream, "tools": tools, "errors": errors, "broken": broken}[case]()))
