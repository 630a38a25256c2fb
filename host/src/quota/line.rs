//! The requests of one provider and model: who goes with which key, and who waits behind whom.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::account::{Account, Failed, History, State, seconds};
use super::queue::Queue;
use super::{Ask, mark, secrets};
use crate::config::{Provider, Secret};
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct Line {
    waiting: Queue,
    state: Mutex<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    /// By [`mark`].
    accounts: BTreeMap<u64, Account>,
    /// The key to begin with, so that all are used alike.
    turn: usize,
    /// The most output that the transformer lets a request ask for, as far as it was seen.
    most_output: Option<u32>,
}

/// A key in use by a request whose answer has not begun. Dropping it gives its share back.
#[derive(Debug)]
pub struct Lease {
    line: Arc<Line>,
    key: Option<Secret>,
    need: u64,
    taken: Instant,
    /// The longest wait for a renewal; zero without pacing.
    hold: Duration,
    /// How many keys the provider has.
    keys: usize,
    /// What was known of the account when the key was taken.
    before: History,
    /// The share was given back.
    settled: bool,
}

impl Line {
    pub(super) async fn admit(self: &Arc<Self>, ask: &Ask<'_>) -> Result<Lease, ApiError> {
        if self.waiting() == 0 {
            match self.take(ask, false) {
                Ok(lease) => return Ok(lease),
                Err(until) if !ask.holds(until) => return self.last_word(ask),
                Err(_) => {}
            }
        }
        let standing = self.waiting.enter(ask.place.rank);
        let last = ask.place.since + ask.in_line();
        loop {
            let mut until = last;
            if standing.is_first() {
                match self.take(ask, false) {
                    Ok(lease) => return Ok(lease),
                    Err(room) if !ask.holds(room) => return self.last_word(ask),
                    Err(room) => until = room.min(last),
                }
            }
            if Instant::now() >= last {
                return self.last_word(ask);
            }
            tokio::select! {
                () = standing.rung() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    /// Whether a request that was limited is held until it may go again, rather than told so: a key may be used
    /// soon, and the request's time in line is not over. That is short where nobody was answered since it came: an
    /// account that takes nothing more is told of, not waited for.
    pub(super) fn takes_back(&self, ask: &Ask<'_>) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        let hopeful = state
            .accounts
            .values()
            .any(|account| account.hopeful(ask.place.since));
        let longest = if hopeful { ask.in_line() } else { ask.hold };
        let (_, best) = state.best(secrets(ask.provider), 0, false, now);
        let soon = match best {
            State::Open => ask.paced(),
            State::Wait(until) => ask.holds(until),
        };
        soon && now < ask.place.since + longest
    }

    /// A key whose quota takes the request, or else when one will. `anyway`: the best one, if none does.
    pub(super) fn take(self: &Arc<Self>, ask: &Ask<'_>, anyway: bool) -> Result<Lease, Instant> {
        let keys = secrets(ask.provider);
        let mut state = self.state();
        let need = state.need(ask);
        let (at, best) = state.best(keys, need, ask.paced(), Instant::now());
        match best {
            State::Wait(until) if !anyway => return Err(until),
            State::Wait(_) | State::Open => {}
        }
        let key = keys.get(at).cloned();
        state.turn = at + 1;
        let before = state.account(key.as_ref()).take(need);
        drop(state);
        Ok(Lease {
            line: self.clone(),
            key,
            need,
            taken: Instant::now(),
            hold: ask.hold,
            keys: keys.len(),
            before,
            settled: false,
        })
    }

    /// Waiting is over. Where another target is left the provider's last word counts; else it is asked: its
    /// own words tell more than ours could, and it may have changed its mind.
    fn last_word(self: &Arc<Self>, ask: &Ask<'_>) -> Result<Lease, ApiError> {
        let now = Instant::now();
        let said = self.state().last_word(secrets(ask.provider), now);
        if let Some(error) = said.filter(|_| ask.has_other) {
            return Err(error);
        }
        self.take(ask, true).map_err(|until| {
            let limited = ApiError::new("rate_limit_error", "the provider's quota is used up");
            ApiError {
                retry_after_ms: Some((until - now).as_millis() as u64),
                ..limited
            }
        })
    }

    pub(super) fn best_key(&self, provider: &Provider, now: Instant) -> Option<Secret> {
        let keys = secrets(provider);
        let mut state = self.state();
        let (at, _) = state.best(keys, 0, false, now);
        keys.get(at).cloned()
    }

    pub(super) fn has_open_key(&self, provider: &Provider, now: Instant) -> bool {
        let (_, best) = self.state().best(secrets(provider), 0, false, now);
        best == State::Open
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn knows_something(&self) -> bool {
        let now = Instant::now();
        let state = self.state();
        let mut accounts = state.accounts.values();
        accounts.any(|account| account.knows_something(now))
    }

    pub(super) fn status(&self, model: &str, provider: &Provider, now: Instant) -> Vec<Value> {
        let state = self.state();
        let keys: Vec<u64> = secrets(provider)
            .iter()
            .map(|key| mark(Some(key)))
            .collect();
        let accounts = state.accounts.iter();
        let shown = accounts.filter(|(_, account)| account.knows_something(now));
        let shown = shown.map(|(name, account)| {
            let (tokens, requests, resets_in_s) = account.left(now);
            let rests_for_s = account.rest(now).map(|rest| seconds(rest.until - now));
            json!({
                "model": model,
                "key": keys.iter().position(|key| key == name).map(|at| at + 1),
                "remaining_tokens": tokens,
                "remaining_requests": requests,
                "resets_in_s": resets_in_s,
                "rests_for_s": rests_for_s,
                "why": account.rest(now).map(|rest| format!("{} {}", rest.why.status, rest.why.kind)),
            })
        });
        shown.collect()
    }

    fn state(&self) -> MutexGuard<'_, Keys> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    fn account(&mut self, key: Option<&Secret>) -> &mut Account {
        self.accounts.entry(mark(key)).or_default()
    }

    /// Providers reserve what a request may use at most.
    fn need(&self, ask: &Ask<'_>) -> u64 {
        let output = match (ask.output, self.most_output) {
            (Some(asked), Some(most)) => asked.min(most),
            (asked, most) => asked.or(most).unwrap_or_default(),
        };
        u64::from(ask.input) + u64::from(output)
    }

    /// The key that may be used soonest: its place, and whether it may now.
    fn best(&mut self, keys: &[Secret], need: u64, paced: bool, now: Instant) -> (usize, State) {
        let mut best = None;
        for step in 0..keys.len().max(1) {
            let at = (self.turn + step) % keys.len().max(1);
            match self.account(keys.get(at)).state(need, paced, now) {
                State::Open => return (at, State::Open),
                State::Wait(until) if best.is_none_or(|(_, soonest)| until < soonest) => {
                    best = Some((at, until));
                }
                State::Wait(_) => {}
            }
        }
        best.map_or((0, State::Open), |(at, until)| (at, State::Wait(until)))
    }

    /// What every key is forbidden is a matter of the request: none of them rests for it.
    fn all_forbidden(&mut self, keys: usize, now: Instant) {
        let forbidden = |account: &&mut Account| {
            let rest = account.rest(now);
            rest.is_some_and(|rest| rest.why.status == 403)
        };
        let resting: Vec<_> = self.accounts.values_mut().filter(forbidden).collect();
        if resting.len() >= keys {
            for account in resting {
                account.forgive();
            }
        }
    }

    /// What the provider said to the key that rests for the shortest time, with what is left of it; none
    /// if a key does not rest.
    fn last_word(&mut self, keys: &[Secret], now: Instant) -> Option<ApiError> {
        let mut soonest: Option<(Instant, ApiError)> = None;
        for at in 0..keys.len().max(1) {
            let rest = self.account(keys.get(at)).rest(now)?;
            if soonest
                .as_ref()
                .is_none_or(|(until, _)| rest.until < *until)
            {
                soonest = Some((rest.until, rest.why.clone()));
            }
        }
        let (until, mut error) = soonest?;
        error.retry_after_ms = Some((until - now).as_millis() as u64);
        Some(error)
    }
}

impl Lease {
    /// The key; none for a provider without one in the configuration.
    pub fn key(&self) -> Option<&Secret> {
        self.key.as_ref()
    }

    /// When the request could go.
    pub fn taken(&self) -> Instant {
        self.taken
    }

    /// How much output may be asked for decides about the next requests: whether it is worth a look.
    pub fn counts_tokens(&self) -> bool {
        let mut state = self.line.state();
        state.account(self.key.as_ref()).counts_tokens()
    }

    /// What became of the client's wish for so much output.
    pub fn asked(&self, client: Option<u32>, sent: Option<u32>) {
        let (Some(client), Some(sent)) = (client, sent) else {
            return;
        };
        let mut state = self.line.state();
        if sent < client {
            state.most_output = Some(sent);
        } else if state.most_output.is_some_and(|most| most < sent) {
            state.most_output = None;
        }
    }

    /// The answer began: its headers tell what is left. A refusal keeps its share until what follows from it
    /// is known, so that nobody goes in between.
    pub fn answered(&mut self, status: StatusCode, headers: &HeaderMap) {
        let now = Instant::now();
        let mut state = self.line.state();
        let account = state.account(self.key.as_ref());
        if status == StatusCode::TOO_MANY_REQUESTS {
            account.refused(headers, self.taken, now);
            return;
        }
        if !std::mem::replace(&mut self.settled, true) {
            account.give_back(self.need);
        }
        account.answered(status.is_success(), headers, self.taken, now);
        drop(state);
        self.line.waiting.ring();
    }

    /// The request failed: a key that is limited or refused rests. `alone`: the provider has no other. Gives
    /// the error with what is known of the quota's renewal, if the provider did not say when to come back.
    pub fn failed(&self, error: ApiError, alone: bool) -> ApiError {
        let now = Instant::now();
        let mut state = self.line.state();
        let account = state.account(self.key.as_ref());
        let error = if error.status == 429 && error.should_retry != Some(false) {
            let renewed = || account.renewed(self.need, now);
            ApiError {
                retry_after_ms: error.retry_after_ms.or_else(renewed),
                ..error
            }
        } else {
            error
        };
        let failed = Failed {
            alone,
            taken: self.taken,
            hold: self.hold,
            before: self.settled.then_some(self.before),
        };
        account.failed(&error, failed, now);
        if error.status == 403 {
            state.all_forbidden(self.keys, now);
        }
        error
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let mut state = self.line.state();
        state.account(self.key.as_ref()).give_back(self.need);
        drop(state);
        self.line.waiting.ring();
    }
}
