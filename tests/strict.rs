//! Upstreams as strict as the real ones: each request is checked by rules with their sources, a
//! violation is counted and refused in the provider's own words, and a conversation script says
//! what a proper request is answered.
//!
//! They stand on the scripted upstream and use none of transom's code.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::harness::upstream::{Answer, Recorded, Request, Upstream};
pub(crate) use conversation::{Call, Delivery, Fault, Seen, Turn};

pub(crate) mod anthropic;
pub(crate) mod cerebras;
pub(crate) mod chat;
pub(crate) mod compatible;
mod conversation;
pub(crate) mod gemini;
mod messages;
pub(crate) mod ollama;
pub(crate) mod responses;
mod speech;
pub(crate) mod zai;

/// A rule of a provider, and where it is written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    pub(crate) source: &'static str,
}

/// A request that breaks a rule.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub(crate) rule: &'static Rule,
    /// The number of the request at its upstream.
    pub(crate) request: usize,
    /// Where in the body, as `messages[2].content`; `header x` and `path` for what is not body.
    pub(crate) path: String,
    pub(crate) found: String,
}

/// What a provider's checks write down.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    request: usize,
    violations: Vec<Violation>,
}

impl Findings {
    pub(crate) fn broken(
        &mut self,
        rule: &'static Rule,
        path: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.violations.push(Violation {
            rule,
            request: self.request,
            path: path.into(),
            found: found.into(),
        });
    }

    /// `found` unless `proper`.
    pub(crate) fn expect(
        &mut self,
        proper: bool,
        rule: &'static Rule,
        path: impl Into<String>,
        found: impl Into<String>,
    ) {
        if !proper {
            self.broken(rule, path, found);
        }
    }

    /// Every property of `object` must be among `known`.
    pub(crate) fn only(&mut self, rule: &'static Rule, path: &str, object: &Value, known: &[&str]) {
        for name in object.as_object().into_iter().flat_map(|map| map.keys()) {
            if !known.contains(&name.as_str()) {
                self.broken(
                    rule,
                    join(path, name),
                    format!("property '{name}' is unsupported"),
                );
            }
        }
    }
}

/// `path.name`, without a dot at the root.
pub(crate) fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        _ => format!("{path}.{name}"),
    }
}

/// The elements of `value[name]` with their paths.
pub(crate) fn each<'a>(
    value: &'a Value,
    path: &str,
    name: &str,
) -> impl Iterator<Item = (String, &'a Value)> {
    let path = join(path, name);
    let items = value[name].as_array().into_iter().flatten().enumerate();
    items.map(move |(at, item)| (format!("{path}[{at}]"), item))
}

/// A provider: what it refuses and how it speaks.
pub(crate) trait Dialect: Send + Sync + 'static {
    /// Answers that are no model calls (probes, token counts).
    fn aside(&self, _request: &Request) -> Option<Answer> {
        None
    }

    /// Writes down every rule that the request breaks.
    fn check(&self, request: &Request, findings: &mut Findings);

    /// The provider's answer to a request that breaks rules.
    fn refuse(&self, violations: &[Violation]) -> Answer;

    /// The request in words that are the same for every provider.
    fn see(&self, request: &Request) -> Seen;

    /// A turn of the conversation as the provider's answer.
    fn speak(&self, seen: &Seen, turn: &Turn) -> Answer;
}

/// A strict upstream.
#[derive(Debug)]
pub(crate) struct Strict {
    upstream: Upstream,
    ledger: Arc<Ledger>,
}

#[derive(Debug, Default)]
struct Ledger {
    violations: Mutex<Vec<Violation>>,
    seen: Mutex<Vec<Seen>>,
}

impl Strict {
    /// Starts it; `script` says what each proper request is answered.
    pub(crate) async fn start(
        dialect: impl Dialect,
        script: impl Fn(&Seen) -> Turn + Send + Sync + 'static,
    ) -> Self {
        let ledger = Arc::new(Ledger::default());
        let book = Arc::clone(&ledger);
        let upstream = Upstream::start(move |request| book.answer(&dialect, &script, request));
        Self {
            upstream: upstream.await,
            ledger,
        }
    }

    /// A script of turns: which one depends on how many answers the conversation already has, so
    /// that a request that is sent again gets the same turn again.
    pub(crate) async fn turns(dialect: impl Dialect, turns: Vec<Turn>) -> Self {
        Self::start(dialect, move |seen| {
            turns
                .get(seen.answers)
                .cloned()
                .unwrap_or_else(|| Turn::text(&format!("the script has no turn {}", seen.answers)))
        })
        .await
    }

    pub(crate) fn url(&self) -> String {
        self.upstream.url()
    }

    /// Every rule that a request broke.
    pub(crate) fn violations(&self) -> Vec<Violation> {
        lock(&self.ledger.violations).clone()
    }

    /// Every proper model call, in the order of arrival.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.ledger.seen).clone()
    }

    pub(crate) fn records(&self) -> Vec<Recorded> {
        self.upstream.records()
    }

    /// Panics with every violation and its source.
    pub(crate) fn assert_no_violation(&self) {
        let violations = self.violations();
        let told: Vec<String> = violations
            .iter()
            .map(|one| {
                format!(
                    "request {}: {} at {}: {} ({})",
                    one.request, one.rule.id, one.path, one.found, one.rule.source
                )
            })
            .collect();
        assert!(
            told.is_empty(),
            "the upstream refused:\n{}",
            told.join("\n")
        );
    }
}

impl Ledger {
    fn answer(
        &self,
        dialect: &impl Dialect,
        script: &impl Fn(&Seen) -> Turn,
        request: &Request,
    ) -> Answer {
        if let Some(answer) = dialect.aside(request) {
            return answer;
        }
        let mut findings = Findings {
            request: request.number,
            violations: Vec::new(),
        };
        dialect.check(request, &mut findings);
        if !findings.violations.is_empty() {
            let answer = dialect.refuse(&findings.violations);
            lock(&self.violations).extend(findings.violations);
            return answer;
        }
        let mut seen = dialect.see(request);
        seen.number = lock(&self.seen).len();
        lock(&self.seen).push(seen.clone());
        dialect.speak(&seen, &script(&seen))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a provider's checks on one request, for the tests of the rules.
#[cfg(test)]
pub(crate) fn broken_rules(dialect: &impl Dialect, request: &Request) -> Vec<&'static str> {
    let mut findings = Findings::default();
    dialect.check(request, &mut findings);
    findings.violations.iter().map(|one| one.rule.id).collect()
}

/// A request as it would arrive, for the tests of the rules.
#[cfg(test)]
pub(crate) fn request(target: &str, headers: &[(&str, &str)], body: &Value) -> Request {
    let headers = headers.iter();
    Request {
        number: 0,
        connection: 0,
        head: crate::harness::wire::Head {
            line: format!("POST {target} HTTP/1.1"),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        },
        body: body.to_string().into_bytes(),
    }
}
