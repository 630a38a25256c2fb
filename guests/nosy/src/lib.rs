//! A transformer for tests: it asks for everything that is no business of a transformer, and answers
//! with what it learned, a sentence each.

#[cfg(target_family = "wasm")]
mod component;

use sdk::events::StopReason;
use sdk::{Context, Draft, Exchange, Failure, Manifest, Plan, Transformer};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, io};

sdk::options! {
    /// What it does beside looking around.
    pub struct Nosy {
        /// Connect to this address.
        pub connect: String = String::new(),
        /// Wait for this many seconds.
        pub wait: u64 = 0,
        /// Print this many lines.
        pub print: u64 = 0,
    }
}

/// One exchange.
pub struct Look {
    nosy: Nosy,
    context: Context,
}

impl Transformer for Nosy {
    type Options = Nosy;
    type Exchange = Look;

    fn configure(options: Nosy) -> Result<(Self, Manifest), Vec<String>> {
        let manifest = sdk::manifest("nosy", env!("CARGO_PKG_VERSION"));
        Ok((options, manifest))
    }

    fn exchange(&self, context: Context) -> Look {
        let nosy = self.clone();
        Look { nosy, context }
    }
}

impl Exchange for Look {
    fn request(&mut self, _: Draft, _: Vec<u8>) -> Result<Plan, Failure> {
        let mut learned = learned();
        if self.nosy.wait > 0 {
            std::thread::sleep(Duration::from_secs(self.nosy.wait));
            learned.push("waited".to_owned());
        }
        for line in 0..self.nosy.print {
            #[expect(
                clippy::print_stderr,
                reason = "what becomes of standard error is what is looked at"
            )]
            {
                eprintln!("a line of forty characters, the {line:>6}th");
            }
        }
        if self.nosy.print > 0 {
            learned.push("printed".to_owned());
        }
        if !self.nosy.connect.is_empty() {
            learned.push(told("connected", TcpStream::connect(&self.nosy.connect)));
        }
        let text = learned.join("\n");
        Ok(Plan::Answer(sdk::message(
            &self.context,
            &text,
            StopReason::EndTurn,
        )))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "asking for what a guest does not get is what it is for"
)]
fn learned() -> Vec<String> {
    let began = Instant::now();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let mut input = Vec::new();
    let folder = |path: &str| fs::read_dir(path).map(Iterator::count);
    vec![
        format!("time: {} s", now.map_or(0, |now| now.as_secs())),
        format!("elapsed: {} ns", began.elapsed().as_nanos()),
        format!("variables: {}", env::vars().count()),
        format!("arguments: {}", env::args().count()),
        told("input", io::stdin().read_to_end(&mut input)),
        told("folder /", folder("/")),
        told("folder .", folder(".")),
        told("file", fs::read("/etc/hostname").map(|bytes| bytes.len())),
        told("written", fs::write("/tmp/nosy", "x")),
        format!("random: {:016x}", RandomState::new().hash_one(0)),
    ]
}

fn told<T: std::fmt::Debug>(what: &str, outcome: io::Result<T>) -> String {
    match outcome {
        Ok(got) => format!("{what}: {got:?}"),
        Err(_) => format!("{what}: none"),
    }
}
