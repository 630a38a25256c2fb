//! Runs recorded exchanges through two versions of a transformer and tells where they differ.
//!
//! Both versions get the same bytes and the same context, so that whatever differs is the new
//! version's doing. Nothing is sent anywhere.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::difference::changes;
use super::{Change, Recording};
use crate::chain::{self, After, Chain, Explained, Outbound, Pinned, Planned};
use crate::config::Limits;
use crate::error::ApiError;
use crate::reading::{Kind, kind_of, respond};
use crate::registry::Generation;
use crate::sse::{Framing, data, frames};
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
}

/// Bytes of a read.
const READ: usize = 32 << 10;

/// How many changes of one exchange are named, and how many exchanges.
const NAMED: usize = 3;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.differ.len() == 1 {
            "differs"
        } else {
            "differ"
        };
        write!(f, "{} the same, {} {verb}", self.same, self.differ.len())?;
        if self.skipped > 0 {
            write!(f, ", {} not tried", self.skipped)?;
        }
        for differing in self.differ.iter().take(NAMED) {
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
        }
        if self.differ.len() > NAMED {
            write!(f, "; and {} more exchanges", self.differ.len() - NAMED)?;
        }
        Ok(())
    }
}

/// Tries every recording that the transformer served.
pub async fn replay(recordings: &[Arc<Recording>], tried: &Tried<'_>) -> Report {
    let mut report = Report::default();
    for recording in recordings
        .iter()
        .filter(|recording| recording.is_of(tried.name))
    {
        let (Some(old), Some(new)) = (
            play(recording, tried, tried.old).await,
            play(recording, tried, tried.new).await,
        ) else {
            report.skipped += 1;
            continue;
        };
        let changes = changes(&old, &new);
        if changes.is_empty() {
            report.same += 1;
        } else {
            report.differ.push(Differing {
                exchange: recording.context.exchange_id.clone(),
                changes,
            });
        }
    }
    report
}

/// What a version makes of a recording, as one value to compare. None if it cannot be tried.
async fn play(
    recording: &Recording,
    tried: &Tried<'_>,
    version: &Arc<Generation>,
) -> Option<Value> {
    let pinned: Option<Vec<Pinned>> = recording
        .stages
        .iter()
        .map(|(name, options)| {
            let generation = if name == tried.name {
                Some(version.apart())
            } else {
                (tried.others)(name).map(|one| one.apart())
            };
            Some(Pinned {
                generation: generation?,
                options: options.clone(),
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
    Some(match opened {
        Err(error) => json!({"request": said(&error)}),
        Ok(mut chain) => played(recording, &mut chain).await,
    })
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
    let headers: serde_json::Map<String, Value> = outbound
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                json!(String::from_utf8_lossy(value.as_bytes())),
            )
        })
        .collect();
    json!({"path": outbound.path, "headers": headers, "body": value_of(&joined(outbound.body.clone()))})
}

async fn answered(recording: &Recording, chain: &mut Chain) -> Value {
    let (head, body) = (&recording.head, recording.body.clone());
    if !(200..300).contains(&head.status) {
        return match chain.explain(head, &body).await {
            Ok(Explained::Failed(error)) | Err(error) => said(&error),
            Ok(Explained::NotMine) => json!("not explained"),
            Ok(Explained::Resend(outbound)) => json!({"resend": sent(&outbound)}),
        };
    }
    if chain.is_done() {
        return json!("untouched");
    }
    // By what the body is, whatever was asked for, as in a running exchange.
    match kind_of(std::slice::from_ref(&body)) {
        Kind::Blank | Kind::Html => json!("no answer"),
        Kind::Json if chain.framing() == Framing::Sse => match respond(chain, head, body).await {
            Ok(answer) => value_of(&answer),
            Err(error) => said(&error),
        },
        Kind::Json | Kind::Other => streamed(recording, chain).await,
    }
}

/// The stream in reads of the size that a running exchange gathers, and then its end.
async fn streamed(recording: &Recording, chain: &mut Chain) -> Value {
    let mut out = Vec::new();
    let ended = async {
        chain.begin(&recording.head).await?;
        let mut next = After::More;
        let mut rest = recording.body.clone();
        while !rest.is_empty() && matches!(next, After::More | After::Wake(_)) {
            let step = chain.push(rest.split_to(rest.len().min(READ))).await?;
            out.extend(step.out);
            next = step.next;
        }
        if matches!(next, After::More | After::Wake(_)) {
            let step = chain.finish(&recording.ending).await?;
            out.extend(step.out);
            next = step.next;
        }
        match next {
            After::Failed(error) => Err(error),
            After::More | After::Wake(_) | After::Done => Ok(()),
        }
    };
    let ended: Result<(), ApiError> = ended.await;
    let stream = joined(out);
    let events: Vec<Value> = frames(&stream).filter_map(data).map(value_of).collect();
    let end = match (ended, &recording.ending) {
        (Err(error), _) => said(&error),
        (Ok(()), Ending::Complete) => json!("complete"),
        (Ok(()), Ending::Broken(_)) => json!("cut"),
    };
    json!({"events": events, "end": end})
}

/// JSON by value, anything else as text.
fn value_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(bytes)))
}

fn said(error: &ApiError) -> Value {
    json!({"error": {"status": error.status, "type": error.kind, "message": error.message}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_first_and_names_the_first_few() {
        let differing = |n: usize| Differing {
            exchange: format!("x{n}"),
            changes: vec![Change {
                path: "/a".to_owned(),
                old: Some("1".to_owned()),
                new: Some("2".to_owned()),
            }],
        };
        let report = Report {
            same: 18,
            skipped: 0,
            differ: (0..2).map(differing).collect(),
        };
        assert_eq!(
            report.to_string(),
            "18 the same, 2 differ; x0 /a: 1 -> 2; x1 /a: 1 -> 2"
        );
        let report = Report {
            same: 0,
            skipped: 1,
            differ: (0..4).map(differing).collect(),
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
