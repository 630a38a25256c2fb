//! What a case says of a stage that its exchange did not reach: it would be taken for checked.

use super::judge::is_of_error;
use crate::testing::case::{Case, EndingPlan, Ends};
use crate::testing::play::{Answered, Asked, Inputs, Play};

/// A member or a file of a case, and whether what it speaks of happened.
struct Said {
    what: &'static str,
    in_case: bool,
    reached: bool,
    /// What it speaks of.
    of: &'static str,
}

/// A sentence for each.
pub(super) fn unreached(case: &Case, inputs: &Inputs, play: &Play) -> impl Iterator<Item = String> {
    let all = said(case, inputs, play).into_iter();
    all.filter(|said| said.in_case && !said.reached)
        .map(|said| {
            let Said { what, of, .. } = said;
            format!("{what} is there, but {of}; remove it, or add what is missing for it")
        })
}

fn said(case: &Case, inputs: &Inputs, play: &Play) -> [Said; 8] {
    let (request, expect) = (&case.plan.request, &case.plan.expect);
    let upstream = &case.plan.upstream;
    let forwarded = matches!(play.asked, Asked::Forward(_));
    let handed_over = play.answered != Answered::Nothing;
    let streamed = matches!(play.answered, Answered::Stream(_));
    let sent = request.path.is_some() || request.reply.is_some() || !request.headers.is_empty();
    let of = |what, in_case, reached, of| Said {
        what,
        in_case,
        reached,
        of,
    };
    let not_handed_over = "no answer of the upstream is handed over";
    [
        of(
            "request.path, reply or headers",
            sent,
            forwarded,
            "nothing is sent to the upstream",
        ),
        of(
            "request.answer",
            request.answer,
            // That it was forwarded is told already.
            forwarded || matches!(play.asked, Asked::Answer(_)),
            "the request is not answered locally",
        ),
        of(
            "request.unsupported",
            request.unsupported,
            forwarded || play.asked == Asked::Unsupported,
            "the operation is not declined",
        ),
        of(
            "an answer of the upstream (response.upstream)",
            inputs.upstream.is_some(),
            handed_over,
            not_handed_over,
        ),
        of(
            "upstream.status or upstream.headers",
            upstream.status.is_some() || !upstream.headers.is_empty(),
            handed_over,
            not_handed_over,
        ),
        of(
            "a broken `ending`",
            case.plan.ending != EndingPlan::Complete,
            streamed,
            "no stream of the upstream is handed over",
        ),
        of(
            "expect.ends",
            expect.ends.is_some(),
            streamed,
            "no stream is made for the client",
        ),
        of(
            "expect.status or expect.headers",
            is_of_error(expect),
            is_http_error(play),
            "no error is made that has a status: one after the first event and a cut have none",
        ),
    ]
}

/// The client gets an error instead of an answer.
fn is_http_error(play: &Play) -> bool {
    match (&play.asked, &play.answered) {
        (Asked::Failed(_), _) | (_, Answered::Whole(Err(_))) => true,
        (_, Answered::Stream(streamed)) => {
            streamed.bytes.is_empty() && streamed.error.is_some() && streamed.ends == Ends::Error
        }
        _ => false,
    }
}
