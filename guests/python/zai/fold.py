"""System messages amid the conversation as user text, at their place. Between a tool call and its result the result
goes first, as it must follow the call directly."""

from wit_world.imports import host


def fold(request: dict) -> bool:
    """Folds all of them in place. Says whether there were any."""
    messages = request.get("messages", [])
    if not any(message.get("role") == "system" for message in messages):
        return False
    folded = []
    waiting = []
    for message in messages:
        if message.get("role") == "system":
            host.note("change", "messages", "a system message became user text")
            waiting += user_text(message)
            continue
        if holds_results(message):
            folded += [message, *waiting]
        else:
            folded += [*waiting, message]
        waiting = []
    request["messages"] = folded + waiting
    return True


def holds_results(message: dict) -> bool:
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    return any(block.get("type") == "tool_result" for block in blocks)


def user_text(message: dict) -> list[dict]:
    """The user message, none if there is no text."""
    content = message.get("content") or []
    if isinstance(content, list):
        content = "\n\n".join(block["text"] for block in content if block.get("text"))
    if not content:
        return []
    return [{"role": "user", "content": f"<system-reminder>\n{content}\n</system-reminder>"}]
