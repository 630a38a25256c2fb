//! The command line. Each command is a module; this one only says what there is and what the exit code is.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

pub mod activate;
mod background;
pub mod check;
pub mod code;
mod commands;
mod config;
mod demo;
mod doctor;
mod guest;
mod key;
mod listeners;
mod logs;
mod model;
mod models;
mod prompt;
mod recordings;
mod rewrite;
mod route;
mod serve;
mod service;
mod status;
mod statusline;
mod term;

/// Exit code for wrong usage or configuration.
const USAGE: u8 = 2;

const AFTER_HELP: &str = "\
Environment:
  TRANSOM_CONFIG  Configuration file, unless --config names one
  TRANSOM_LOG     What is logged, such as debug or warn,transom::relay=trace
  CLAUDE_PATH     The program that `transom code` runs [default: claude]

Exit codes: 0 success, 1 failure, 2 wrong usage or configuration; `code` ends as claude does";

#[derive(Parser)]
#[command(name = "transom", version, about, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve in the foreground
    Serve(ServeArgs),
    /// Start the service in the background; running already is fine
    Start(StartArgs),
    /// Stop the service, after the exchanges that run
    Stop(StopArgs),
    /// Replace the running service by a new process, without a request lost
    Restart(RestartArgs),
    /// Whether the service runs, and what runs in it
    Status(StatusArgs),
    /// Show the log of the service
    Logs(LogsArgs),
    /// Run Claude Code through transom: arguments go to `claude` untouched
    Code(CodeArgs),
    /// Print the environment that makes Claude Code use transom, for `eval`
    #[command(visible_alias = "env")]
    Activate(ActivateArgs),
    /// Check the configuration: providers, keys, transformers, contradictions
    Check(CheckArgs),
    /// Show where a request would go, and why
    Route(route::RouteArgs),
    /// Show a transformer being swapped while a stream runs, on an embedded upstream
    Demo,
    /// Look at and test transformers
    #[command(subcommand)]
    Guest(guest::Command),
    /// Write a first configuration, print its schema, import claude-code-router's
    #[command(subcommand)]
    Config(config::Command),
    /// Keep keys, which a running service takes up at once
    #[command(subcommand)]
    Key(key::Command),
    /// Show which model each route leads to, or choose another
    Model(model::ModelArgs),
    /// Show what is configured and known of it: windows, prices, what is retired
    Models(models::ModelsArgs),
    /// Check everything around, with a small live request to each provider; a report to be pasted
    Doctor(doctor::DoctorArgs),
    /// Print one line for Claude Code's `statusLine.command`, from the JSON on standard input
    Statusline,
    /// Print the completions of a shell
    Completions {
        /// Whose syntax to print
        #[arg(value_enum)]
        shell: activate::Shell,
    },
}

/// Where configuration and components are.
#[derive(Args, Clone, Default)]
struct Places {
    /// Configuration file [default: $TRANSOM_CONFIG, else ~/.config/transom/config.json5]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of component files [default: ~/.local/share/transom/transformers]
    #[arg(long, value_name = "DIR")]
    transformers: Option<PathBuf>,
}

#[derive(Args)]
struct ServeArgs {
    #[command(flatten)]
    places: Places,
    /// Address to listen on, instead of the configuration's; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Keep the last exchanges in memory, for `guest record` and `guest trace`
    #[arg(long)]
    record: bool,
    /// Started by `transom start`: leave the terminal
    #[arg(long, hide = true)]
    background: bool,
    /// Started by `transom restart`: take the listener of the service at this address
    #[arg(long, hide = true, value_name = "ADDR")]
    takes_over: Option<SocketAddr>,
}

#[derive(Args)]
struct StartArgs {
    #[command(flatten)]
    places: Places,
    /// Address to listen on, instead of the configuration's; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Keep the last exchanges in memory, for `guest record` and `guest trace`
    #[arg(long)]
    record: bool,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct StopArgs {
    #[command(flatten)]
    places: Places,
    /// Address of the service, instead of the configuration's
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Do not wait for exchanges that run
    #[arg(long)]
    now: bool,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct RestartArgs {
    #[command(flatten)]
    places: Places,
    /// Address of the service, instead of the configuration's
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct StatusArgs {
    #[command(flatten)]
    places: Places,
    /// Address of the service, instead of the configuration's
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Print JSON for a program, as /api/status has it
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct LogsArgs {
    /// Go on as lines are written
    #[arg(short, long)]
    follow: bool,
    /// The last so many lines
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 50)]
    lines: usize,
    /// Only lines of this level and more serious ones
    #[arg(long, value_enum)]
    level: Option<logs::Level>,
    /// Only lines of one exchange, by its request-id
    #[arg(long, value_name = "ID")]
    exchange: Option<String>,
    /// Print lines as they are in the files, one JSON object each
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct CodeArgs {
    /// For `claude`; put -- before options
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    args: Vec<OsString>,
}

#[derive(Args)]
struct ActivateArgs {
    /// Configuration file [default: $TRANSOM_CONFIG, else ~/.config/transom/config.json5]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Whose syntax to print [default: that of $SHELL]
    #[arg(long, value_enum)]
    shell: Option<activate::Shell>,
}

#[derive(Args)]
struct CheckArgs {
    #[command(flatten)]
    places: Places,
    /// Print JSON for a program
    #[arg(long)]
    json: bool,
}

/// Parses the command line and runs it.
///
/// Exit codes: 0, 1 for a failure, 2 for wrong usage or configuration.
pub fn run() -> ExitCode {
    keep_keys_out_of_core_dumps();
    // Every client for https wants one, and panics without.
    drop(rustls::crypto::ring::default_provider().install_default());
    let result = match Cli::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Start(args) => background::start(&args),
        Command::Stop(args) => background::stop(&args),
        Command::Restart(args) => background::restart(&args),
        Command::Status(args) => status::run(&args),
        Command::Logs(args) => logs::run(&args),
        Command::Demo => demo::run(),
        Command::Guest(command) => guest::run(command),
        Command::Code(args) => commands::code(&args.args),
        Command::Activate(args) => commands::activate(&args),
        Command::Check(args) => commands::check(&args),
        Command::Config(command) => config::run(command),
        Command::Key(command) => key::run(&command),
        Command::Model(args) => model::run(args),
        Command::Models(args) => models::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Statusline => statusline::run(),
        Command::Completions { shell } => {
            completions(shell);
            Ok(ExitCode::SUCCESS)
        }
        Command::Route(args) => route::run(&args),
    };
    crate::telemetry::flush();
    match result {
        Ok(code) if code == ExitCode::SUCCESS && term::lost() => ExitCode::FAILURE,
        Ok(code) => code,
        Err(error) => {
            term::fail(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn keep_keys_out_of_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Too little for a file. A program that collects dumps (apport, systemd-coredump) is given them whatever
    // the limit is, but for this one: the kernel's do_coredump() takes it for a wish to have none. Lowering a
    // limit of one's own is always allowed; if it fails the process is as it was.
    let byte = Some(1);
    let _ = setrlimit(
        Resource::Core,
        Rlimit {
            current: byte,
            maximum: byte,
        },
    );
}

fn completions(shell: activate::Shell) {
    use clap_complete::Shell;
    let shell = match shell {
        activate::Shell::Bash => Shell::Bash,
        activate::Shell::Zsh => Shell::Zsh,
        activate::Shell::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "transom", &mut script);
    term::show(&String::from_utf8_lossy(&script));
}

/// A runtime for commands that need one.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}
