//! Presenting a provider's key: from the configuration, or from a command that prints it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::{Auth, Key, Provider, Secret};
use crate::error::{ApiError, Trouble};

/// How long what a command printed is used: short tokens live for minutes, a run takes seconds.
const FRESH: Duration = Duration::from_mins(1);

/// A key command that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many printed keys are remembered as secrets: an upstream's error may come when its key is
/// already an old one.
const REMEMBERED: usize = 16;

/// What key commands printed lately.
#[derive(Debug, Default)]
pub(super) struct Printed(Mutex<Lately>);

#[derive(Debug, Default)]
struct Lately {
    /// By provider.
    fresh: HashMap<String, (Instant, Secret)>,
    /// The newest last, each once.
    known: VecDeque<Secret>,
}

impl Lately {
    fn remember(&mut self, key: &Secret) {
        self.known.retain(|known| known != key);
        self.known.push_back(key.clone());
        if self.known.len() > REMEMBERED {
            self.known.pop_front();
        }
    }
}

impl Printed {
    /// Uses a key that was refused no more. It is still a secret.
    pub(super) fn forget(&self, provider: &Provider) {
        self.lock().fresh.remove(&provider.name);
    }

    /// The newest keys, also those that are no longer used.
    pub(super) fn known(&self) -> Vec<Secret> {
        self.lock().known.iter().cloned().collect()
    }

    async fn key(&self, provider: &Provider, command: &[String]) -> Result<Secret, ApiError> {
        if let Some((printed, key)) = self.lock().fresh.get(&provider.name)
            && printed.elapsed() < FRESH
        {
            return Ok(key.clone());
        }
        let key = Secret::new(run(provider, command).await?);
        let entry = (Instant::now(), key.clone());
        let mut lately = self.lock();
        lately.remember(&key);
        lately.fresh.insert(provider.name.clone(), entry);
        drop(lately);
        Ok(key)
    }

    fn lock(&self) -> MutexGuard<'_, Lately> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds the provider's key to the headers as `auth` says: `key`, or what a command prints. Gives the key when it came from a
/// command: it is a secret that the configuration does not know.
pub(super) async fn present(
    provider: &Provider,
    key: Option<Secret>,
    auth: &Auth,
    headers: &mut HeaderMap,
    printed: &Printed,
) -> Result<Option<Secret>, ApiError> {
    let (key, from_command) = match (key, auth, &provider.key) {
        (_, Auth::Command(command), _) => (printed.key(provider, command).await?, true),
        (Some(secret), ..) => (secret, false),
        (None, _, Key::Set(_) | Key::Absent) => return Ok(None),
        (None, _, Key::Missing { variable }) => {
            return Err(refused(
                provider,
                &format!("has no key: the variable {variable} is not set"),
            ));
        }
    };
    let (name, value) = match auth {
        Auth::Bearer | Auth::Command(_) => {
            let value = format!("Bearer {}", key.expose());
            (http::header::AUTHORIZATION, value)
        }
        Auth::Header(name) => {
            let name = HeaderName::try_from(name.as_str())
                .map_err(|_| refused(provider, "wants its key in what is no header name"))?;
            (name, key.expose().to_owned())
        }
    };
    let mut value = HeaderValue::from_str(&value)
        .map_err(|_| refused(provider, "has a key that no header can carry"))?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(from_command.then_some(key))
}

fn refused(provider: &Provider, why: &str) -> ApiError {
    let message = format!("provider `{}` {why}", provider.name);
    ApiError {
        should_retry: Some(false),
        trouble: Trouble::Lasting,
        ..ApiError::new("authentication_error", message)
    }
}

async fn run(provider: &Provider, command: &[String]) -> Result<String, ApiError> {
    let failed = |why: &str| refused(provider, &format!("has a key command that failed: {why}"));
    let Some((program, args)) = command.split_first() else {
        return Err(failed("it is empty"));
    };
    let output = tokio::process::Command::new(program)
        .args(args)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, output)
        .await
        .map_err(|_| failed("it did not end within 30 s"))?
        .map_err(|error| failed(&error.to_string()))?;
    if !output.status.success() {
        return Err(failed(&output.status.to_string()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().next().map(str::trim) {
        Some(key) if !key.is_empty() => Ok(key.to_owned()),
        _ => Err(failed("it printed nothing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_keys_are_known_as_secrets_for_longer_than_they_are_used_but_not_for_ever() {
        let printed = Printed::default();
        for number in [0, 1, 0].into_iter().chain(2..40) {
            let key = Secret::new(format!("key-{number}"));
            printed.lock().remember(&key);
        }
        let known = printed.known();
        let known: Vec<_> = known.iter().map(Secret::expose).collect();
        assert_eq!((known.len(), known[0], known[15]), (16, "key-24", "key-39"));
    }
}
