"""One exchange: hands each step of the interface to the module that knows it."""

import json

from componentize_py_types import Err
from wit_world.exports import transformer as wit
from wit_world.imports.types import Context, Head, Output, Output_Keep

import codes
import failure
import request
from stream import Stream


class Exchange(wit.Exchange):
    def __init__(self, ctx: Context) -> None:
        self.context = ctx

    def request(self, so_far: wit.Draft, body: bytes) -> wit.Plan:
        if self.context.operation != "messages":
            return wit.Plan_Unsupported()
        return request.plan(self.context, body)

    def respond(self, head: Head, body: bytes) -> Output:
        try:
            message = json.loads(body)
        except ValueError:
            raise Err(failure.upstream("upstream answered with something else than JSON"))
        if not isinstance(message, dict) or "content" not in message:
            raise Err(codes.explain(head, body))
        return Output_Keep()

    def explain(self, head: Head, body: bytes) -> wit.Verdict:
        return wit.Verdict_Failed(codes.explain(head, body))

    def begin(self, head: Head) -> None:
        pass

    def push(self, frames: bytes, spliced: int) -> wit.Pushed:
        return Stream.push(frames)

    def wake(self) -> wit.Pushed:
        return Stream.push(b"")

    def finish(self, ending: wit.Ending) -> wit.Pushed:
        return Stream.finish(ending)
