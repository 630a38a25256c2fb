//! What a guest may import of WASI, and what stands behind it: nothing of this machine. The runtimes of
//! JavaScript and Python import clocks, random numbers, files and sockets whether a transformer uses them or
//! not, so these are there, and give the same in each run of an exchange.
//!
//! | import | behind it |
//! |---|---|
//! | `wasi:io` | streams and polling of what is below |
//! | `wasi:cli` | no arguments, no variables, no input; standard error is kept for the log |
//! | `wasi:clocks` | a clock that stands still at 1970; waiting is over at once |
//! | `wasi:random` | numbers that follow from the exchange's id |
//! | `wasi:filesystem` | no folder, so no file |
//! | `wasi:sockets` | each call traps |

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, Linker, Resource, ResourceType};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::p2::bindings::{cli, filesystem};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, Pollable, subscribe};

use super::state::State;

/// Beginnings of the names of what a guest may import, and in plain words what it gets.
const ALLOWED: [(&str, &str); 8] = [
    ("transom:transformer/", ""),
    ("transom:router/", ""),
    ("wasi:io/", ""),
    ("wasi:cli/", "no argument, no variable, no input"),
    (
        "wasi:clocks/",
        "a clock that stands still at 1970-01-01T00:00:00Z; waiting is over at once",
    ),
    (
        "wasi:random/",
        "random numbers that follow from the exchange's id: a replay gets the same",
    ),
    ("wasi:filesystem/", "a file system with no folder in it"),
    (NETWORK, "a network of which each call fails the exchange"),
];

/// Of which nothing is implemented.
const NETWORK: &str = "wasi:sockets/";

/// The most random bytes of one call.
const RANDOM_MOST: u64 = 1 << 20;

/// For messages: what a guest may import.
pub(super) const ALLOWED_WORDS: &str = "transom:transformer/host and, of WASI, io, cli, clocks, random, \
    filesystem and sockets, with nothing of this machine behind them";

/// Whether a guest may import this.
pub(super) fn is_allowed(import: &str) -> bool {
    ALLOWED.iter().any(|(start, _)| import.starts_with(start))
}

/// What these imports give a guest, in plain words.
pub(super) fn reach(imports: &[String]) -> Vec<&'static str> {
    let used = |start: &str| imports.iter().any(|import| import.starts_with(start));
    let given = ALLOWED
        .iter()
        .filter(|(start, words)| !words.is_empty() && used(start));
    given.map(|(_, words)| *words).collect()
}

/// Links what is the same for all components.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use wasmtime_wasi::cli::{WasiCli, WasiCliView};

    wasmtime_wasi_io::add_to_linker_async(linker)?;
    cli::environment::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::exit::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;

    wall_clock::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    monotonic_clock::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    random::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    insecure::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    insecure_seed::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    // The context has no folder opened, and there is no other way to a file.
    filesystem::preopens::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    filesystem::types::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)
}

/// Links what this component imports of the network: functions that fail.
pub(super) fn link_network(
    linker: &mut Linker<State>,
    component: &Component,
) -> wasmtime::Result<()> {
    let engine = component.engine();
    let ty = component.component_type();
    for (import, item) in ty.imports(engine) {
        let ComponentItem::ComponentInstance(interface) = item.ty else {
            continue;
        };
        if !import.starts_with(NETWORK) {
            continue;
        }
        let mut instance = linker.instance(import)?;
        for (name, item) in interface.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => {
                    let called = format!("{import}#{name}");
                    instance.func_new(name, move |_, _, _, _| {
                        Err(wasmtime::format_err!(
                            "it called {called}, but a transformer has no network"
                        ))
                    })?;
                }
                ComponentItem::Resource(_) => {
                    instance.resource(name, resource(name), |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// A socket, an address, a look-up: there is none.
struct Refused;

/// Interfaces of the network name resources of `wasi:io` again, which must be those of `wasi:io`.
fn resource(name: &str) -> ResourceType {
    match name {
        "pollable" => ResourceType::host::<DynPollable>(),
        "input-stream" => ResourceType::host::<DynInputStream>(),
        "output-stream" => ResourceType::host::<DynOutputStream>(),
        _ => ResourceType::host::<Refused>(),
    }
}

/// Numbers that follow from a seed (SplitMix64). They are not secret and need not be.
pub(super) struct Numbers {
    seed: u128,
    state: u64,
}

impl Numbers {
    pub(super) fn of(seed: u128) -> Self {
        Self {
            seed,
            state: (seed >> 64) as u64 ^ seed as u64,
        }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        if length > RANDOM_MOST {
            return Err(wasmtime::format_err!(
                "it asked for {length} random bytes at once: {RANDOM_MOST} are the most"
            ));
        }
        let length = length as usize;
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend(self.next().to_le_bytes());
        }
        bytes.truncate(length);
        Ok(bytes)
    }
}

impl random::Host for State {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.numbers.bytes(length)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.numbers.next())
    }
}

impl insecure::Host for State {
    fn get_insecure_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.numbers.bytes(length)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.numbers.next())
    }
}

// Rust's hash maps ask for it.
impl insecure_seed::Host for State {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        Ok((self.numbers.seed as u64, (self.numbers.seed >> 64) as u64))
    }
}

const STILL: wall_clock::Datetime = wall_clock::Datetime {
    seconds: 0,
    nanoseconds: 0,
};

impl wall_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        Ok(STILL)
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime {
            seconds: 1,
            ..STILL
        })
    }
}

/// Waiting for a time: it is there. A guest that waited would hold its instance and learn the time.
struct Over;

#[wasmtime_wasi::async_trait]
impl Pollable for Over {
    async fn ready(&mut self) {}
}

impl State {
    fn over(&mut self) -> wasmtime::Result<Resource<DynPollable>> {
        let table = self.ctx().table;
        let over = table.push(Over)?;
        subscribe(table, over)
    }
}

impl monotonic_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(0)
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1_000_000_000)
    }

    fn subscribe_instant(&mut self, _: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.over()
    }

    fn subscribe_duration(&mut self, _: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.over()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_from_the_seed_and_differ_between_seeds() {
        let bytes = |seed| Numbers::of(seed).bytes(1000).unwrap();
        assert_eq!(bytes(7), bytes(7));
        assert_ne!(bytes(7), bytes(8));
        assert_eq!(bytes(7).len(), 1000);
        assert!(Numbers::of(7).bytes(RANDOM_MOST + 1).is_err());
    }

    #[test]
    fn a_guest_that_drops_no_handle_gets_no_more_of_them() {
        let limits = crate::config::Limits::default();
        let mut state = State::new(&limits, 1 << 20, 7, std::sync::Arc::new(drop));
        let got = std::iter::repeat_with(|| state.over()).take_while(Result::is_ok);
        assert!((100..10_000).contains(&got.take(100_000).count()));
    }

    #[test]
    fn what_a_guest_can_reach_is_told_once_and_in_words() {
        let imports = [
            "wasi:io/streams@0.2.6",
            "wasi:clocks/wall-clock@0.2.6",
            "wasi:clocks/monotonic-clock@0.2.6",
        ];
        let said = reach(&imports.map(str::to_owned));
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("stands still"), "{said:?}");
        assert!(!is_allowed("wasi:http/outgoing-handler@0.2.6"));
    }
}
