//! Asks the running service for the exchanges that it keeps, and switches its recorder.

use std::time::Duration;

use anyhow::{Context as _, bail};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::service::{Bounds, Service};
use crate::config::Config;
use crate::recorder::Recording;

/// An exchange may be of many megabytes, and the recorder told to keep as much as two gigabytes, as JSON
/// with its escapes.
const RECORDINGS: Bounds = Bounds {
    patience: Duration::from_secs(20),
    longest: 2 << 30,
};

/// The recorder of the running service.
pub(super) struct Recorder(Service);

/// An exchange that the service keeps, without its bodies.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Summary {
    /// Of the exchange.
    pub(super) id: String,
    /// Milliseconds since 1970.
    pub(super) at: u64,
    pub(super) provider: String,
    pub(super) model: String,
    /// Transformers that served it, left to right.
    pub(super) stages: Vec<String>,
    pub(super) streaming: bool,
    pub(super) status: u16,
    /// `complete`, `failed` or `broken`.
    pub(super) end: String,
    pub(super) request_bytes: usize,
    pub(super) answer_bytes: usize,
}

#[derive(Deserialize)]
struct List {
    recordings: Vec<Summary>,
}

impl Recorder {
    /// That of the service that runs with this configuration's address and key.
    ///
    /// Errors: none runs there.
    pub(super) async fn find(config: &Config) -> anyhow::Result<Self> {
        let remedy =
            "start one with `transom serve --record`, or name its configuration with --config";
        Ok(Self(Service::find(config, remedy).await?))
    }

    /// What it keeps, the oldest first.
    ///
    /// Errors: it does not record, with the remedy.
    pub(super) async fn list(&self) -> anyhow::Result<Vec<Summary>> {
        let list = self.ask(Method::GET, "/api/recordings", None).await?;
        let list: List =
            serde_json::from_value(list).context("the service is of another version")?;
        Ok(list.recordings)
    }

    /// One of them, whole.
    pub(super) async fn recording(&self, id: &str) -> anyhow::Result<Recording> {
        let path = format!("/api/recordings/{id}");
        let recording = self.ask(Method::GET, &path, None).await?;
        serde_json::from_value(recording).context("the service is of another version")
    }

    /// Switches it; gives what it was before.
    ///
    /// Errors: the configuration decides otherwise.
    pub(super) async fn switch(&self, on: bool) -> anyhow::Result<bool> {
        let body = json!({"on": on});
        let told = self.ask(Method::PUT, "/api/recorder", Some(body)).await?;
        Ok(told.get("was").and_then(Value::as_bool).unwrap_or_default())
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        self.0.ask(method, path, body, RECORDINGS).await
    }
}

/// Which of the exchanges that are kept are meant.
#[derive(Debug, Default)]
pub(super) struct Choice<'a> {
    /// A transformer that served them.
    pub(super) name: Option<&'a str>,
    /// One of them, by its id or the beginning of that.
    pub(super) id: Option<&'a str>,
    /// How many at most, the latest.
    pub(super) last: usize,
}

impl Choice<'_> {
    /// Those of the list, the oldest first.
    ///
    /// Errors: a sentence, if there is none.
    pub(super) fn of(&self, list: &[Summary]) -> anyhow::Result<Vec<Summary>> {
        if list.is_empty() {
            bail!(
                "transom records, but keeps no exchange yet; send a request through a transformer, then try again"
            );
        }
        let of_name = |one: &&Summary| {
            self.name
                .is_none_or(|name| one.stages.iter().any(|stage| stage == name))
        };
        let named: Vec<&Summary> = list.iter().filter(of_name).collect();
        if let (true, Some(name)) = (named.is_empty(), self.name) {
            let mut others: Vec<&str> = list
                .iter()
                .flat_map(|one| one.stages.iter().map(String::as_str))
                .collect();
            others.sort_unstable();
            others.dedup();
            bail!(
                "none of the {} exchanges that are kept went through `{name}`; they went through {}",
                list.len(),
                others.join(", ")
            );
        }
        if let Some(id) = self.id {
            let id = id.strip_prefix("req_").unwrap_or(id);
            let found: Vec<Summary> = named
                .into_iter()
                .filter(|one| one.id.starts_with(id))
                .cloned()
                .collect();
            match found.as_slice() {
                [] => bail!(
                    "no exchange `{id}` is kept; `transom guest record --list` shows those that are"
                ),
                [_] => return Ok(found),
                several => bail!(
                    "{} exchanges begin with `{id}`; write more of it",
                    several.len()
                ),
            }
        }
        let skipped = named.len().saturating_sub(self.last);
        Ok(named.into_iter().skip(skipped).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<Summary> {
        let one = |id: &str, stages: &[&str]| Summary {
            id: id.to_owned(),
            at: 0,
            provider: "p".to_owned(),
            model: "m".to_owned(),
            stages: stages.iter().map(|name| (*name).to_owned()).collect(),
            streaming: true,
            status: 200,
            end: "complete".to_owned(),
            request_bytes: 1,
            answer_bytes: 1,
        };
        vec![
            one("ab1", &["x"]),
            one("ab2", &["x", "y"]),
            one("cd3", &["x"]),
        ]
    }

    fn ids(choice: &Choice<'_>) -> Result<Vec<String>, String> {
        let chosen = choice.of(&list()).map_err(|error| error.to_string())?;
        Ok(chosen.into_iter().map(|one| one.id).collect())
    }

    #[test]
    fn the_last_ones_are_meant_unless_one_is_named() {
        let last = |last| Choice {
            last,
            ..Choice::default()
        };
        assert_eq!(ids(&last(2)).unwrap(), ["ab2", "cd3"]);
        assert_eq!(ids(&last(9)).unwrap().len(), 3);
        let by_id = |id| {
            ids(&Choice {
                id: Some(id),
                last: 1,
                ..Choice::default()
            })
        };
        assert_eq!(by_id("req_ab1").unwrap(), ["ab1"]);
        assert!(by_id("ab").unwrap_err().contains("2 exchanges begin with"));
        assert!(by_id("zz").unwrap_err().contains("--list"));
    }

    #[test]
    fn those_of_a_transformer_are_meant_if_it_is_named() {
        let of = |name| {
            ids(&Choice {
                name: Some(name),
                last: 5,
                ..Choice::default()
            })
        };
        assert_eq!(of("y").unwrap(), ["ab2"]);
        assert!(of("z").unwrap_err().ends_with("they went through x, y"));
        assert!(Choice::default().of(&[]).is_err());
    }
}
