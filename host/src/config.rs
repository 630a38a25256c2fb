//! The configuration: what it says, valid by construction.
//!
//! Reading has three steps with a type each: JSON5 text with positions (`text`), settings with
//! every problem collected (`read`), and [`Config`], which the rest of the host uses. Nothing
//! here knows HTTP or WebAssembly; whether a transformer exists is the registry's to say.
//!
//! Nothing here reads the process environment either: whoever asks passes it as an [`Env`].

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::telemetry::files::Bounds;

pub use crate::catalog::Price;
pub use env_file::{private_file, set_variable, variables};
pub use environment::{let_go, let_go_of, overriding, process_env};
pub use glimpse::{Glimpse, Named, Spot};
pub use import::{Imported, Importing, LiteralKeys, variable_of};
pub use load::{Examined, Loaded};
pub use nearest::nearest;
pub use paths::Paths;
pub use pin::{NotWritten, with_pin, with_setting};
pub use problem::{Problem, Problems};
pub use routing::{Change, Effort, Pattern, Project, Router, Rule, Target, When};
pub use secret::Secret;

mod ccr;
mod env_file;
mod environment;
mod glimpse;
mod import;
mod interpolate;
mod load;
mod lookup;
mod nearest;
mod paths;
mod pin;
mod problem;
mod read;
pub(crate) mod reader;
mod routing;
mod secret;
pub(crate) mod text;
mod write;

/// Gives the value of an environment variable.
pub type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Where to listen unless told otherwise.
pub const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 3456);

/// How many different requests a new generation may trap on unless told otherwise.
const DEFAULT_ROLLBACK_AFTER: usize = 3;

/// Everything a configuration file can say, defaults filled in.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it came from; none for the embedded `demo` configuration.
    pub path: Option<PathBuf>,
    /// Where to listen. Another address than loopback needs `api_key`.
    pub listen: SocketAddr,
    /// What clients must present, if anything.
    pub api_key: Option<Secret>,
    /// Host and Origin names accepted beside the loopback ones.
    pub allowed_hosts: Vec<String>,
    /// Which component files may run.
    pub trust: Trust,
    /// Transformer name to sha256 (64 lower-case hex digits) of the only bytes accepted for it.
    pub pins: BTreeMap<String, String>,
    /// In the order of the file.
    pub providers: Vec<Provider>,
    /// Which provider and model a request goes to.
    pub router: Router,
    /// Bare model names of clients to targets.
    pub aliases: BTreeMap<String, Target>,
    /// Routes that stand in place of `router` in a project, in the order of the file.
    pub projects: Vec<Project>,
    /// Routes that stand in place of `router` and of the project's, by the client's session id.
    pub conversations: BTreeMap<String, Router>,
    /// What a guest and a request may use.
    pub limits: Limits,
    /// How long to wait for an upstream.
    pub timeouts: Timeouts,
    /// When the same provider is asked again.
    pub retries: Retries,
    /// What is done about a provider's quota.
    pub pacing: Pacing,
    /// What is kept of the last exchanges.
    pub recorder: RecorderSettings,
    /// A new generation of a transformer that traps on so many different requests among its first is
    /// taken back; 0: never.
    pub rollback_after: usize,
    /// What the client is told when an upstream's stream breaks.
    pub on_broken: OnBroken,
    /// What is logged.
    pub log: Log,
    /// What stands in the client's system prompt in place of its own; none: the client's own.
    pub system_prompt: Option<SystemPrompt>,
    /// How providers are reached.
    pub proxy: Proxy,
    /// What Claude Code is started with.
    pub code: Code,
    /// What `transom statusline` shows; none: its own choice.
    pub statusline: Option<Vec<Module>>,
    /// Files that say what it says, beside its own: those with variables, the stronger first, then that of
    /// `system_prompt`. They need not exist.
    pub other_files: Vec<PathBuf>,
    /// Of the files that were read.
    digest: Option<u64>,
}

/// Which component files may run. Built-in components always may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trust {
    /// Any component in the transformers folder; a pin that exists is still enforced.
    #[default]
    Any,
    /// Only components whose sha256 stands in `pins`.
    Pinned,
}

impl Trust {
    /// As the configuration writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Pinned => "pinned",
        }
    }
}

/// An account at a model provider.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Without a comma; unique without regard to case.
    pub name: String,
    /// Scheme, host and base path; no query, no trailing slash.
    pub base_url: Url,
    /// The key that the host presents.
    pub key: Key,
    /// Models that are known to be served; others can still be asked for as `provider,model`.
    pub models: Vec<Model>,
    /// Whose models they are, for the catalog; none: it knows nothing of them.
    pub vendor: Option<&'static str>,
    /// How requests and answers are converted.
    pub transformer: Transformer,
    /// How the key is presented; none: as the transformer's manifest says, else as bearer.
    pub auth: Option<Auth>,
}

/// The state of a provider's key.
#[derive(Debug, Clone)]
pub enum Key {
    /// Present: one or several, in the order of the file, each once.
    Set(Vec<Secret>),
    /// A variable named in `api_key` is not set: the provider cannot be used.
    Missing {
        /// The variable's name.
        variable: String,
    },
    /// The provider has no `api_key`: nothing is presented (a server of one's own).
    Absent,
}

/// A model of a provider: what the configuration says of it, and the catalog where that is silent.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// As the provider names it.
    pub id: String,
    /// In tokens.
    pub context_window: Option<u32>,
    /// In tokens.
    pub max_output: Option<u32>,
    /// It takes images; none: not known.
    pub vision: Option<bool>,
    /// It can think before it answers; none: not known.
    pub reasoning: Option<bool>,
    /// What it costs, if that is known.
    pub price: Option<Price>,
    /// The day since when its provider no longer has it, if it is known to be gone.
    pub retired: Option<&'static str>,
}

/// Words that take the place of the beginning of the client's system prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemPrompt {
    /// Where they stand. Absolute, or below the configuration's folder.
    pub file: PathBuf,
    /// Of a system text that holds this, all before the last place where it does is replaced.
    pub before: String,
    /// What the file holds.
    pub text: String,
}

/// How providers are reached.
#[derive(Debug, Clone, Default)]
pub struct Proxy {
    /// None: as the environment says.
    pub url: Option<Secret>,
    /// Hosts that are reached without it; a name also stands for what is below it.
    pub no_proxy: Vec<String>,
}

/// What `transom code` and `transom activate` do with Claude Code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Code {
    /// The program; none: `claude`.
    pub path: Option<String>,
    /// What it waits for an answer; none: ten minutes.
    pub timeout: Option<Duration>,
    /// It is told that nobody sits before it.
    pub non_interactive: bool,
    /// Its model for small things.
    pub small_fast_model: Option<String>,
}

/// One part of the status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Before the text.
    pub icon: String,
    /// With `{{workDirName}}` and the like in it.
    pub text: String,
    /// A name such as `bright_blue`, or `#rrggbb`.
    pub color: Option<String>,
    /// The same.
    pub background: Option<String>,
}

/// How a provider's format is converted.
#[derive(Debug, Clone)]
pub enum Transformer {
    /// `"anthropic"`: the provider speaks the Messages API; bytes pass untouched.
    Passthrough,
    /// Components, left = client side. Never empty.
    Chain(Vec<Stage>),
}

/// One component of a chain.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The component's name: a file `NAME.wasm` or a built-in.
    pub name: String,
    /// Its options, a JSON object as text.
    pub options: bytes::Bytes,
}

/// How a key is presented to an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// `authorization: Bearer KEY`
    Bearer,
    /// `KEY` as the value of this header, in lower case (`x-api-key` among them).
    Header(String),
    /// The first line that this command prints is presented as bearer.
    Command(Vec<String>),
}

/// What a guest and a request may use. Sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Of a client's request body.
    pub request_body: usize,
    /// Of a whole (not framed) upstream body.
    pub response_body: usize,
    /// Linear memory of one instance.
    pub memory: usize,
    /// Instances alive at once, all stages of all exchanges together.
    pub instances: usize,
    /// A guest's own time for `configure`.
    pub configure: Duration,
    /// A guest's own time for `request`, `respond` and `explain`.
    pub request: Duration,
    /// A guest's own time for `push`, `wake`, `begin` and `finish`.
    pub push: Duration,
    /// Wall-clock time of any guest call, whatever it does.
    pub call_wall: Duration,
    /// Output of one push.
    pub push_output: usize,
    /// One frame of an upstream's stream.
    pub frame: usize,
    /// One line a guest logs.
    pub log_line: usize,
    /// Lines a guest may log in one exchange.
    pub log_lines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_body: 32 << 20,
            response_body: 32 << 20,
            memory: 256 << 20,
            instances: 256,
            configure: Duration::from_millis(500),
            request: Duration::from_secs(1),
            push: Duration::from_millis(100),
            call_wall: Duration::from_secs(10),
            push_output: 8 << 20,
            frame: 8 << 20,
            log_line: 8 << 10,
            log_lines: 200,
        }
    }
}

/// How long to wait for an upstream, and for a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For the status line after the request was sent. Reasoning models can take minutes.
    pub headers: Duration,
    /// For the status line of a stream while another target is left to try; a whole answer gets three
    /// times as long, because its status line comes when all of it is there.
    pub before_fallback: Duration,
    /// Between two reads of the body.
    pub idle: Duration,
    /// How long response headers are held for a first event after the upstream's 2xx.
    pub hold: Duration,
    /// Downstream silence after which a `ping` is sent.
    pub ping: Duration,
    /// How long a client may take nothing of what is to be written to it.
    pub client: Duration,
    /// How long running exchanges may take after a termination signal.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            headers: Duration::from_mins(10),
            before_fallback: Duration::from_secs(20),
            idle: Duration::from_mins(5),
            hold: Duration::from_secs(10),
            ping: Duration::from_secs(10),
            client: Duration::from_mins(10),
            drain: Duration::from_secs(30),
        }
    }
}

/// When the same provider is asked again for a request whose answer has not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// The most retries of a request; 0: none.
    pub attempts: u32,
    /// After the first failure no retry begins later than this.
    pub within: Duration,
    /// A provider that asks for a longer wait is not waited for.
    pub longest_wait: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts: 2,
            within: Duration::from_secs(10),
            longest_wait: Duration::from_secs(5),
        }
    }
}

/// What is done about a provider's quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    /// A request that the quota does not take now is held if the quota is renewed within this time;
    /// zero: never.
    pub hold: Duration,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            hold: Duration::from_secs(5),
        }
    }
}

/// What is kept of the last exchanges, in memory only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecorderSettings {
    /// Whether exchanges are recorded. None: not unless the running service is asked to.
    pub on: Option<bool>,
    /// The most exchanges.
    pub exchanges: usize,
    /// The most bytes of their bodies, all together.
    pub bytes: usize,
    /// A new generation that differs on a recorded exchange does not go live.
    pub block_on_diff: bool,
    /// What else is taken out of exchanges that are written as fixtures.
    pub redact: Vec<Redaction>,
}

/// A rule of one's own for what a fixture must not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    /// A regular expression that can be compiled.
    pub pattern: String,
    /// What stands in its place; `$1` is the first group.
    pub with: String,
}

impl Default for RecorderSettings {
    fn default() -> Self {
        Self {
            on: None,
            exchanges: 20,
            bytes: 16 << 20,
            block_on_diff: false,
            redact: Vec::new(),
        }
    }
}

/// What the client is told when an upstream's stream breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBroken {
    /// The connection is aborted, as the upstream's was. Claude Code then asks for the stream again.
    #[default]
    Cut,
    /// An `error` event, then a proper end. Claude Code then asks without streaming.
    Error,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// One JSON object a line instead of text, on standard error. Log files are always JSON.
    pub json: bool,
    /// Log files are written.
    pub files: bool,
    /// What they may take.
    pub bounds: Bounds,
    /// The bodies of exchanges go into them, cleaned: of each the most bytes. None: they do not.
    pub bodies: Option<usize>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            json: false,
            files: true,
            bounds: Bounds {
                file: 8 << 20,
                total: 64 << 20,
                days: 14,
            },
            bodies: None,
        }
    }
}

#[cfg(test)]
mod tests;
