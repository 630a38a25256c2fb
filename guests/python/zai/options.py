"""The provider's options. An instance serves one exchange, so they are taken once and stay."""

DEFAULTS = {
    "path": "/v1/messages",
    # System messages amid the conversation: "keep", or "fold" into user text.
    "mid_system": "keep",
    # Local paths and permission rules of the client: "strip", "refuse" or "keep".
    "safeguards": "strip",
    # Other members of the request to take out.
    "drop": ["metadata", "tags"],
    # Keep the client's attribution block, which changes with every request.
    "attribution": False,
    # Do not send `anthropic-beta`.
    "strip_betas": False,
    # The most output tokens to ask for. 0: what is known of the model.
    "max_out_clamp": 0,
}

CHOICES = {"mid_system": ["keep", "fold"], "safeguards": ["strip", "refuse", "keep"]}

current = dict(DEFAULTS)


def take(given: dict) -> list[str]:
    """Takes the options. Gives every problem, with its remedy."""
    problems = [problem for name, value in given.items() if (problem := wrong(name, value))]
    if not problems:
        current.update(given)
    return problems


def wrong(name: str, value: object) -> str:
    """Empty: it fits."""
    if name not in DEFAULTS:
        return f"options.{name}: no such option; remove it or use one of: {', '.join(DEFAULTS)}"
    usual = DEFAULTS[name]
    if type(value) is not type(usual):
        return f"options.{name}: {value!r} does not fit: write something like {usual!r}"
    if value not in CHOICES.get(name, [value]):
        return f"options.{name}: {value!r} does not fit: write one of {', '.join(CHOICES[name])}"
    return ""
