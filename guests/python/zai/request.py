"""The request: what must change of the client's body, and nothing else."""

import json

from componentize_py_types import Err
from wit_world.exports import transformer as wit
from wit_world.imports import host
from wit_world.imports.types import Context, Output_Keep, Output_Replace

import failure
from fold import fold
from options import current as options

BETA = "anthropic-beta"
ATTRIBUTION = "x-anthropic-billing-header:"


def plan(context: Context, body: bytes) -> wit.Plan:
    try:
        request = json.loads(body)
    except ValueError as error:
        raise Err(failure.invalid(f"request body: {error}"))
    if not isinstance(request, dict):
        raise Err(failure.invalid("request body: not an object"))
    answer = local(context, request)
    if answer:
        return wit.Plan_Answer(as_bytes(answer))
    safeguarded = "safeguards" in request
    if safeguarded and options["safeguards"] == "refuse":
        raise Err(failure.invalid("safeguards: Extra inputs are not permitted"))
    changed = edit(context, request)
    forward = wit.Forward(
        path=options["path"],
        headers=[(name, header(name, value, safeguarded)) for name, value in context.headers],
        body=Output_Replace(as_bytes(request)) if changed else Output_Keep(),
        reply=wit.Reply_Frames("sse") if context.streaming else wit.Reply_Whole(),
    )
    return wit.Plan_Forward(forward)


def local(context: Context, request: dict) -> dict | None:
    """The answer to what only Anthropic itself could serve: warming a cache, searching the web."""
    if request.get("max_tokens") == 0:
        return message(context, "", "max_tokens")
    kinds = [str(tool.get("type")) for tool in request.get("tools") or []]
    if not kinds or not all(kind.startswith("web_search_") for kind in kinds):
        return None
    host.note("drop", "tools", "the provider has no web search")
    return message(context, "Web search is not available through this provider.", "end_turn")


def edit(context: Context, request: dict) -> bool:
    """Changes the request in place. Says whether anything was to change."""
    steps = [
        set_model(context, request),
        clamp(context, request),
        take_out(request),
        drop_attribution(request),
        drop_server_tools(request),
        flatten(request),
        drop_foreign_thinking(request),
        options["mid_system"] == "fold" and fold(request),
    ]
    return any(steps)


def set_model(context: Context, request: dict) -> bool:
    changed = request.get("model") != context.model
    request["model"] = context.model
    return changed


def clamp(context: Context, request: dict) -> bool:
    """Asking for more than the model can is a 400."""
    known = int(dict(context.limits).get("max-output", 0))
    most = min((most for most in (options["max_out_clamp"], known) if most > 0), default=None)
    if most is None or request.get("max_tokens", 0) <= most:
        return False
    host.note("change", "max_tokens", "the model cannot give more")
    request["max_tokens"] = most
    return True


def take_out(request: dict) -> bool:
    gone = [name for name in options["drop"] if name in request]
    if options["safeguards"] == "strip" and "safeguards" in request:
        gone.append("safeguards")
    for name in gone:
        host.note("drop", name, "not for a foreign provider")
        del request[name]
    return bool(gone)


def drop_attribution(request: dict) -> bool:
    system = request.get("system")
    if options["attribution"] or not isinstance(system, list):
        return False
    kept = [block for block in system if not block.get("text", "").startswith(ATTRIBUTION)]
    if len(kept) == len(system):
        return False
    host.note("drop", "system", "the attribution block changes with every request")
    request["system"] = kept
    return True


def flatten(request: dict) -> bool:
    """Tools in the nested form of OpenAI become flat ones, which alone the endpoint takes."""
    tools = request.get("tools", [])
    nested = [tool for tool in tools if tool.get("type") == "function" and "name" not in tool]
    for tool in nested:
        host.note("change", "tools", "a nested tool was flattened")
        function = tool.pop("function", {})
        del tool["type"]
        tool["name"] = function.get("name", "")
        if "description" in function:
            tool["description"] = function["description"]
        tool["input_schema"] = function.get("parameters", {"type": "object"})
    return bool(nested)


def drop_server_tools(request: dict) -> bool:
    """Tools that Anthropic itself runs have no schema, which the endpoint wants."""
    tools = request.get("tools") or []
    kept = [tool for tool in tools if tool.get("type") in (None, "custom", "function")]
    if len(kept) == len(tools):
        return False
    host.note("drop", "tools", "the provider has no tools of Anthropic's")
    request["tools"] = kept
    if not kept:
        del request["tools"]
        request.pop("tool_choice", None)
    return True


def drop_foreign_thinking(request: dict) -> bool:
    """Thinking that another provider gave means nothing here; what has no signature is GLM's own. A message of which
    nothing is left goes too."""
    messages = request.get("messages") or []
    changed = False
    for message in messages:
        content = message.get("content")
        if message.get("role") == "assistant" and isinstance(content, list):
            kept = [block for block in content if not is_foreign(block)]
            changed |= len(kept) < len(content)
            message["content"] = kept
    if changed:
        host.note("drop", "messages[*].content", "this earlier thinking is another provider's")
        request["messages"] = [message for message in messages if message.get("content") != []]
    return changed


def is_foreign(block: dict) -> bool:
    if block.get("type") == "thinking":
        return (block.get("signature") or "").startswith("th1.")
    return block.get("type") == "redacted_thinking" and block.get("data", "").startswith("th1.")


def header(name: str, value: str, safeguarded: bool) -> str | None:
    """The beta header goes without the values whose part of the body was taken out. None: not sent."""
    if name != BETA:
        return value
    if options["strip_betas"]:
        return None
    gone = ["dangerous-tool-use-"] if safeguarded and options["safeguards"] == "strip" else []
    if options["mid_system"] == "fold":
        gone += ["mid-conversation-tool-changes-", "per-turn-control-"]
    betas = [beta.strip() for beta in value.split(",")]
    kept = [beta for beta in betas if not beta.startswith(tuple(gone))]
    return ",".join(kept) or None


def message(context: Context, text: str, reason: str) -> dict:
    return {
        "id": f"msg_{context.exchange_id}", "type": "message", "role": "assistant", "model": context.model,
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": reason, "stop_sequence": None,
        "usage": {
            "input_tokens": context.input_estimate, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0, "output_tokens": 0,
        },
    }


def as_bytes(value: object) -> bytes:
    # Half a surrogate pair, which JSON can escape and UTF-8 cannot hold, stays escaped.
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()
