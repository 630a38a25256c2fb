//! The variables of this process. Those that its user has replaced in the env file since it began do not count
//! any more: an environment cannot be changed from outside, and what was set last is what is meant.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use super::{Paths, env_file};

static LET_GO: RwLock<BTreeSet<String>> = RwLock::new(BTreeSet::new());

/// A variable of this process, unless it was let go of.
pub fn process_env(name: &str) -> Option<String> {
    let let_go = LET_GO.read().unwrap_or_else(PoisonError::into_inner);
    if let_go.contains(name) {
        return None;
    }
    std::env::var(name).ok()
}

/// The env file counts for this variable from now on. False: it did so before.
pub fn let_go(name: &str) -> bool {
    let counted = process_env(name).is_some_and(|value| !value.is_empty());
    if counted {
        let mut let_go = LET_GO.write().unwrap_or_else(PoisonError::into_inner);
        let_go.insert(name.to_owned());
    }
    counted
}

/// The variables that were let go of: a successor is not to inherit them.
pub fn let_go_of() -> Vec<String> {
    let let_go = LET_GO.read().unwrap_or_else(PoisonError::into_inner);
    let_go.iter().cloned().collect()
}

/// Variables of this process that are stronger than another value in the env file. Names only.
pub fn overriding() -> Vec<String> {
    let Some(paths) = Paths::of(&process_env) else {
        return Vec::new();
    };
    let (kept, _) = env_file::read(&paths.env);
    let mut names: Vec<String> = kept
        .into_iter()
        .filter(|(name, kept)| {
            let own = process_env(name).filter(|own| !own.is_empty());
            !kept.is_empty() && own.is_some_and(|own| own != *kept)
        })
        .map(|(name, _)| name)
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_let_go_of_is_not_seen_any_more() {
        // Nobody else asks for it in these tests.
        let name = "CARGO_PKG_DESCRIPTION";
        if std::env::var(name).is_ok_and(|value| !value.is_empty()) {
            assert!(let_go(name), "it counted");
        }
        assert!(!let_go(name), "it does not any more");
        assert!(!let_go("TRANSOM_NEVER_SET"));
        assert_eq!(process_env(name).filter(|value| !value.is_empty()), None);
    }
}
