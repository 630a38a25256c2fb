//! What providers' accounts have left, as far as their answers tell: which key to use, and whether a
//! request goes now or waits.
//!
//! One line for each provider and model, since that is what quotas count; in it one account for
//! each key. Requests that have to wait do so in the order in which they came, but those that go on with a
//! task before those that begin one. Nothing is refused on an
//! estimate alone: when waiting is over the provider is asked, and its answer counts. Knows headers,
//! keys and errors of the Messages API, and no HTTP client.

mod account;
mod headers;
mod line;
mod queue;
#[cfg(test)]
mod tests;
mod window;

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

pub use line::Lease;

use crate::config::{Key, Provider, Secret};
use crate::error::ApiError;
use line::Line;
use queue::Rank;

/// The longest time in a line, when renewals come and others are first each time. Then it is the
/// provider that says no.
const LONGEST_IN_LINE: Duration = Duration::from_mins(1);

/// A request that begins something lets those go first that come this much later and go on with something: tasks
/// that were begun end sooner so, and the others wait no longer than without it and this.
const HEAD_START: Duration = Duration::from_secs(20);

/// A request's place in a line: it keeps it when it was sent and refused, and has one at each target.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    rank: Rank,
    /// When it came.
    since: Instant,
}

impl Place {
    fn new(number: u64, since: Instant, goes_on: bool) -> Self {
        let waits = if goes_on { Duration::ZERO } else { HEAD_START };
        let at = since + waits;
        Self {
            rank: Rank { at, number },
            since,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Whose quota.
    pub provider: &'a Provider,
    /// As the provider names it.
    pub model: &'a str,
    /// Tokens of the request, estimated.
    pub input: u32,
    /// The most output tokens that the client asks for.
    pub output: Option<u32>,
    /// The longest wait for a renewal; zero: quotas are not looked at, only keys are chosen.
    pub hold: Duration,
    /// Another target is left: rather that one than a provider that said no.
    pub has_other: bool,
    /// Of [`Quota::place`].
    pub place: Place,
}

impl Ask<'_> {
    fn paced(&self) -> bool {
        !self.hold.is_zero()
    }

    /// Waiting until then is not too long.
    fn holds(&self, until: Instant) -> bool {
        self.paced() && until.saturating_duration_since(Instant::now()) <= self.hold
    }

    /// The longest time in line.
    fn in_line(&self) -> Duration {
        if self.has_other {
            self.hold
        } else {
            LONGEST_IN_LINE.max(self.hold)
        }
    }
}

/// The quotas of all providers. Outlives configurations: a reload renews no quota.
#[derive(Debug, Default)]
pub struct Quota {
    /// By provider, then by model.
    lines: Mutex<BTreeMap<String, Lines>>,
    places: AtomicU64,
}

type Lines = BTreeMap<String, Arc<Line>>;

/// Models can be asked for under any name: beyond so many of them, what tells nothing is forgotten.
const MANY: usize = 256;

impl Quota {
    /// Behind all who came before; `goes_on` with a task, as the results of tools do: before those who begin one
    /// and came a little before.
    pub fn place(&self, goes_on: bool) -> Place {
        let number = self.places.fetch_add(1, Ordering::Relaxed);
        Place::new(number, Instant::now(), goes_on)
    }

    /// A key to use, once the quota takes the request. Cancel-safe: a client that leaves leaves the line.
    ///
    /// Errors: what the provider said last, with what is left of its wait, if it said no and the wait is
    /// longer than the request may be held.
    pub async fn admit(&self, ask: &Ask<'_>) -> Result<Lease, ApiError> {
        let line = self.line(&ask.provider.name, ask.model);
        line.admit(ask).await
    }

    /// A key for a request that no quota counts.
    pub fn any_key(&self, provider: &Provider, model: &str) -> Option<Secret> {
        let line = self.line(&provider.name, model);
        line.best_key(provider, Instant::now())
    }

    /// Another key than those that were refused or limited may be used now.
    pub fn has_open_key(&self, provider: &Provider, model: &str) -> bool {
        let line = self.line(&provider.name, model);
        secrets(provider).len() > 1 && line.has_open_key(provider, Instant::now())
    }

    /// A request that was limited is held, rather than told so: see [`Self::admit`].
    pub fn takes_back(&self, ask: &Ask<'_>) -> bool {
        let line = self.line(&ask.provider.name, ask.model);
        line.takes_back(ask)
    }

    /// For `/api/status`: no key, only its place in the list.
    pub fn status(&self, provider: &Provider) -> Value {
        let now = Instant::now();
        let lines = self.locked().get(&provider.name).cloned();
        let lines = lines.unwrap_or_default();
        let held: usize = lines.values().map(|line| line.waiting()).sum();
        let mut accounts = Vec::new();
        for (model, line) in &lines {
            accounts.extend(line.status(model, provider, now));
        }
        let resting = |account: &&Value| !account["rests_for_s"].is_null();
        let mut rested: Vec<_> = accounts.iter().filter(resting).collect();
        rested.sort_by_key(|account| account["key"].as_u64());
        rested.dedup_by_key(|account| account["key"].as_u64());
        let rested_keys = rested.len();
        json!({"keys": secrets(provider).len(), "rested_keys": rested_keys, "held": held, "accounts": accounts})
    }

    /// Requests that wait for any provider.
    pub fn held(&self) -> usize {
        let providers = self.locked();
        let lines = providers.values().flat_map(|lines| lines.values());
        lines.map(|line| line.waiting()).sum()
    }

    fn line(&self, provider: &str, model: &str) -> Arc<Line> {
        let mut all = self.locked();
        if let Some(line) = all.get(provider).and_then(|lines| lines.get(model)) {
            return line.clone();
        }
        let lines = all.entry(provider.to_owned()).or_default();
        if lines.len() > MANY {
            lines.retain(|_, line| Arc::strong_count(line) > 1 || line.knows_something());
        }
        lines.entry(model.to_owned()).or_default().clone()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Lines>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The most output tokens that a request to a provider asks for, by whatever name.
pub fn output_asked(body: &[bytes::Bytes]) -> Option<u32> {
    #[derive(serde::Deserialize)]
    struct Asked {
        #[serde(rename = "max_completion_tokens")]
        completion: Option<u32>,
        #[serde(rename = "max_tokens")]
        usual: Option<u32>,
        #[serde(rename = "max_output_tokens")]
        output: Option<u32>,
    }
    let [body] = body else { return None };
    let asked: Asked = serde_json::from_slice(body).ok()?;
    asked.completion.or(asked.usual).or(asked.output)
}

fn secrets(provider: &Provider) -> &[Secret] {
    match &provider.key {
        Key::Set(secrets) => secrets,
        Key::Missing { .. } | Key::Absent => &[],
    }
}

/// Tells keys apart without keeping them.
fn mark(secret: Option<&Secret>) -> u64 {
    let mut hasher = DefaultHasher::new();
    secret.map(Secret::expose).hash(&mut hasher);
    hasher.finish()
}
