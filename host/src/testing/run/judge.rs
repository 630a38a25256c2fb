//! Compares what came of a case with what is expected of it. Runs nothing.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::reached::unreached;
use crate::error::ApiError;
use crate::testing::case::{
    CLIENT_STREAM, CLIENT_WHOLE, Case, ERROR_HEADERS, EndingPlan, Ends, ExpectPlan, FailsPlan,
    UPSTREAM_REQUEST,
};
use crate::testing::compare::{Event, events, stream_differences, value_differences};
use crate::testing::finding::{Finding, Kind};
use crate::testing::grammar::{violations, whole_violations};
use crate::testing::play::{Answered, Asked, Inputs, Play, Sent, Streamed, envelope};

/// Everything that is not as the case says.
pub(super) fn failures(case: &Case, inputs: &Inputs, play: &Play) -> Vec<Finding> {
    let mut judge = Judge {
        case,
        operation: &inputs.context.operation,
        found: Vec::new(),
    };
    judge.asked(&play.asked);
    judge.answered(&play.answered);
    judge.orphans(play);
    let unreached = unreached(case, inputs, play);
    unreached.for_each(|text| judge.unexpected(text));
    judge.notes(play);
    judge.found
}

/// The case says what is expected, at least in part.
pub(super) fn expects(case: &Case) -> bool {
    let request = &case.plan.request;
    let files = [UPSTREAM_REQUEST, CLIENT_WHOLE, CLIENT_STREAM];
    files.iter().any(|name| case.has(name))
        || case.plan.configure_fails.is_some()
        || request.answer
        || request.unsupported
        || request.fails.is_some()
        || request.path.is_some()
        || request.reply.is_some()
        || !request.headers.is_empty()
        || !case.plan.notes.is_empty()
}

/// The body that was sent is what came of it, and there is nothing to compare that with.
pub(super) fn compares_no_body(case: &Case, play: &Play) -> bool {
    matches!(play.asked, Asked::Forward(_))
        && !case.has(UPSTREAM_REQUEST)
        && matches!(case.upstream(), Ok(None))
}

/// Expected files that cannot be read: nothing could be compared with them.
pub(super) fn broken_files(case: &Case) -> Vec<String> {
    let json = [UPSTREAM_REQUEST, CLIENT_WHOLE].map(|name| case.json(name).err());
    let stream = case.file(CLIENT_STREAM).map(|bytes| {
        let why = events(&bytes.unwrap_or_default()).err()?;
        Some(format!("{}: {why}", case.dir.join(CLIENT_STREAM).display()))
    });
    let stream = stream.unwrap_or_else(Some);
    json.into_iter().chain([stream]).flatten().collect()
}

struct Judge<'a> {
    case: &'a Case,
    operation: &'a str,
    found: Vec<Finding>,
}

impl Judge<'_> {
    fn unexpected(&mut self, text: impl Into<String>) {
        self.found.push(Finding::new(Kind::Unexpected, text));
    }

    fn differs(&mut self, place: &str, expected: impl Serialize, got: impl Serialize) {
        self.found.push(Finding::instead(place, expected, got));
    }

    /// The value of a file, if the case has it. What cannot be read was told before.
    fn file(&self, name: &str) -> Option<Value> {
        self.case.json(name).ok().flatten()
    }

    fn asked(&mut self, asked: &Asked) {
        let plan = &self.case.plan;
        match (asked, &plan.configure_fails, &plan.request.fails) {
            (Asked::Refused(got), Some(expected), _) => {
                let differences = value_differences(&json!(expected), &json!(got));
                let text = "configure_fails: the options are refused in other words";
                let finding = Finding::differing(Kind::Unexpected, text, differences);
                self.found.extend(finding);
            }
            (_, Some(_), _) => self.unexpected("configure should have failed, and did not"),
            (Asked::Refused(problems), None, _) => {
                let problems = problems.join("; ");
                self.unexpected(format!("configure refuses the options: {problems}"));
            }
            (Asked::Failed(error), _, Some(fails)) => self.failure(fails, error),
            (Asked::Failed(error), _, None) => self.unexpected(format!("request failed: {error}")),
            (_, _, Some(_)) => self.unexpected("request should have failed, and did not"),
            (Asked::Unsupported, ..) => {
                if !plan.request.unsupported {
                    self.unexpected("request: the operation is unsupported");
                }
            }
            (Asked::Answer(answer), ..) => {
                if !plan.request.answer {
                    self.unexpected("request was answered locally");
                }
                self.whole(&Ok(answer.clone()));
            }
            (Asked::Forward(sent), ..) => {
                if plan.request.answer || plan.request.unsupported {
                    self.unexpected("request was forwarded to the upstream");
                }
                self.sent(sent);
            }
        }
    }

    fn failure(&mut self, fails: &FailsPlan, error: &ApiError) {
        if fails.status.is_some_and(|status| status != error.status) {
            self.differs("request.fails.status", fails.status, Some(error.status));
        }
        // What else the client gets of it, if the case says so.
        if is_of_error(&self.case.plan.expect) {
            self.envelope(error);
        }
        if let Some(kind) = fails.kind.as_deref().filter(|kind| *kind != error.kind) {
            self.differs("request.fails.kind", kind, error.kind);
        }
        let message = fails.message.as_ref();
        if let Some(message) = message.filter(|message| **message != error.message) {
            self.differs("request.fails.message", message, &error.message);
        }
    }

    fn sent(&mut self, sent: &Sent) {
        let plan = &self.case.plan.request;
        if let Err(why) = crate::upstream::legal_path(&sent.path) {
            self.found
                .push(Finding::new(Kind::Fault, format!("request: {why}")));
        }
        if let Some(path) = plan.path.as_ref().filter(|path| **path != sent.path) {
            self.differs("request.path", path, &sent.path);
        }
        for (name, expected) in &plan.headers {
            let header = sent.headers.iter().find(|(header, _)| header == name);
            let got = header.map(|(_, value)| value.as_str());
            if got != expected.as_deref() {
                self.differs(&format!("request.headers.{name}"), expected.as_deref(), got);
            }
        }
        if let Some(reply) = plan.reply.as_ref().filter(|reply| **reply != sent.reply) {
            self.differs("request.reply", reply, &sent.reply);
        }
        let Some(expected) = self.file(UPSTREAM_REQUEST) else {
            return;
        };
        if plan.bytes && !self.is_exactly(&sent.body) {
            self.unexpected(format!(
                "{UPSTREAM_REQUEST}: what the upstream would get has other bytes"
            ));
        }
        match serde_json::from_slice::<Value>(&sent.body) {
            Ok(got) => self.values(UPSTREAM_REQUEST, &expected, &got),
            Err(error) => self.unexpected(format!(
                "{UPSTREAM_REQUEST}: what the upstream would get is not JSON: {error}"
            )),
        }
    }

    /// The body is the file's, byte for byte; white space at the end does not count, as a file ends with its line.
    fn is_exactly(&self, body: &[u8]) -> bool {
        let file = self.case.file(UPSTREAM_REQUEST).ok().flatten();
        file.is_some_and(|file| file.trim_ascii_end() == body.trim_ascii_end())
    }

    fn values(&mut self, file: &str, expected: &Value, got: &Value) {
        let differences = value_differences(expected, got);
        let text = format!("{file} differs");
        let finding = Finding::differing(Kind::Unexpected, text, differences);
        self.found.extend(finding);
    }

    fn answered(&mut self, answered: &Answered) {
        match answered {
            Answered::Nothing => {}
            Answered::Unjudged(why) => {
                let text = format!("{why}: a case shows what the guest itself makes of an error");
                self.found.push(Finding::new(Kind::Fault, text));
            }
            Answered::Whole(result) => self.whole(result),
            Answered::Stream(streamed) => self.stream(streamed),
        }
    }

    fn whole(&mut self, result: &Result<Bytes, ApiError>) {
        let got = match result {
            Ok(body) => match serde_json::from_slice::<Value>(body) {
                Ok(value) => value,
                Err(error) => {
                    let text = format!("the answer for the client is not JSON: {error}");
                    self.found.push(Finding::new(Kind::Grammar, text));
                    return;
                }
            },
            Err(error) => {
                self.error(error);
                envelope(error)
            }
        };
        if result.is_ok() {
            self.grammar(whole_violations(&got, self.operation));
        }
        if let Some(expected) = self.file(CLIENT_WHOLE) {
            self.values(CLIENT_WHOLE, &expected, &got);
        }
    }

    fn grammar(&mut self, violations: Vec<String>) {
        let findings = violations.into_iter().map(|violation| {
            let text = format!("grammar of the Messages API: {violation}");
            Finding::new(Kind::Grammar, text)
        });
        self.found.extend(findings);
    }

    fn error(&mut self, error: &ApiError) {
        if error.message.trim().is_empty() {
            self.grammar(vec!["an error without a message".to_owned()]);
        }
        self.envelope(error);
    }

    /// Status and headers of an error.
    fn envelope(&mut self, error: &ApiError) {
        let expect = &self.case.plan.expect;
        if expect.status.is_some_and(|status| status != error.status) {
            self.differs("expect.status", expect.status, Some(error.status));
        }
        // A wait or a word on trying again is part of an error: one that is not expected is a difference too.
        for name in ERROR_HEADERS {
            let (expected, got) = (expect.headers.get(name), error_header(error, name));
            if got.as_ref() != expected {
                self.differs(&format!("expect.headers.{name}"), expected, got.as_ref());
            }
        }
    }

    fn stream(&mut self, streamed: &Streamed) {
        if streamed.made_up_an_end {
            let text = "finish(broken) was answered with `done`: a break must stay a break";
            self.found.push(Finding::new(Kind::Grammar, text));
            return;
        }
        let expected_end = expected_end(self.case);
        if streamed.ends != expected_end {
            let end = match &streamed.error {
                Some(error) => format!("{} ({error})", streamed.ends.word()),
                None => streamed.ends.word().to_owned(),
            };
            self.differs("expect.ends", expected_end.word(), end);
        }
        let mut got: Vec<Event> = match events(&streamed.bytes) {
            Ok(got) => got,
            Err(why) => return self.grammar(vec![why]),
        };
        if let (Some(error), Ends::Error) = (&streamed.error, streamed.ends) {
            if got.is_empty() {
                return self.whole(&Err(error.clone()));
            }
            got.push(("error".to_owned(), envelope(error)));
        }
        self.grammar(violations(&got, streamed.ends));
        if let Ok(Some(expected)) = self.case.file(CLIENT_STREAM) {
            let expected = events(&expected).unwrap_or_default();
            let differences = stream_differences(&expected, &got);
            let text = format!("{CLIENT_STREAM} differs");
            let finding = Finding::differing(Kind::Unexpected, text, differences);
            self.found.extend(finding);
        }
    }

    /// Files that nothing is compared with: they would be taken for checked.
    fn orphans(&mut self, play: &Play) {
        let whole = match (&play.asked, &play.answered) {
            (Asked::Answer(_), _) | (_, Answered::Whole(_)) => true,
            (_, Answered::Stream(streamed)) => {
                streamed.bytes.is_empty() && streamed.error.is_some()
            }
            _ => false,
        };
        let stream = matches!(&play.answered, Answered::Stream(_));
        let remedy = "; remove it, or add the answer of the upstream that it is made from";
        for (name, compared) in [(CLIENT_WHOLE, whole), (CLIENT_STREAM, stream)] {
            if !compared && self.case.has(name) {
                let text = format!("{name} is there, but no such answer is made{remedy}");
                self.unexpected(text);
            }
        }
        if !matches!(play.asked, Asked::Forward(_)) && self.case.has(UPSTREAM_REQUEST) {
            let text = format!(
                "{UPSTREAM_REQUEST} is there, but nothing is sent to the upstream; remove it"
            );
            self.unexpected(text);
        }
    }

    fn notes(&mut self, play: &Play) {
        for expected in &self.case.plan.notes {
            let given = play
                .notes
                .iter()
                .any(|note| note.action == expected.action && note.path == expected.path);
            if !given {
                let (action, path) = (&expected.action, &expected.path);
                let given: Vec<String> = play
                    .notes
                    .iter()
                    .map(|note| format!("{} {}", note.action, note.path))
                    .collect();
                let given = if given.is_empty() {
                    "nothing".to_owned()
                } else {
                    given.join(", ")
                };
                self.unexpected(format!(
                    "notes: the guest does not say `{action} {path}`; it says {given}"
                ));
            }
        }
    }
}

/// Status or headers are expected, which only an error before any event has.
pub(super) fn is_of_error(expect: &ExpectPlan) -> bool {
    expect.status.is_some() || !expect.headers.is_empty()
}

/// How the client's stream must end.
fn expected_end(case: &Case) -> Ends {
    let usual = match case.plan.ending {
        _ if case.has(CLIENT_WHOLE) => Ends::Error,
        EndingPlan::Complete => Ends::Complete,
        EndingPlan::Broken(_) => Ends::Cut,
    };
    case.plan.expect.ends.unwrap_or(usual)
}

/// One of them.
pub(in crate::testing) fn error_header(error: &ApiError, name: &str) -> Option<String> {
    match name {
        "retry-after" => error.retry_after_ms.map(|ms| ms.div_ceil(1000).to_string()),
        "x-should-retry" => error.should_retry.map(|retry| retry.to_string()),
        _ => None,
    }
}
