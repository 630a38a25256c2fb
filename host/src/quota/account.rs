//! One key at one model: what it has left, and whether it rests.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use super::headers;
use super::window::Window;
use crate::error::ApiError;

/// A key that was refused is not tried for this long, and one that is limited for longer is tried again
/// after it: accounts are mended and quotas raised.
const LONGEST_REST: Duration = Duration::from_mins(5);

/// A key that was limited without advice, where there are others.
const USUAL_REST: Duration = Duration::from_secs(1);

/// How soon a place that others hold is looked at again; an answer rings sooner.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// How long after a rest or a renewal of unknown size requests go one by one: so long a refusal costs one
/// of them, not all that waited.
const CAREFUL: Duration = Duration::from_secs(5);

/// The first rest of an account that said no without advice; the next ones are twice as long each, up to
/// [`MOST_DOUBLINGS`]. Asking more often costs requests that some providers count; asking less often leaves quotas
/// unused that were renewed meanwhile.
const BACKOFF: Duration = Duration::from_millis(500);

const MOST_DOUBLINGS: u32 = 1;

/// Not to be used for a while.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    pub(super) until: Instant,
    /// As the client was told.
    pub(super) why: ApiError,
}

/// Whether a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// Not before this.
    Wait(Instant),
}

/// How requests fared lately.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct History {
    /// Refusals since the last success, those that came together counted once.
    refusals: u32,
    succeeded: Option<Instant>,
}

/// What is known of a request that failed, beside its error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed {
    /// The provider has no other key.
    pub(super) alone: bool,
    /// When the request took the key.
    pub(super) taken: Instant,
    /// The longest wait for a renewal; zero without pacing.
    pub(super) hold: Duration,
    /// For an error inside a 200, which was no success: how things were when the request took the key.
    pub(super) before: Option<History>,
}

#[derive(Debug, Default)]
pub(super) struct Account {
    rest: Option<Rest>,
    tokens: Option<Window>,
    requests: Option<Window>,
    /// Tokens of requests whose answers have not begun.
    reserved: u64,
    unanswered: u32,
    /// Until then one request at a time, because one was refused.
    careful: Option<Instant>,
    /// Numbers let a request go that was refused: they do not end care.
    refuted: bool,
    history: History,
    /// When a refusal was last counted: what was sent before it says nothing about the time after it.
    refused_at: Option<Instant>,
}

impl Account {
    /// Whether a request of this many tokens may go. Without `paced` only a rest counts.
    pub(super) fn state(&self, need: u64, paced: bool, now: Instant) -> State {
        if let Some(rest) = self.rest(now) {
            return State::Wait(rest.until);
        }
        if !paced {
            return State::Open;
        }
        if self.unanswered > 0 && self.careful.is_some_and(|until| now < until) {
            return State::Wait(now + LOOK_AGAIN);
        }
        let quotas = [
            (&self.tokens, need, self.reserved),
            (&self.requests, 1, u64::from(self.unanswered)),
        ];
        let waits = quotas
            .into_iter()
            .filter_map(|(window, need, taken)| self.wait(window.as_ref()?, need, taken, now));
        waits.max().map_or(State::Open, State::Wait)
    }

    /// Until a quota takes so much more; none if it does.
    fn wait(&self, window: &Window, need: u64, taken: u64, now: Instant) -> Option<Instant> {
        if now > window.reset + CAREFUL {
            return None;
        }
        let need = window.capped(need.saturating_add(taken));
        match window.available(now) {
            Some(available) if need <= available => None,
            Some(_) if now < window.reset => Some(window.when(need)),
            // Renewed: whoever is alone finds out to how much.
            _ if self.unanswered == 0 => None,
            _ => Some(now + LOOK_AGAIN),
        }
    }

    /// A rest that is not over.
    pub(super) fn rest(&self, now: Instant) -> Option<&Rest> {
        self.rest.as_ref().filter(|rest| rest.until > now)
    }

    pub(super) fn forgive(&mut self) {
        self.rest = None;
    }

    /// Tokens are counted by this account.
    pub(super) fn counts_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    pub(super) fn take(&mut self, need: u64) -> History {
        self.unanswered += 1;
        self.reserved = self.reserved.saturating_add(need);
        self.history
    }

    /// The request's answer began, or never will.
    pub(super) fn give_back(&mut self, need: u64) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.reserved = self.reserved.saturating_sub(need);
    }

    /// Waiting may help: a request was answered after this time, or one has yet to be.
    pub(super) fn hopeful(&self, since: Instant) -> bool {
        self.unanswered > 0 || self.history.succeeded.is_some_and(|at| at >= since)
    }

    /// An answer began, to a request that was `taken` then.
    pub(super) fn answered(
        &mut self,
        success: bool,
        headers: &HeaderMap,
        taken: Instant,
        now: Instant,
    ) {
        let told = self.learn(headers, now);
        if !success {
            return;
        }
        self.history.succeeded = Some(now);
        if self.is_old(taken) {
            return;
        }
        self.history.refusals = 0;
        self.rest = None;
        if self.careful.is_none_or(|until| until < now) {
            self.refuted = false;
        }
        // Numbers tell more than a refusal, unless they are what it refuted.
        if told && !self.refuted {
            self.careful = None;
        }
    }

    /// A 429 began.
    pub(super) fn refused(&mut self, headers: &HeaderMap, taken: Instant, now: Instant) {
        let known = |window: &Option<Window>| window.is_some_and(|window| window.read < taken);
        self.refuted |= known(&self.tokens) || known(&self.requests);
        self.learn(headers, now);
    }

    /// Whether the headers tell anything.
    fn learn(&mut self, headers: &HeaderMap, now: Instant) -> bool {
        let told = headers::told(headers, now);
        self.tokens = told.tokens.or(self.tokens);
        self.requests = told.requests.or(self.requests);
        told != headers::Told::default()
    }

    /// Sent before the last refusal came.
    fn is_old(&self, taken: Instant) -> bool {
        self.refused_at.is_some_and(|at| taken <= at)
    }

    /// A request failed.
    pub(super) fn failed(&mut self, error: &ApiError, failed: Failed, now: Instant) {
        let rest = match error.status {
            // The day's or the month's: nobody says when, or asking again is of no use.
            429 if error.should_retry == Some(false) => LONGEST_REST,
            429 => {
                let advised = error.retry_after_ms.map(Duration::from_millis);
                match self.limited(advised, failed, now) {
                    Some(rest) => rest.min(LONGEST_REST),
                    None => return,
                }
            }
            401..=403 if !failed.alone => LONGEST_REST,
            _ => return,
        };
        let until = now + rest;
        if self.rest(now).is_none_or(|rest| rest.until < until) {
            self.rest = Some(Rest {
                until,
                why: error.clone(),
            });
        }
    }

    /// How long the account rests after a 429; none if it does not.
    fn limited(
        &mut self,
        advised: Option<Duration>,
        failed: Failed,
        now: Instant,
    ) -> Option<Duration> {
        let rest = if failed.hold.is_zero() {
            match advised {
                None if failed.alone => None,
                None => Some(USUAL_REST),
                advised => advised,
            }
        } else if self.is_old(failed.taken) {
            advised
        } else {
            self.history = failed.before.unwrap_or(self.history);
            let refusals = self.history.refusals;
            self.history.refusals += 1;
            self.refused_at = Some(now);
            let backoff = |refusals: u32| BACKOFF * 2_u32.pow(refusals.min(MOST_DOUBLINGS));
            Some(match (advised, refusals.checked_sub(1)) {
                (Some(advised), None) => advised,
                // It said so before, and it was not true.
                (Some(advised), Some(before)) => advised.max(backoff(before).min(failed.hold)),
                (None, _) => backoff(refusals).min(failed.hold),
            })
        };
        let careful = now + rest.unwrap_or_default() + CAREFUL;
        self.careful = self.careful.max(Some(careful));
        rest
    }

    /// In milliseconds: until a quota that does not take the request now is renewed, if it is known.
    pub(super) fn renewed(&self, need: u64, now: Instant) -> Option<u64> {
        let quotas = [(&self.tokens, need), (&self.requests, 1)];
        let waits = quotas.into_iter().filter_map(|(window, need)| {
            let window = window.as_ref()?;
            let short = window.reset > now && window.available(now)? < window.capped(need);
            short.then(|| window.when(window.capped(need)))
        });
        let wait = waits.max()?.saturating_duration_since(now);
        Some(wait.as_millis() as u64)
    }

    /// When it rests no more and its quotas are whole, nothing here changes a decision.
    pub(super) fn knows_something(&self, now: Instant) -> bool {
        let waits = |window: &Option<Window>| window.is_some_and(|window| window.reset > now);
        self.rest(now).is_some() || waits(&self.tokens) || waits(&self.requests)
    }

    /// Tokens and requests that are left, and seconds until the first of the two is renewed.
    pub(super) fn left(&self, now: Instant) -> (Option<u64>, Option<u64>, Option<f64>) {
        let left = |window: Option<&Window>| window?.available(now);
        let windows = [self.tokens.as_ref(), self.requests.as_ref()];
        let resets = windows.into_iter().flatten().map(|window| window.reset);
        let next = resets.filter(|reset| *reset > now).min();
        let next = next.map(|reset| seconds(reset - now));
        (left(windows[0]), left(windows[1]), next)
    }
}

/// With one place.
pub(super) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}
