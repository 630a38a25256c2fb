//! Runs recorded exchanges through two versions of a transformer and tells where they differ.
//!
//! Both versions get the same bytes and the same context, so that whatever differs is the new
//! version's doing. Nothing is sent anywhere.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::{Duration, Instant, timeout_at};

use super::difference::changes;
use super::shape::{self, said, value_of};
use super::{Answer, Change, Recording, drive};
use crate::chain::{self, Chain, Explained, Outbound, Pinned, Planned};
use crate::config::Limits;
use crate::reading::{Kind, kind_of, respond};
use crate::registry::Generation;
use crate::upstream::joined;
use crate::wasm::SMOKE_SLOTS;
use crate::wasm::bindings::Ending;

/// The two versions of one transformer, and the other stages as they are now.
pub struct Tried<'a> {
    /// The transformer whose version changes.
    pub name: &'a str,
    /// What serves now.
    pub old: &'a Arc<Generation>,
    /// What would serve.
    pub new: &'a Arc<Generation>,
    /// The current generation of any other stage, by name.
    pub others: &'a (dyn Fn(&str) -> Option<Arc<Generation>> + Sync),
    /// As for every exchange.
    pub limits: &'a Arc<Limits>,
}

/// What came of trying a new version on recorded exchanges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Exchanges with the same request and the same answer.
    pub same: usize,
    /// Exchanges that could not be tried: a stage is not loaded, or there are too many.
    pub skipped: usize,
    /// The others.
    pub differ: Vec<Differing>,
    /// Exchanges over which the new version breaks, and the old one does not: their ids, and how.
    pub broken: Vec<(String, String)>,
}

/// One exchange that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// Its id, as its answer's `request-id` and the log have it.
    pub exchange: String,
    /// Where: `request…` as the upstream gets it, `answer…` as the client does.
    pub changes: Vec<Change>,
}

impl Report {
    /// Something differs.
    pub fn differs(&self) -> bool {
        !self.differ.is_empty()
    }

    /// How many exchanges came to what.
    pub fn counts(&self) -> String {
        let verb = if self.differ.len() == 1 {
            "differs"
        } else {
            "differ"
        };
        let counts = format!("{} the same, {} {verb}", self.same, self.differ.len());
        match self.skipped {
            0 => counts,
            skipped => format!("{counts}, {skipped} not tried"),
        }
    }

    /// Those that differ: one for all that differ in the same places, and how many these are.
    fn kinds(&self) -> Vec<(&Differing, usize)> {
        let mut kinds: Vec<(&Differing, usize)> = Vec::new();
        for one in &self.differ {
            match kinds.iter_mut().find(|(known, _)| known.is_alike(one)) {
                Some((_, count)) => *count += 1,
                None => kinds.push((one, 1)),
            }
        }
        kinds
    }
}

impl Differing {
    /// The same places came, went and changed, whatever is in them.
    fn is_alike(&self, other: &Self) -> bool {
        let places = |of: &Self| -> Vec<_> {
            let each = of.changes.iter();
            each.map(|one| (one.path.clone(), one.old.is_some(), one.new.is_some()))
                .collect()
        };
        places(self) == places(other)
    }
}

/// How many changes of one exchange are named, and how many kinds of exchanges.
const NAMED: usize = 3;

/// How much is shown of an error's words, in characters.
const WORDS: usize = 300;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.counts())?;
        let kinds = self.kinds();
        let mut untold = self.differ.len();
        for (differing, count) in kinds.into_iter().take(NAMED) {
            let named: Vec<String> = differing
                .changes
                .iter()
                .take(NAMED)
                .map(ToString::to_string)
                .collect();
            write!(f, "; {} {}", differing.exchange, named.join(", "))?;
            if differing.changes.len() > NAMED {
                write!(f, " and {} more", differing.changes.len() - NAMED)?;
            }
            if count > 1 {
                write!(f, " ({} more differ in the same places)", count - 1)?;
            }
            untold -= count;
        }
        if untold > 0 {
            write!(f, "; and {untold} more exchanges")?;
        }
        Ok(())
    }
}

/// How long all of it may take: the next reload waits for it. What does not fit in is not tried.
const PATIENCE: Duration = Duration::from_secs(5);

/// Exchanges over which a version breaks, after which no more are tried: each can take as long as its limits.
const ENOUGH: usize = 2;

/// Tries every recording that the transformer served, as far as there is time.
pub async fn replay(recordings: &[Arc<Recording>], tried: &Tried<'_>) -> Report {
    let mut report = Report::default();
    let until = Instant::now() + PATIENCE;
    let served = recordings.iter().filter(|one| one.is_of(tried.name));
    let mut served: Vec<_> = served.collect();
    // The small ones first: more of them are tried before the time is over.
    served.sort_by_key(|recording| recording.weight());
    for recording in served {
        let is_over = report.broken.len() >= ENOUGH || Instant::now() >= until;
        let one = async {
            if is_over {
                return None;
            }
            both(recording, tried).await
        };
        match timeout_at(until, one).await {
            Ok(Some(came)) => report.add(recording, came),
            Ok(None) | Err(_) => report.skipped += 1,
        }
    }
    report
}

/// What both versions make of a recording. None if one cannot be tried.
async fn both(recording: &Recording, tried: &Tried<'_>) -> Option<(Play, Play)> {
    let old = play(recording, tried, tried.old).await?;
    let mut new = play(recording, tried, tried.new).await?;
    if old.fault.is_none() && new.fault.is_some() {
        // Once more: a busy machine breaks limits of time by itself.
        new = play(recording, tried, tried.new).await?;
    }
    Some((old, new))
}

impl Report {
    fn add(&mut self, recording: &Recording, (old, new): (Play, Play)) {
        let exchange = recording.context.exchange_id.clone();
        let changes = told_first(changes(&old.made, &new.made), &new.made);
        if let (None, Some(fault)) = (old.fault, new.fault) {
            self.broken.push((exchange.clone(), fault));
        }
        if changes.is_empty() {
            self.same += 1;
        } else {
            self.differ.push(Differing { exchange, changes });
        }
    }
}

/// What a version came to on a recording.
struct Play {
    /// As one value to compare.
    made: Value,
    /// How the version itself broke, in all words, if it did.
    fault: Option<String>,
}

/// What a version makes of a recording. None if it cannot be tried.
async fn play(recording: &Recording, tried: &Tried<'_>, version: &Arc<Generation>) -> Option<Play> {
    // Beside the one that serves: what breaks here says nothing of its exchanges.
    let apart = version.apart();
    let pinned: Option<Vec<Pinned>> = recording
        .stages
        .iter()
        .map(|stage| {
            let generation = if stage.name == tried.name {
                Some(apart.clone())
            } else {
                (tried.others)(&stage.name).map(|one| one.apart())
            };
            Some(Pinned {
                generation: generation?,
                options: stage.options.clone(),
            })
        })
        .collect();
    let pinned = pinned?;
    // Beside the exchanges that run there is room for a few instances only.
    let places = Some(chain::places(&pinned)).filter(|places| *places <= SMOKE_SLOTS)?;
    let permit = Arc::new(Semaphore::new(places as usize))
        .acquire_many_owned(places)
        .await
        .ok()?;
    let quiet = |_: &Arc<Generation>| -> crate::chain::Sink { Arc::new(|_| ()) };
    let opened = Chain::open(&pinned, &recording.context, tried.limits, &quiet, permit).await;
    let made = match opened {
        Err(error) => json!({"request": said(&error)}),
        Ok(mut chain) => played(recording, &mut chain).await,
    };
    let broke = apart.traps.load(Ordering::Relaxed) > 0;
    let fault = apart.last_fault().filter(|_| broke);
    Some(Play { made, fault })
}

async fn played(recording: &Recording, chain: &mut Chain) -> Value {
    match chain.request(recording.request.clone()).await {
        Err(error) => json!({"request": said(&error)}),
        Ok(Planned::Unsupported) => json!({"request": "unsupported"}),
        Ok(Planned::Answer(answer)) => json!({"answer": value_of(&answer)}),
        Ok(Planned::Forward(outbound)) => {
            let request = sent(&outbound);
            json!({"request": request, "answer": answered(recording, chain).await})
        }
    }
}

fn sent(outbound: &Outbound) -> Value {
    let headers = outbound.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
    let headers = shape::headers(headers);
    json!({"path": outbound.path, "headers": headers, "body": value_of(&joined(outbound.body.clone()))})
}

/// What the guests make of the recorded answers, of which there are several if a request was sent again.
async fn answered(recording: &Recording, chain: &mut Chain) -> Value {
    let mut answers = recording
        .attempts
        .iter()
        .filter_map(|attempt| attempt.answer.as_ref());
    let mut again = Vec::new();
    let answer = loop {
        let Some(answer) = answers.next() else {
            break json!("not recorded");
        };
        if (200..300).contains(&answer.head.status) {
            break accepted(answer, chain).await;
        }
        match chain.explain(&answer.head, &answer.body).await {
            Ok(Explained::Failed(error)) | Err(error) => break said(&error),
            Ok(Explained::NotMine) => break json!("not explained"),
            Ok(Explained::Resend(outbound)) => again.push(sent(&outbound)),
        }
    };
    if again.is_empty() {
        return answer;
    }
    json!({"sent again": again, "answer": answer})
}

/// A 2xx answer.
async fn accepted(answer: &Answer, chain: &mut Chain) -> Value {
    if chain.is_done() {
        return json!("untouched");
    }
    if drive::is_whole(answer, chain.framing()) {
        return match respond(chain, &answer.head, answer.body.clone()).await {
            Ok(answer) => value_of(&answer),
            Err(error) => said(&error),
        };
    }
    match kind_of(std::slice::from_ref(&answer.body)) {
        Kind::Blank | Kind::Html => json!("no answer"),
        Kind::Json | Kind::Other => streamed(answer, chain).await,
    }
}

/// A stream, by its events and its end.
async fn streamed(answer: &Answer, chain: &mut Chain) -> Value {
    let (stream, ended) = drive::streamed(answer, chain).await;
    let end = match (ended, &answer.ending) {
        (Err(error), _) => said(&error),
        (Ok(()), Ending::Complete) => json!("complete"),
        (Ok(()), Ending::Broken(_)) => json!("cut"),
    };
    json!({"events": shape::listed(&stream), "end": end})
}

/// An error that the new version ends with comes first, with its words; what is missing because of
/// it is not told one by one.
fn told_first(mut changes: Vec<Change>, new: &Value) -> Vec<Change> {
    for part in ["/request", "/answer", "/answer/end"] {
        let path = format!("{part}/error");
        let Some(error) = new.pointer(&path) else {
            continue;
        };
        let below = |change: &Change| {
            let rest = change.path.strip_prefix(part);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let Some(first) = changes.iter().position(below) else {
            continue;
        };
        // The same error in both versions, but in its words: that is told as it is.
        if changes
            .iter()
            .any(|change| change.path.starts_with(&path) && change.old.is_some())
        {
            continue;
        }
        let first = changes.remove(first);
        changes.retain(|change| !below(change) && (part != "/request" || change.path != "/answer"));
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let words = format!("{}: {}", text("type"), text("message"));
        changes.insert(
            0,
            Change {
                path,
                old: first.old.filter(|_| first.path == part),
                new: Some(words.chars().take(WORDS).collect()),
            },
        );
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_new_version_is_told_first_and_alone() {
        let trap = json!({"error": {"status": 500, "type": "api_error", "message": "it trapped"}});
        let old = json!({"request": {"path": "/x", "headers": {}, "body": {"a": 1}}, "answer": {"id": 1, "n": 2}});
        let told = |new: Value| -> Vec<String> {
            let changes = told_first(changes(&old, &new), &new);
            changes.iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            told(json!({"request": trap})),
            ["/request/error: api_error: it trapped is new"]
        );
        let mut new = json!({"request": old["request"], "answer": trap});
        new["request"]["path"] = json!("/y");
        assert_eq!(
            told(new),
            [
                "/answer/error: api_error: it trapped is new",
                "/request/path: \"/x\" -> \"/y\""
            ]
        );
    }

    #[test]
    fn an_error_in_both_versions_is_told_by_its_words() {
        let of = |message: &str| json!({"request": {"error": {"status": 400, "type": "t", "message": message}}});
        let (old, new) = (of("a"), of("b"));
        let told = told_first(changes(&old, &new), &new);
        assert_eq!(told.len(), 1);
        assert_eq!(
            told[0].to_string(),
            "/request/error/message: \"a\" -> \"b\""
        );
    }

    #[test]
    fn a_report_counts_first_and_names_the_first_few() {
        let differing = |n: usize| Differing {
            exchange: format!("x{n}"),
            changes: vec![Change {
                path: format!("/{n}"),
                old: Some("1".to_owned()),
                new: Some("2".to_owned()),
            }],
        };
        let report = Report {
            same: 18,
            skipped: 0,
            differ: (0..2).map(differing).collect(),
            broken: Vec::new(),
        };
        assert_eq!(
            report.to_string(),
            "18 the same, 2 differ; x0 /0: 1 -> 2; x1 /1: 1 -> 2"
        );
        let twice = Differing {
            exchange: "x2".to_owned(),
            ..differing(0)
        };
        let report = Report {
            differ: vec![differing(0), differing(1), twice],
            ..Report::default()
        };
        assert_eq!(
            report.to_string(),
            "0 the same, 3 differ; x0 /0: 1 -> 2 (1 more differ in the same places); x1 /1: 1 -> 2"
        );
        let report = Report {
            same: 0,
            skipped: 1,
            differ: (0..4).map(differing).collect(),
            broken: Vec::new(),
        };
        assert!(
            report.to_string().ends_with("; and 1 more exchanges"),
            "{report}"
        );
        assert!(
            report
                .to_string()
                .starts_with("0 the same, 4 differ, 1 not tried; x0")
        );
    }
}
