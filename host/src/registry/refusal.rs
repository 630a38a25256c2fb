//! Why a transformer's newest bytes are not live, told so that a person can mend it.

use std::fmt;
use std::path::PathBuf;

use bytes::Bytes;

use super::generation::Origin;
use crate::wasm::{Fault, Rejected};

/// A message about a transformer. Faults name theirs themselves: it is not named twice.
pub fn of_transformer(name: &str, message: &str) -> String {
    let named = format!("transformer `{name}`");
    if message.starts_with(&named) {
        message.to_owned()
    } else {
        format!("{named}: {message}")
    }
}

/// One thing that keeps bytes from going live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What has to be looked at.
    pub about: About,
    /// The file that the bytes came from; none for built-in ones and where there are no bytes.
    pub file: Option<PathBuf>,
    /// In lower case, without a full stop. Anybody may read it: no path, no words of a panic.
    pub message: String,
    /// What only the person who runs transom is told.
    pub inside: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// What a [`Refusal`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The component.
    Component,
    /// `pins` of the configuration.
    Pin,
    /// These options of a provider.
    Options(Bytes),
}

impl Refusal {
    pub(super) fn of_file(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            about: About::Component,
            file: None,
            message: message.into(),
            inside: None,
            remedy: Some(remedy.into()),
        }
    }

    /// As an earlier process told it, message and remedy in one.
    pub(super) fn of_earlier(said: &str) -> Self {
        let (message, remedy) = parted(said);
        Self {
            remedy,
            ..Self::of_file(message, "")
        }
    }

    /// The same, with what only the person who runs transom is told.
    pub(super) fn with_inside(self, inside: impl Into<String>) -> Self {
        Self {
            inside: Some(inside.into()),
            ..self
        }
    }

    /// Message and what is inside, for log, status and `check`.
    pub fn whole(&self) -> String {
        match &self.inside {
            Some(inside) => format!("{}: {inside}", self.message),
            None => self.message.clone(),
        }
    }

    /// For anybody: message and remedy.
    pub(super) fn public(&self) -> String {
        with_remedy(&self.message, self.remedy.as_deref())
    }

    /// Every problem of rejected bytes on its own.
    pub(super) fn list(rejected: &Rejected, origin: &Origin) -> Vec<Self> {
        let file = match origin {
            Origin::Builtin => None,
            Origin::File(path) => Some(path.clone()),
        };
        let refusal = |about, message: String, remedy| Self {
            about,
            file: file.clone(),
            message,
            inside: None,
            remedy,
        };
        let Rejected::Configure(faults) = rejected else {
            let about = match rejected {
                Rejected::Pin { .. } | Rejected::Unpinned { .. } => About::Pin,
                _ => About::Component,
            };
            return vec![refusal(about, rejected.to_string(), rejected.remedy())];
        };
        let each = faults.iter().flat_map(|(options, fault)| {
            let about = About::Options(options.clone());
            match fault {
                Fault::Options { problems, .. } => problems
                    .iter()
                    .map(|said| {
                        let (message, remedy) = parted(said);
                        refusal(about.clone(), message, remedy)
                    })
                    .collect(),
                fault => {
                    let remedy = "mend the component, or the options that it was given";
                    let message = format!("it {}", fault.what());
                    let told = refusal(about, message, Some(remedy.to_owned()));
                    vec![Self {
                        inside: fault.inside(),
                        ..told
                    }]
                }
            }
        });
        each.collect()
    }
}

/// A guest says problem and remedy in one sentence, parted by a semicolon. One inside quotes is
/// part of what it quotes.
fn parted(said: &str) -> (String, Option<String>) {
    match said.rsplit_once("; ") {
        Some((message, remedy)) if !remedy.contains('"') => {
            (message.to_owned(), Some(remedy.to_owned()))
        }
        _ => (said.to_owned(), None),
    }
}

fn with_remedy(message: &str, remedy: Option<&str>) -> String {
    match remedy {
        Some(remedy) => format!("{message}; {remedy}"),
        None => message.to_owned(),
    }
}

impl fmt::Display for Refusal {
    /// Where in the guest it was comes last, in lines of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.whole();
        let (first, rest) = whole.split_at(whole.find('\n').unwrap_or(whole.len()));
        write!(f, "{}{rest}", with_remedy(first, self.remedy.as_deref()))
    }
}

/// All in one line, for log and status.
pub(super) fn told(refusals: &[Refusal]) -> String {
    let texts: Vec<_> = refusals.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_comes_before_the_functions_that_a_guest_was_in() {
        let refusal = Refusal::of_file("it trapped", "mend it").with_inside("oops\n  in a\n  in b");
        assert_eq!(
            refusal.to_string(),
            "it trapped: oops; mend it\n  in a\n  in b"
        );
    }

    #[test]
    fn every_problem_of_every_options_is_told_on_its_own_with_its_remedy() {
        let options = |text: &'static str| Bytes::from_static(text.as_bytes());
        let fault = Fault::Options {
            name: "x".to_owned(),
            problems: vec![
                "options.pth: no such option; did you mean `path`?".to_owned(),
                "options.stop: \"a; b\" does not fit".to_owned(),
            ],
        };
        let trap = Fault::Start {
            name: "x".to_owned(),
            why: "no room".to_owned(),
        };
        let rejected = Rejected::Configure(vec![(options("{1}"), fault), (options("{2}"), trap)]);
        let list = Refusal::list(&rejected, &Origin::File("/x.wasm".into()));
        let about: Vec<_> = list.iter().map(|one| one.about.clone()).collect();
        let (first, second) = (options("{1}"), options("{2}"));
        let expected = [first.clone(), first, second].map(About::Options);
        assert_eq!(about, expected);
        assert_eq!(list[0].message, "options.pth: no such option");
        assert_eq!(list[0].remedy.as_deref(), Some("did you mean `path`?"));
        assert_eq!(list[1].message, "options.stop: \"a; b\" does not fit");
        assert_eq!(list[1].remedy, None);
        assert_eq!(list[2].message, "it cannot be started");
        assert_eq!(list[2].inside.as_deref(), Some("no room"));
        assert!(list[2].remedy.is_some());
        assert!(!list[2].public().contains("no room") && list[2].to_string().contains("no room"));
    }
}
