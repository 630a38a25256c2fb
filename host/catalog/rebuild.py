#!/usr/bin/env python3
"""Writes models.tsv from the catalog that the PyPI package of LiteLLM carries, and from corrections.tsv.

Usage: rebuild.py WHEEL. `just catalog` fetches the pinned wheel and calls this.
"""

import json
import pathlib
import sys
import zipfile

HERE = pathlib.Path(__file__).parent

# LiteLLM's name of a provider, and ours. Others are left out: no URL leads to them here.
VENDORS = {
    "anthropic": "anthropic",
    "cerebras": "cerebras",
    "dashscope": "dashscope",
    "deepinfra": "deepinfra",
    "deepseek": "deepseek",
    "fireworks_ai": "fireworks",
    "gemini": "gemini",
    "groq": "groq",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshot": "moonshot",
    "novita": "novita",
    "openai": "openai",
    "openrouter": "openrouter",
    "sambanova": "sambanova",
    "together_ai": "together",
    "xai": "xai",
    "zai": "zai",
}

COLUMNS = "vendor id context output in out cache_read cache_write kind retired".split()


def whole(value):
    """A number of tokens; the source writes some as text."""
    try:
        return str(int(value)) if int(value) > 0 else ""
    except (TypeError, ValueError):
        return ""


def price(value):
    """Dollars a million tokens."""
    if value is None:
        return ""
    return f"{float(value) * 1e6:.6f}".rstrip("0").rstrip(".")


def row(vendor, name, entry):
    kind = ("r" if entry.get("supports_reasoning") else "") + ("v" if entry.get("supports_vision") else "")
    return [
        vendor,
        name,
        whole(entry.get("max_input_tokens")),
        whole(entry.get("max_output_tokens")),
        price(entry.get("input_cost_per_token")),
        price(entry.get("output_cost_per_token")),
        price(entry.get("cache_read_input_token_cost")),
        price(entry.get("cache_creation_input_token_cost")),
        kind,
        entry.get("deprecation_date", ""),
    ]


def bare(name, provider):
    """The id as the provider has it."""
    name = name.removeprefix(f"{provider}/")
    return name.lower()


def main(wheel):
    with zipfile.ZipFile(wheel) as archive:
        source = json.loads(archive.read("litellm/model_prices_and_context_window_backup.json"))
    rows = {}
    for name, entry in source.items():
        provider = entry.get("litellm_provider")
        if provider not in VENDORS or entry.get("mode") not in ("chat", "responses"):
            continue
        if name.startswith("ft:") or "\t" in name:
            continue
        vendor = VENDORS[provider]
        made = row(vendor, bare(name, provider), entry)
        # An id with and without the provider's name before it: the first one that says more stays.
        known = rows.get((vendor, made[1]))
        if known is None or sum(map(bool, made)) > sum(map(bool, known)):
            rows[vendor, made[1]] = made
    for line in (HERE / "corrections.tsv").read_text().splitlines():
        if line.startswith("#") or not line:
            continue
        fields = line.split("\t")
        fields += [""] * (len(COLUMNS) - len(fields))
        known = rows.get((fields[0], fields[1]), fields)
        rows[fields[0], fields[1]] = [new or old for new, old in zip(fields, known)]
    lines = sorted("\t".join(fields) for fields in rows.values())
    header = f"# {pathlib.Path(wheel).name.split('-')[1]}\n#" + "\t".join(COLUMNS) + "\n"
    (HERE / "models.tsv").write_text(header + "\n".join(sorted(lines, key=lambda line: line.split("\t")[:2])) + "\n")
    print(f"{len(lines)} models")


if __name__ == "__main__":
    main(sys.argv[1])
