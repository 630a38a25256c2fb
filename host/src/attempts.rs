//! What follows a failure, as long as the client has been told nothing: the same provider again after a
//! while, another of its keys, the next target of the route's fallback list, or the error.
//!
//! Pure: errors and times in, a decision out. A call of the Messages API has no effect beside its answer,
//! so until a byte of that went out it may be repeated; once one has, nothing here is asked any more.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::config::{Config, Key, Provider, Retries, Target};
use crate::error::{ApiError, Trouble};
use crate::route::Choice;

/// The first wait of a provider that gives no advice; each further one is twice as long.
const BACKOFF: Duration = Duration::from_millis(150);

/// Waiting as advised ends a little later, so that those who were told the same do not come at once.
const SPREAD: Duration = Duration::from_millis(100);

/// Words of a request that is too long: no other provider is asked, because the client compacts it by them.
const OVERFLOW: [&str; 5] = [
    "prompt is too long",
    "exceed context limit",
    "context_length_exceeded",
    "maximum context length",
    "reduce the length of the messages",
];

/// OpenAI's words in a 429 for a request that is larger than what a whole minute allows.
const NEVER_FITS: &str = "request too large";

/// One request's targets and what became of those that were asked.
pub struct Attempts<'a> {
    config: &'a Config,
    /// Who is to be asked now.
    pub provider: &'a Provider,
    /// The model as this provider names it.
    pub model: &'a str,
    left: &'a [Target],
    tried: Vec<Tried>,
    /// What the first target said last.
    first: Option<ApiError>,
    targets: usize,
    retries: u32,
    other_keys: usize,
    failed_at: Option<Instant>,
}

/// One attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The provider's name.
    pub provider: String,
    /// As the provider names it.
    pub model: String,
    /// What the client would have been told.
    pub status: u16,
    /// Type of the error.
    pub kind: &'static str,
}

impl Tried {
    /// Provider and model.
    pub fn target(&self) -> (&str, &str) {
        (&self.provider, &self.model)
    }
}

impl std::fmt::Display for Tried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (provider, model) = (&self.provider, &self.model);
        write!(f, "{provider},{model}: {} {}", self.status, self.kind)
    }
}

/// So many failures of one kind in a row are told one by one.
const TOLD_EACH: usize = 3;

/// A list of attempts in one line.
pub fn shown(tried: &[Tried]) -> String {
    let each = tried.chunk_by(|a, b| a == b).flat_map(|same| {
        let one = same.first().map(ToString::to_string).unwrap_or_default();
        if same.len() > TOLD_EACH {
            vec![format!("{one} ({} times)", same.len())]
        } else {
            vec![one; same.len()]
        }
    });
    each.collect::<Vec<_>>().join("; ")
}

/// What the provider's quota offers after a failure.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offer {
    /// Another key may be used now.
    pub other_key: bool,
    /// A request that was limited may wait in line for its renewal, as long as pacing allows.
    pub line: bool,
}

/// What is done about a failure.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask the same target once more after this time.
    Again(Duration),
    /// Ask the target that [`Attempts`] now has.
    Other,
    /// Tell the client.
    Over(ApiError),
}

impl<'a> Attempts<'a> {
    /// For the target that was chosen, and those that are to be tried next.
    pub fn new(config: &'a Config, choice: &'a Choice<'a>) -> Self {
        Self {
            config,
            provider: choice.provider,
            model: &choice.model,
            left: choice.fallback,
            tried: Vec::new(),
            first: None,
            targets: 1,
            retries: 0,
            other_keys: 0,
            failed_at: None,
        }
    }

    /// Every attempt that failed, in order.
    pub fn tried(&self) -> &[Tried] {
        &self.tried
    }

    /// More than one target was asked.
    pub fn fell_back(&self) -> bool {
        self.targets > 1
    }

    /// The provider has several keys.
    pub fn has_keys(&self) -> bool {
        keys(self.provider) > 1
    }

    /// The longest wait for a quota's renewal; zero without pacing.
    pub fn hold(&self) -> Duration {
        self.config.pacing.hold
    }

    /// Time that was spent waiting for a quota is no time of trying.
    pub fn held(&mut self, time: Duration) {
        self.failed_at = self.failed_at.map(|at| at + time);
    }

    /// Another target is left.
    pub fn has_other(&self) -> bool {
        self.left.iter().any(|target| self.is_new(target))
    }

    /// Decides. `chance` is from 0 to 1.
    pub fn after(&mut self, error: ApiError, offer: Offer, now: Instant, chance: f64) -> Next {
        self.tried.push(Tried {
            provider: self.provider.name.clone(),
            model: self.model.to_owned(),
            status: error.status,
            kind: error.kind,
        });
        let failed_at = *self.failed_at.get_or_insert(now);
        let next = self.same_target(&error, offer, now.duration_since(failed_at), chance);
        let may_fall_back = may_fall_back(&error);
        if self.targets == 1 {
            self.first = Some(error.clone());
        }
        if let Some(wait) = next {
            return Next::Again(wait);
        }
        if may_fall_back && self.next_target() {
            return Next::Other;
        }
        Next::Over(self.told(error))
    }

    /// The wait before the same target is asked again; none if it is not.
    fn same_target(
        &mut self,
        error: &ApiError,
        offer: Offer,
        passed: Duration,
        chance: f64,
    ) -> Option<Duration> {
        let of_key = matches!(error.status, 401..=403 | 429);
        if offer.other_key && of_key && self.other_keys + 1 < keys(self.provider) {
            self.other_keys += 1;
            return Some(Duration::ZERO);
        }
        if !may_retry(error) || (error.trouble == Trouble::Unreachable && self.has_other()) {
            return None;
        }
        let rules: &Retries = &self.config.retries;
        if error.status == 429 && offer.line && self.may_line_up() {
            self.retries = self.retries.saturating_add(1);
            return Some(Duration::ZERO);
        }
        let wait = match error.retry_after_ms.map(Duration::from_millis) {
            Some(wait) if wait > rules.longest_wait => return None,
            Some(wait) => wait + SPREAD.mul_f64(chance),
            // The connection from the pool was dead: a new one is all that it takes.
            None if error.trouble == Trouble::Dropped && self.retries == 0 => Duration::ZERO,
            None => (BACKOFF * 2_u32.saturating_pow(self.retries)).mul_f64(0.5 + chance / 2.0),
        };
        if self.retries >= rules.attempts || passed + wait > rules.within {
            return None;
        }
        self.retries += 1;
        Some(wait)
    }

    /// A limited request waits in its line as often as that takes it back; where another target is left, no more
    /// often than any other error is retried. A refusal is answered by another request, so not where retries are
    /// switched off.
    fn may_line_up(&self) -> bool {
        let most = self.config.retries.attempts;
        most > 0 && (self.retries < most || !self.has_other())
    }

    fn next_target(&mut self) -> bool {
        while let Some((target, left)) = self.left.split_first() {
            self.left = left;
            let names = |provider: &&Provider| provider.name == target.provider;
            if let Some(provider) = self.config.providers.iter().find(names)
                && self.is_new(target)
            {
                (self.provider, self.model) = (provider, &target.model);
                self.targets += 1;
                self.other_keys = 0;
                return true;
            }
        }
        false
    }

    fn is_new(&self, target: &Target) -> bool {
        let mut tried = self.tried.iter();
        let was = |tried: &Tried| tried.provider == target.provider && tried.model == target.model;
        let is = self.provider.name == target.provider && self.model == target.model;
        !is && !tried.any(was)
    }

    /// The first target's error stays what it is; that others failed too is added behind its words.
    fn told(&mut self, error: ApiError) -> ApiError {
        let mut told = self.first.take().unwrap_or(error);
        if self.fell_back() {
            let first = (self.tried.first()).map(|first| (&first.provider, &first.model));
            let others = self.tried.iter();
            let others = others.filter(|tried| Some((&tried.provider, &tried.model)) != first);
            let others: Vec<_> = others.cloned().collect();
            told.message = format!("{} (also tried: {})", told.message, shown(&others));
        }
        told
    }
}

fn keys(provider: &Provider) -> usize {
    match &provider.key {
        Key::Set(keys) => keys.len(),
        Key::Missing { .. } | Key::Absent => 0,
    }
}

/// Asking the same provider once more may help.
fn may_retry(error: &ApiError) -> bool {
    let passing = matches!(error.status, 408 | 429 | 500 | 502..=599);
    let there = !matches!(error.trouble, Trouble::Lasting | Trouble::Silent);
    let never_fits = error.status == 429 && says(error, &[NEVER_FITS]);
    passing && there && error.should_retry != Some(false) && !is_overflow(error) && !never_fits
}

/// Another provider may do better: whatever is not wrong with the request itself. A client cannot mend a
/// key that is refused, an account that is empty or a model that is gone.
fn may_fall_back(error: &ApiError) -> bool {
    let elsewhere = matches!(error.status, 401..=403 | 408 | 429 | 500 | 502..=599);
    let gone = error.status == 404 && says(error, &["model"]);
    (elsewhere || gone) && !is_overflow(error)
}

fn is_overflow(error: &ApiError) -> bool {
    says(error, &OVERFLOW)
}

fn says(error: &ApiError, any: &[&str]) -> bool {
    let message = error.message.to_ascii_lowercase();
    any.iter().any(|words| message.contains(words))
}

/// From 0 to 1, never the same for all.
pub fn chance() -> f64 {
    let number = getrandom::u32().unwrap_or(u32::MAX / 2);
    f64::from(number) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
