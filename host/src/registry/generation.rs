//! One version of a transformer: its component, where it came from and how it did so far.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

use super::probation::Probation;
use crate::config::Limits;
use crate::wasm::{Component, Counters, Fault, Instance, Opening, Rejected};

/// Where a component's bytes came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Embedded in the binary.
    Builtin,
    /// A file of the transformers folder.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin => f.write_str("builtin"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// A version of a transformer. Exchanges pin it; its memory goes with the last of them.
pub struct Generation {
    /// Compiled and checked.
    pub component: Arc<Component>,
    /// Counts from 1 for each transformer.
    pub number: u64,
    /// Where it came from.
    pub origin: Origin,
    /// What it has to say to the person who runs transom.
    pub notices: Vec<String>,
    /// When it went live.
    pub loaded_at: SystemTime,
    /// Exchanges that pinned it.
    pub calls: AtomicU64,
    /// Exchanges that it ended by a fault.
    pub traps: AtomicU64,
    /// Of one that replaced another; none where there is nothing to go back to.
    probation: Option<Probation>,
    last_fault: Mutex<Option<Fault>>,
}

impl Generation {
    pub(super) fn new(built: Built, number: u64, origin: Origin) -> Self {
        Self {
            component: Arc::new(built.component),
            number,
            origin,
            notices: built.notices,
            loaded_at: SystemTime::now(),
            calls: AtomicU64::new(0),
            traps: AtomicU64::new(0),
            probation: None,
            last_fault: Mutex::default(),
        }
    }

    /// Its first exchanges decide whether it stays.
    pub(super) fn on_probation(self, probation: Probation) -> Self {
        Self {
            probation: Some(probation),
            ..self
        }
    }

    /// The same version beside the one that serves: what it does is not counted there.
    pub(crate) fn apart(&self) -> Arc<Self> {
        Arc::new(Self {
            component: self.component.clone(),
            number: self.number,
            origin: self.origin.clone(),
            loaded_at: self.loaded_at,
            calls: AtomicU64::default(),
            traps: AtomicU64::default(),
            probation: None,
            last_fault: Mutex::default(),
            notices: self.notices.clone(),
        })
    }

    /// A generation that no registry knows, for component tests.
    pub(crate) fn for_tests(component: Component) -> Self {
        let notices = Vec::new();
        Self::new(Built { component, notices }, 1, Origin::Builtin)
    }

    /// The first 8 digits of the sha256.
    pub fn short_sha(&self) -> &str {
        self.component.sha256.get(..8).unwrap_or_default()
    }

    /// As `x-transom-transformer` names it: `cerebras@3 sha256:ab12cd34`.
    pub fn label(&self) -> String {
        format!(
            "{}@{} sha256:{}",
            self.component.name,
            self.number,
            self.short_sha()
        )
    }

    /// A file that stands before a built-in of the same name.
    pub fn shadows_builtin(&self) -> bool {
        self.origin != Origin::Builtin && super::builtin(&self.component.name).is_some()
    }

    /// An exchange pins it. True if what the exchange comes to is watched: it is among the first.
    pub(crate) fn enter(&self) -> bool {
        let before = self.calls.fetch_add(1, Ordering::Relaxed);
        self.probation.is_some() && before < Probation::EXCHANGES
    }

    /// Whether the next exchange will be watched.
    pub(crate) fn is_on_probation(&self) -> bool {
        self.probation.is_some() && self.calls.load(Ordering::Relaxed) < Probation::EXCHANGES
    }

    /// A fault ended an exchange. `body` tells the client's body from others, if it is watched.
    pub(crate) fn blame(&self, fault: &Fault, body: Option<u64>) {
        *self
            .last_fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(fault.clone());
        if !fault.is_trap() {
            return;
        }
        self.traps.fetch_add(1, Ordering::Relaxed);
        if let (Some(probation), Some(body)) = (&self.probation, body)
            && !fault.is_of_a_large_request()
        {
            probation.trapped(body);
        }
    }

    /// It trapped so often while it was new that the one before should serve.
    pub(super) fn is_condemned(&self) -> bool {
        self.probation.as_ref().is_some_and(Probation::is_over)
    }

    /// The newest fault, in one line.
    pub fn last_fault(&self) -> Option<String> {
        self.fault().as_ref().map(ToString::to_string)
    }

    /// The same, and below it where in the guest it was, if that is known.
    pub(crate) fn last_fault_with_place(&self) -> Option<String> {
        let fault = self.fault();
        let fault = fault.as_ref()?;
        let lines = std::iter::once(fault.to_string()).chain(fault.backtrace().iter().cloned());
        Some(lines.collect::<Vec<_>>().join("\n"))
    }

    fn fault(&self) -> std::sync::MutexGuard<'_, Option<Fault>> {
        self.last_fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A component that passed every check, not yet live.
pub(super) struct Built {
    pub(super) component: Component,
    pub(super) notices: Vec<String>,
}

/// Whether a component takes the options of each provider, as it is asked before it goes live.
///
/// Errors: every problem, in one line.
pub async fn smoke(
    component: &Arc<Component>,
    options: &BTreeSet<Bytes>,
    limits: &Arc<Limits>,
) -> Result<(), Rejected> {
    configure_all(component, options, limits).await.map(drop)
}

/// Instantiates a component and calls `configure` with each of the options: what it has to say,
/// or what each of the options that do not fit came to.
pub(super) async fn configure_all(
    component: &Arc<Component>,
    options: &BTreeSet<Bytes>,
    limits: &Arc<Limits>,
) -> Result<Vec<String>, Rejected> {
    let (mut notices, mut faults) = (Vec::new(), Vec::new());
    for options in options {
        let opening = Opening {
            component,
            options,
            limits,
            seed: 0,
            sink: Arc::new(|_| ()),
            counters: Arc::new(Counters::default()),
        };
        match Instance::open(opening).await {
            Ok(instance) => notices.extend(instance.manifest().notices.iter().cloned()),
            Err(fault) => faults.push((options.clone(), fault)),
        }
    }
    notices.sort();
    notices.dedup();
    if faults.is_empty() {
        Ok(notices)
    } else {
        Err(Rejected::Configure(faults))
    }
}
