//! The versions of `transom:transformer` that this host serves, side by side.
//!
//! Each version is a module with its generated bindings and the same few functions in the host's
//! own terms, which are the newest version's types ([`super::bindings`]). What an older version lacks
//! is settled in its module: nothing outside of here knows that there is more than one. The choice
//! is an enum, so that a call of a guest costs neither a box nor a pointer to a function.

#[cfg(test)]
mod draft;
pub(super) mod v0_1;

use wasmtime::Store;
use wasmtime::component::{InstancePre, Linker};

use super::bindings::{
    Context, Draft, Ending, Failure, Head, Manifest, Output, Plan, Pushed, Verdict,
};
use super::state::State;

/// The newest released version.
pub const WIT_VERSION: &str = v0_1::VERSION;

/// What a component exports, up to its version.
const EXPORT: &str = "transom:transformer/transformer@";

/// A version that this host serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V0_1,
    #[cfg(test)]
    Draft,
}

/// The oldest first.
const SERVED: &[Version] = &[
    Version::V0_1,
    #[cfg(test)]
    Version::Draft,
];

/// What the exports of a component say about its version.
pub(super) enum Exported {
    /// This one, named so by the component.
    Served(Version, String),
    /// Only one that is not served.
    Unknown(String),
    /// No transformer at all.
    Nothing,
}

impl Version {
    /// The newest one that a component exports and this host serves.
    pub(super) fn exported(exports: &[String]) -> Exported {
        let names = || exports.iter().filter_map(|name| name.strip_prefix(EXPORT));
        let served = SERVED.iter().rev().find_map(|version| {
            let found = names().find(|name| compatible(name, version.name()))?;
            Some(Exported::Served(*version, found.to_owned()))
        });
        served
            .or_else(|| {
                names()
                    .next()
                    .map(|name| Exported::Unknown(name.to_owned()))
            })
            .unwrap_or(Exported::Nothing)
    }

    fn name(self) -> &'static str {
        match self {
            Self::V0_1 => v0_1::VERSION,
            #[cfg(test)]
            Self::Draft => draft::VERSION,
        }
    }

    /// Checks the types of what the component exports.
    pub(super) fn prepare(self, pre: InstancePre<State>) -> wasmtime::Result<Prepared> {
        Ok(match self {
            Self::V0_1 => Prepared::V0_1(v0_1::Prepared::new(pre)?),
            #[cfg(test)]
            Self::Draft => Prepared::Draft(draft::Prepared::new(pre)?),
        })
    }
}

/// For messages: `@0.1.0`, or `@0.1.0 and @0.2.0`.
pub(super) fn served() -> String {
    let names: Vec<_> = SERVED
        .iter()
        .map(|one| format!("@{}", one.name()))
        .collect();
    names.join(" and ")
}

/// Before 1.0 a change of the minor number breaks.
fn compatible(version: &str, served: &str) -> bool {
    let minor = |text: &str| text.rsplit_once('.').map(|(minor, _)| minor.to_owned());
    minor(version).is_some() && minor(version) == minor(served)
}

/// Offers the imports of every version to the components of each: a name has its version in it.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    #[cfg(test)]
    draft::link(linker)?;
    v0_1::link(linker)
}

/// A component whose types were checked, ready to be instantiated.
pub(super) enum Prepared {
    V0_1(v0_1::Prepared),
    #[cfg(test)]
    Draft(draft::Prepared),
}

impl Prepared {
    pub(super) async fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Guest> {
        Ok(match self {
            Self::V0_1(prepared) => Guest::V0_1(prepared.instantiate(store).await?),
            #[cfg(test)]
            Self::Draft(prepared) => Guest::Draft(prepared.instantiate(store).await?),
        })
    }
}

/// An instance, called in the host's terms.
pub(super) enum Guest {
    V0_1(v0_1::Live),
    #[cfg(test)]
    Draft(draft::Live),
}

/// The same call of whichever version the guest is of.
macro_rules! of_each {
    ($guest:expr, $live:ident => $call:expr) => {
        match $guest {
            Guest::V0_1($live) => $call.await,
            #[cfg(test)]
            Guest::Draft($live) => $call.await,
        }
    };
}

/// What a call of a guest gives: wasmtime's error is a trap.
type Called<T> = wasmtime::Result<T>;

/// Each function is documented in the WIT.
impl Guest {
    pub(super) async fn configure(
        &self,
        store: &mut Store<State>,
        options: &[u8],
    ) -> Called<Result<Manifest, Vec<String>>> {
        of_each!(self, live => live.configure(store, options))
    }

    pub(super) async fn construct(
        &mut self,
        store: &mut Store<State>,
        context: &Context,
    ) -> Called<()> {
        of_each!(self, live => live.construct(store, context))
    }

    pub(super) async fn request(
        &self,
        store: &mut Store<State>,
        so_far: &Draft,
        body: &[u8],
    ) -> Called<Result<Plan, Failure>> {
        of_each!(self, live => live.request(store, so_far, body))
    }

    pub(super) async fn respond(
        &self,
        store: &mut Store<State>,
        head: &Head,
        body: &[u8],
    ) -> Called<Result<Output, Failure>> {
        of_each!(self, live => live.respond(store, head, body))
    }

    pub(super) async fn explain(
        &self,
        store: &mut Store<State>,
        head: &Head,
        body: &[u8],
    ) -> Called<Verdict> {
        of_each!(self, live => live.explain(store, head, body))
    }

    pub(super) async fn begin(
        &self,
        store: &mut Store<State>,
        head: &Head,
    ) -> Called<Result<(), Failure>> {
        of_each!(self, live => live.begin(store, head))
    }

    pub(super) async fn push(
        &self,
        store: &mut Store<State>,
        frames: &[u8],
        spliced: u32,
    ) -> Called<Pushed> {
        of_each!(self, live => live.push(store, frames, spliced))
    }

    pub(super) async fn wake(&self, store: &mut Store<State>) -> Called<Pushed> {
        of_each!(self, live => live.wake(store))
    }

    pub(super) async fn finish(&self, store: &mut Store<State>, ending: &Ending) -> Called<Pushed> {
        of_each!(self, live => live.finish(store, ending))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(versions: &[&str]) -> Exported {
        let exports: Vec<_> = versions
            .iter()
            .map(|one| format!("{EXPORT}{one}"))
            .collect();
        Version::exported(&exports)
    }

    #[test]
    fn a_patch_release_of_the_interface_is_compatible_and_a_minor_one_is_not() {
        assert!(compatible("0.1.0", "0.1.0"));
        assert!(compatible("0.1.7", "0.1.0"));
        assert!(!compatible("0.2.0", "0.1.0"));
        assert!(!compatible("1.1.0", "0.1.0"));
        assert!(!compatible("x", "0.1.0"));
    }

    #[test]
    fn the_newest_version_that_is_served_is_chosen_among_those_that_a_component_exports() {
        let chosen = |versions: &[&str]| match exported(versions) {
            Exported::Served(version, name) => format!("{version:?} {name}"),
            Exported::Unknown(name) => format!("unknown {name}"),
            Exported::Nothing => "nothing".to_owned(),
        };
        assert_eq!(chosen(&["0.1.3"]), "V0_1 0.1.3");
        assert_eq!(chosen(&["0.1.0", "0.2.0"]), "Draft 0.2.0");
        assert_eq!(chosen(&["0.9.0", "0.1.0"]), "V0_1 0.1.0");
        assert_eq!(chosen(&["0.9.0"]), "unknown 0.9.0");
        assert_eq!(chosen(&[]), "nothing");
        assert_eq!(served(), "@0.1.0 and @0.2.0");
    }
}
