//! Compares runs of one case with each other: the same input must give the same bytes, and the same
//! stream the same events however it is cut.

use bytes::Bytes;

use crate::testing::compare::{events, stream_differences, value_differences};
use crate::testing::finding::{Finding, Kind};
use crate::testing::play::{Answered, Asked, Play, Streamed, Way};
use crate::testing::shape::shape;

/// Two runs in the same way.
pub(super) fn same_bytes(first: &Play, again: &Play) -> Option<Finding> {
    if first == again {
        return None;
    }
    if let Some(fault) = &again.fault {
        let text = format!("a second run on the same input: {fault}");
        return Some(Finding::new(Kind::Nondeterminism, text));
    }
    let what = "two runs on the same input gave different bytes";
    let differences = value_differences(&shape(first), &shape(again));
    let finding = Finding::differing(Kind::Nondeterminism, what, differences);
    let place = if bytes(first) == bytes(again) {
        "the notes are others"
    } else {
        "the values are the same, their bytes are not: the order of members or the spaces between them"
    };
    Some(finding.unwrap_or_else(|| Finding::new(Kind::Nondeterminism, format!("{what}: {place}"))))
}

fn bytes(play: &Play) -> (Option<&Bytes>, &Answered) {
    let asked = match &play.asked {
        Asked::Forward(sent) => Some(&sent.body),
        Asked::Answer(answer) => Some(answer),
        Asked::Refused(_) | Asked::Failed(_) | Asked::Unsupported => None,
    };
    (asked, &play.answered)
}

/// A stream in another way.
pub(super) fn same_events(first: &Play, other: &Play, way: Way) -> Option<Finding> {
    if let Some(fault) = &other.fault {
        let text = format!("with the stream {way}: {fault}");
        return Some(Finding::new(Kind::Fault, text));
    }
    if first.asked != other.asked {
        return same_bytes(
            &Play {
                answered: Answered::Nothing,
                ..first.clone()
            },
            &Play {
                answered: Answered::Nothing,
                ..other.clone()
            },
        );
    }
    let (Answered::Stream(one), Answered::Stream(two)) = (&first.answered, &other.answered) else {
        return None;
    };
    let text = format!(
        "the stream {way} gives something else (got) than {} (expected)",
        Way::FIRST
    );
    let (old, new) = (events(&one.bytes), events(&two.bytes));
    // Of those in the first way it is told anyway.
    if let (Ok(_), Err(why)) = (&old, &new) {
        return Some(Finding::new(
            Kind::Splitting,
            format!("the stream {way}: {why}"),
        ));
    }
    let differences = stream_differences(&old.unwrap_or_default(), &new.unwrap_or_default());
    if let Some(finding) = Finding::differing(Kind::Splitting, &text, differences) {
        return Some(finding);
    }
    ((one.ends, &one.error) != (two.ends, &two.error)).then(|| {
        let end = |stream: &Streamed| match &stream.error {
            Some(error) => format!("{} ({error})", stream.ends.word()),
            None => stream.ends.word().to_owned(),
        };
        Finding {
            kind: Kind::Splitting,
            ..Finding::instead(&text, end(one), end(two))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::case::Ends;
    use crate::testing::play::{Reads, Sent};

    fn play(body: &str, stream: &str) -> Play {
        Play {
            asked: Asked::Forward(Sent {
                path: "/v1/messages".to_owned(),
                headers: Vec::new(),
                reply: "sse".to_owned(),
                body: Bytes::from(body.to_owned()),
            }),
            answered: Answered::Stream(Streamed {
                bytes: stream.as_bytes().to_vec(),
                ends: Ends::Complete,
                error: None,
                made_up_an_end: false,
            }),
            notes: Vec::new(),
            fault: None,
        }
    }

    const WAY: Way = Way {
        reads: Reads::Random(7),
        rules: false,
    };

    #[test]
    fn the_same_bytes_are_no_finding_and_others_are_told_by_their_place() {
        let one = play(r#"{"a":1,"b":2}"#, "");
        assert_eq!(same_bytes(&one, &one.clone()), None);
        let found = same_bytes(&one, &play(r#"{"a":1,"b":3}"#, "")).unwrap();
        assert_eq!(found.kind, Kind::Nondeterminism);
        assert_eq!(found.differences[0].place, "/request/body/b");
        let found = same_bytes(&one, &play(r#"{"b":2,"a":1}"#, "")).unwrap();
        assert!(found.text.contains("the order of members"), "{found}");
    }

    #[test]
    fn events_may_come_in_other_bytes_but_not_be_others() {
        let one = play("{}", "event: e\ndata: {\"a\":1,\"b\":2}\n\n");
        let spaced = play("{}", "event: e\ndata: {\"b\": 2, \"a\": 1}\n\n");
        assert_eq!(same_events(&one, &spaced, WAY), None);
        let other = play("{}", "event: e\ndata: {\"a\":1,\"b\":3}\n\n");
        let found = same_events(&one, &other, WAY).unwrap();
        assert_eq!(found.kind, Kind::Splitting);
        assert!(found.text.contains("in random pieces of seed 7"), "{found}");
        assert_eq!(found.differences[0].place, "event 0 (e) /b");
    }

    #[test]
    fn events_that_cannot_be_read_in_another_way_are_told_with_the_reason() {
        let one = play("{}", "event: e\ndata: {\"a\":1}\n\n");
        let mut other = one.clone();
        if let Answered::Stream(streamed) = &mut other.answered {
            streamed.bytes = b"event: e\ndata: {\"a\":\"\xe9\"}\n\n".to_vec();
        }
        let found = same_events(&one, &other, WAY).unwrap();
        assert_eq!(found.kind, Kind::Splitting);
        assert!(found.text.contains("not UTF-8"), "{found}");
        assert_eq!(found.differences, []);
    }

    #[test]
    fn another_request_in_another_way_is_nondeterminism() {
        let found = same_events(&play("{}", ""), &play(r#"{"a":1}"#, ""), WAY).unwrap();
        assert_eq!(found.kind, Kind::Nondeterminism);
    }
}
