"""Z.ai's numeric error codes. It sends some of them with statuses that would mislead a client: an empty account is a
429 there, which every client would try again."""

import re

from wit_world.imports.types import Failure, Head

import failure
from failure import Said

# Said with 1113, because it is the usual reason and the code does not tell.
PRODUCT_HINT = (
    "Z.ai says the same to a Coding Plan key on the pay-as-you-go URL, and to a pay-as-you-go key on the"
    " Coding Plan URL: check that key and base_url belong together."
)

# Codes, the status that they mean, and whether to try again.
MEANINGS = [
    ({*range(1000, 1005)}, 401, None),
    ({*range(1110, 1113), 1120, 1121, 1220}, 403, None),
    ({1113, 1309, 1311, 1313}, 402, False),
    ({1210, *range(1212, 1216), 1301}, 400, None),
    ({1211}, 404, None),
    ({1302, 1303}, 429, None),
    ({1305}, 529, None),
    ({1308, 1310, *range(1316, 1322)}, 429, False),
]

BY_WORDS = {
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402,
    "permission_error": 403, "not_found_error": 404, "rate_limit_error": 429, "overloaded_error": 529,
}


def explain(head: Head, body: bytes) -> Failure:
    """The failure for an error body."""
    failed = meaning(head.status, failure.read(body))
    if failed.status in (429, 529) and failed.should_retry is not False:
        failed.retry_after_ms = failure.retry_after_ms(head.headers)
    return failed


def in_stream(data: bytes) -> Failure:
    """The failure for an error in the middle of a stream."""
    return meaning(200, failure.read(data))


def meaning(status: int, said: Said) -> Failure:
    number = code(said)
    known = [(status, retry) for codes, status, retry in MEANINGS if number in codes]
    if known:
        status, retry = known[0]
    else:
        status, retry = (by_words(said), None) if 200 <= status < 300 else (status, None)
    failed = failure.classify(status, said)
    if retry is not None:
        failed.should_retry = retry
    if number == 1113:
        failed.message = f"{failed.message} {PRODUCT_HINT}"
    return failed


def code(said: Said) -> int | None:
    """The code, as a member of the body or in brackets before the message."""
    bracketed = re.match(r"\[(\d{4})\]", said.message)
    numbers = [text for text in said.codes if re.fullmatch(r"1\d{3}", text)]
    if numbers:
        return int(numbers[0])
    return int(bracketed[1]) if bracketed else None


def by_words(said: Said) -> int:
    """The status of an error that came with a 2xx and without a number."""
    worded = [BY_WORDS[text] for text in said.codes if text in BY_WORDS]
    return said.status or (worded[0] if worded else 500)
