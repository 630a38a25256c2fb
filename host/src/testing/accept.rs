//! What a case's files would be if what came were right. Proposes; writing is the caller's word.
//!
//! Nothing is proposed for a case with a fault, broken grammar, or an answer that depends on how
//! often or in what pieces it is run: there is no right answer to write down.

mod layout;
mod member;
mod plan;

use std::path::PathBuf;

use serde_json::{Value, json};
use similar::TextDiff;

use super::case::{
    CLIENT_REQUEST, CLIENT_STREAM, CLIENT_WHOLE, Case, ERROR_HEADERS, EndingPlan, Ends, Flaw, PLAN,
    UPSTREAM_REQUEST,
};
use super::outcome::Outcome;
use super::play::{Answered, Asked, Play, Sent, Streamed, envelope};
use super::run::error_header;
use crate::error::ApiError;
use plan::Edits;

/// What accepting a case would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    /// The case's name.
    pub case: String,
    /// Files to write.
    pub files: Vec<Rewrite>,
    /// What only the author can decide, a sentence each.
    pub by_hand: Vec<String>,
}

/// A file with other content than now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// Where.
    pub path: PathBuf,
    /// What is there; none: nothing.
    pub old: Option<String>,
    /// What would be.
    pub new: String,
}

impl Rewrite {
    /// What changes, as a unified diff.
    pub fn diff(&self) -> String {
        let old = self.old.as_deref().unwrap_or_default();
        let path = self.path.display().to_string();
        let before = if self.old.is_some() {
            path.as_str()
        } else {
            "/dev/null"
        };
        TextDiff::from_lines(old, &self.new)
            .unified_diff()
            .context_radius(2)
            .header(before, &path)
            .to_string()
    }

    /// Writes it.
    pub fn write(&self) -> std::io::Result<()> {
        std::fs::write(&self.path, &self.new)
    }
}

/// What would have to be written for the case to pass; none: nothing, or nothing that may be.
pub fn proposal(case: &Case, outcome: &Outcome) -> Option<Proposal> {
    let play = outcome.play.as_ref().filter(|_| outcome.is_sound())?;
    let mut author = Author {
        case,
        fresh: !outcome.expects,
        files: Vec::new(),
        by_hand: Vec::new(),
        edits: Edits::default(),
    };
    author.asked(play);
    author.answered(play);
    author.notes(play);
    author.plan();
    let proposal = Proposal {
        case: case.name.clone(),
        files: author.files,
        by_hand: author.by_hand,
    };
    (!proposal.files.is_empty() || !proposal.by_hand.is_empty()).then_some(proposal)
}

struct Author<'a> {
    case: &'a Case,
    /// The case expects nothing yet: what came decides what kind of case it is.
    fresh: bool,
    files: Vec<Rewrite>,
    by_hand: Vec<String>,
    edits: Edits,
}

impl Author<'_> {
    fn asked(&mut self, play: &Play) {
        let plan = &self.case.plan;
        match &play.asked {
            Asked::Forward(sent) => self.sent(sent),
            Asked::Answer(body) => {
                self.kind(plan.request.answer, &["request", "answer"], json!(true));
                if plan.request.answer || self.fresh && !self.has_upstream() {
                    self.json(CLIENT_WHOLE, serde_json::from_slice(body).ok());
                }
            }
            Asked::Unsupported => {
                let path = ["request", "unsupported"];
                self.kind(plan.request.unsupported, &path, json!(true));
            }
            Asked::Refused(problems) => match &plan.configure_fails {
                Some(expected) if expected == problems => {}
                Some(_) => self.edits.set(&["configure_fails"], json!(problems)),
                None => self.kind(false, &["configure_fails"], json!(problems)),
            },
            Asked::Failed(error) => self.failed(error),
        }
    }

    /// The case becomes one of another kind: by itself only if it expects nothing yet.
    fn kind(&mut self, is_already: bool, path: &[&str], value: Value) {
        if is_already {
            return;
        }
        if self.fresh && !self.has_upstream() {
            self.edits.set(path, value);
        } else {
            let place = path.join(".");
            self.by_hand.push(format!(
                "the exchange does not get as far as the case's files say: if that is right, write \
                 {place}: {value} into case.json5 and remove the files that are over"
            ));
        }
    }

    /// There is an answer of the upstream: the case is meant to get that far.
    fn has_upstream(&self) -> bool {
        !matches!(self.case.upstream(), Ok(None))
    }

    fn failed(&mut self, error: &ApiError) {
        let Some(fails) = &self.case.plan.request.fails else {
            if error.status >= 500 {
                let text = format!("request fails with {error}: that is for you to write down");
                return self.by_hand.push(text);
            }
            let fails =
                json!({"status": error.status, "kind": error.kind, "message": error.message});
            return self.kind(false, &["request", "fails"], fails);
        };
        if fails.status.is_some_and(|status| status != error.status) {
            let path = ["request", "fails", "status"];
            self.edits.set(&path, json!(error.status));
        }
        if fails.kind.as_ref().is_some_and(|kind| kind != error.kind) {
            self.edits
                .set(&["request", "fails", "kind"], json!(error.kind));
        }
        let message = fails.message.as_ref();
        if message.is_some_and(|message| *message != error.message) {
            let path = ["request", "fails", "message"];
            self.edits.set(&path, json!(error.message));
        }
    }

    fn sent(&mut self, sent: &Sent) {
        let plan = &self.case.plan;
        if plan.request.answer || plan.request.unsupported || plan.request.fails.is_some() {
            self.by_hand.push(
                "the request is forwarded to the upstream now: if that is right, remove `answer`, \
                 `unsupported` or `fails` from `request` in case.json5"
                    .to_owned(),
            );
        }
        if plan.configure_fails.is_some() {
            let text = "configure accepts the options now: if that is right, remove `configure_fails` from case.json5";
            self.by_hand.push(text.to_owned());
            return;
        }
        let asked = self.fresh && self.case.has(CLIENT_REQUEST);
        let differs = |expected: Option<&String>, got: &String| {
            expected.map_or(asked, |expected| expected != got)
        };
        if differs(plan.request.path.as_ref(), &sent.path) {
            self.edits.set(&["request", "path"], json!(sent.path));
        }
        if differs(plan.request.reply.as_ref(), &sent.reply) {
            self.edits.set(&["request", "reply"], json!(sent.reply));
        }
        for (name, expected) in &plan.request.headers {
            let header = sent.headers.iter().find(|(header, _)| header == name);
            let got = header.map(|(_, value)| value);
            if got != expected.as_ref() {
                self.edits.set(&["request", "headers", name], json!(got));
            }
        }
        if self.case.has(CLIENT_REQUEST) || self.case.has(UPSTREAM_REQUEST) {
            self.json(UPSTREAM_REQUEST, serde_json::from_slice(&sent.body).ok());
        }
    }

    fn answered(&mut self, play: &Play) {
        match &play.answered {
            Answered::Nothing | Answered::Unjudged(_) => {}
            Answered::Whole(Ok(body)) => {
                self.json(CLIENT_WHOLE, serde_json::from_slice(body).ok());
            }
            Answered::Whole(Err(error)) => self.error(error),
            Answered::Stream(streamed) => self.stream(streamed),
        }
    }

    fn error(&mut self, error: &ApiError) {
        self.json(CLIENT_WHOLE, Some(envelope(error)));
        let expect = &self.case.plan.expect;
        if expect.status != Some(error.status) {
            self.edits.set(&["expect", "status"], json!(error.status));
        }
        for name in ERROR_HEADERS {
            match (expect.headers.get(name), error_header(error, name)) {
                (expected, got) if got.as_ref() == expected => {}
                (_, Some(got)) => self.edits.set(&["expect", "headers", name], json!(got)),
                (_, None) => self.by_hand.push(format!(
                    "no header {name} is made any more: if that is right, remove it from `expect.headers` in case.json5"
                )),
            }
        }
    }

    fn stream(&mut self, streamed: &Streamed) {
        let early = streamed.bytes.is_empty();
        let usual = match (&streamed.error, &self.case.plan.ending) {
            (Some(error), _) if early && streamed.ends == Ends::Error => {
                self.error(error);
                Ends::Error
            }
            (_, EndingPlan::Complete) => Ends::Complete,
            (_, EndingPlan::Broken(_)) => Ends::Cut,
        };
        if self.case.plan.expect.ends.unwrap_or(usual) != streamed.ends {
            let word = json!(streamed.ends.word());
            self.edits.set(&["expect", "ends"], word);
        }
        if early {
            return self.superfluous(CLIENT_STREAM);
        }
        self.superfluous(CLIENT_WHOLE);
        let old = self.text(CLIENT_STREAM);
        let error = (streamed.ends == Ends::Error).then_some(streamed.error.as_ref());
        let new = layout::stream(old.as_deref(), &streamed.bytes, error.flatten());
        self.propose(CLIENT_STREAM, old, new);
    }

    fn superfluous(&mut self, name: &str) {
        if self.case.has(name) {
            self.by_hand.push(format!(
                "no {name} comes of it any more: if that is right, remove the file"
            ));
        }
    }

    fn notes(&mut self, play: &Play) {
        for expected in &self.case.plan.notes {
            let (action, path) = (&expected.action, &expected.path);
            let given = play
                .notes
                .iter()
                .any(|note| note.action == *action && note.path == *path);
            if !given {
                self.by_hand.push(format!(
                    "the guest does not say `{action} {path}` any more: if that is right, remove it from `notes` in case.json5"
                ));
            }
        }
    }

    /// A file of JSON, if its value is another one now. None: what came is not JSON.
    fn json(&mut self, name: &str, got: Option<Value>) {
        let Some(got) = got else {
            let text = format!("what came is not JSON, so that {name} cannot be written");
            return self.by_hand.push(text);
        };
        let old = self.text(name);
        let was = old
            .as_deref()
            .and_then(|text| serde_json::from_str::<Value>(text).ok());
        if was.as_ref() != Some(&got) {
            let new = layout::json(old.as_deref(), &got);
            self.propose(name, old, new);
        }
    }

    fn plan(&mut self) {
        let old = self.text(PLAN);
        let before = match &old {
            Some(text) => text.clone(),
            None if self.case.flaw == Some(Flaw::NoPlan) => plan::fresh(&self.case.name),
            None => return,
        };
        match self.edits.applied(&before) {
            Ok(new) => self.propose(PLAN, old, new),
            Err(why) => self.by_hand.push(why),
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        let bytes = self.case.file(name).ok().flatten()?;
        String::from_utf8(bytes).ok()
    }

    fn propose(&mut self, name: &str, old: Option<String>, new: String) {
        if old.as_ref() != Some(&new) {
            self.files.push(Rewrite {
                path: self.case.dir.join(name),
                old,
                new,
            });
        }
    }
}
