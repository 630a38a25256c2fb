"""The transformer `zai` in Python: the Anthropic side of Z.ai. It passes the fixtures of its twin in Rust.

This module is what componentize-py begins with: it takes the options. An exchange is in `transformer`.
"""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.transformer import Manifest

import options


class Transformer(exports.Transformer):
    def configure(self, given: bytes) -> Manifest:
        problems = options.take(json.loads(given))
        if problems:
            raise Err(problems)
        return Manifest(name="zai", version="0.1.0", auth=None, notices=[])
