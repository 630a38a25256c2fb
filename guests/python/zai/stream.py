"""The stream is Anthropic's already and is kept. Watched is whether it says an error, and whether it comes to its end:
only `message_stop` is one."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from wit_world.exports import transformer as wit
from wit_world.imports.types import Edit, Failure, Output, Output_Drop, Output_Edit, Output_Keep

import codes
import failure


class Frame(NamedTuple):
    """One frame: its name, its data if it has any, where it begins and ends, and whether its blank line is there."""

    event: bytes
    data: bytes | None
    begin: int
    end: int
    whole: bool


class Stream:
    @staticmethod
    def push(pushed: bytes) -> wit.Pushed:
        for frame in frames(pushed):
            if frame.data is None:
                continue
            if frame.event == b"message_stop" and is_json(frame.data):
                out = up_to(frame.end, pushed) if frame.whole else completed(pushed)
                return wit.Pushed(out, None, wit.Next_Done())
            if frame.event == b"error" or (not frame.event and is_error(frame.data)):
                return failed(up_to(frame.begin, pushed), codes.in_stream(frame.data))
            if not frame.whole:
                # The upstream ended inside it: half an event would be read as a malformed one.
                return wit.Pushed(up_to(frame.begin, pushed), None, wit.Next_More())
        return wit.Pushed(Output_Keep(), None, wit.Next_More())

    @staticmethod
    def finish(ending: wit.Ending) -> wit.Pushed:
        if isinstance(ending, wit.Ending_Broken):
            return failed(Output_Drop(), failure.broken(ending.value))
        return failed(Output_Drop(), failure.truncated())


def failed(out: Output, why: Failure) -> wit.Pushed:
    return wit.Pushed(out, None, wit.Next_Failed(why))


def frames(pushed: bytes) -> Iterator[Frame]:
    """Whole frames, as the host cut them; line ends are LF, CR or CRLF."""
    event, data, begin, at = b"", None, 0, 0
    for line in pushed.splitlines(keepends=True):
        at += len(line)
        text = line.rstrip(b"\r\n")
        if not text:
            yield Frame(event, data, begin, at, True)
            event, data, begin = b"", None, at
            continue
        name, _, value = text.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            event = value
        elif name == b"data":
            data = value if data is None else data + b"\n" + value
    if begin < at:
        yield Frame(event, data, begin, at, False)


def is_json(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False


def is_error(data: bytes) -> bool:
    """An error without an event name, as the OpenAI side of Z.ai sends it."""
    try:
        return json.loads(data).get("error") is not None
    except (ValueError, AttributeError):
        return False


def up_to(at: int, pushed: bytes) -> Output:
    """What stands before `at`."""
    if at == 0:
        return Output_Drop()
    if at == len(pushed):
        return Output_Keep()
    return Output_Edit([Edit(at, len(pushed), b"")])


def completed(pushed: bytes) -> Output:
    """Everything, with the blank line that the last frame lacks."""
    return Output_Edit([Edit(len(pushed), len(pushed), b"\n\n")])
