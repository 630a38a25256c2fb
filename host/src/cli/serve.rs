//! `transom serve`: the host in the foreground.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Places, ServeArgs, USAGE, runtime, term};
use crate::app::{Running, Start, Unbound};
use crate::config::{Config, Loaded, Paths, Problem, Problems, process_env};
use crate::demo::Upstream;
use crate::telemetry;

mod announce;
mod life;
mod stop;
pub(super) mod unbound;

pub(super) use life::{absolute, place};

pub(super) fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    if args.background {
        leave_terminal();
    }
    runtime()?.block_on(serve(args))
}

async fn serve(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let loaded = match configuration(&args.places).await {
        Ok(loaded) => loaded,
        Err(problems) => {
            term::note(&problems.to_string());
            return Ok(ExitCode::from(USAGE));
        }
    };
    if args.background {
        telemetry::start_in_background(&loaded.config.log, log_folder());
    } else {
        telemetry::start(&loaded.config.log, log_folder());
    }
    for warning in loaded.warnings.iter().chain(&no_folder(&args.places)) {
        tracing::warn!("{warning}");
    }
    if let Some(listen) = args.listen
        && let Err(problem) = loaded.config.clone().listening_on(listen)
    {
        term::fail(&problem.to_string());
        return Ok(ExitCode::from(USAGE));
    }
    let mut predecessor = match args.takes_over {
        Some(listen) => Some(life::Predecessor::find(listen)?),
        None => None,
    };
    let listener = match &mut predecessor {
        Some(before) => before.listener(life::wanted(&args, &loaded.config))?,
        None => None,
    };
    let start = Start {
        listen: args.listen,
        listener,
        record: args.record,
        ..start(loaded.config, &args.places)
    };
    let running = match Running::start(start).await {
        Ok(running) => running,
        Err(error) => {
            let Some(Unbound(listen, why)) = error.downcast_ref() else {
                return Err(error);
            };
            term::fail(&unbound::why(*listen, why).await);
            return Ok(ExitCode::FAILURE);
        }
    };
    life::serve(running, &args, predecessor, announce::announce).await?;
    Ok(ExitCode::SUCCESS)
}

/// A background service outlives the terminal that it was started from, and holds no folder.
fn leave_terminal() {
    // Fails only for a process that leads a group: that was not started by `transom start`.
    let _ = rustix::process::setsid();
    let _ = std::env::set_current_dir("/");
}

/// The configuration that the places name; without any file the embedded demo.
pub(super) async fn configuration(places: &Places) -> Result<Loaded, Problems> {
    if let Some(path) = Config::find(places.config.clone(), &process_env) {
        // Absolute, so that its folder can be watched from wherever the process runs.
        let path = std::path::absolute(&path).unwrap_or(path);
        return Config::load(&path, &process_env);
    }
    let upstream = Upstream::start().await.map_err(|error| {
        Problems::one(
            None,
            Problem::of_file(
                format!("the demo upstream cannot start: {error}"),
                "write a configuration file",
            ),
        )
    })?;
    Ok(Loaded {
        config: Config::demo(upstream.base_url()),
        warnings: Vec::new(),
    })
}

/// A folder of components that was named and is not there: it may come, but it looks like a slip.
pub(super) fn no_folder(places: &Places) -> Option<Problem> {
    let named = places.transformers.as_ref().filter(|dir| !dir.is_dir())?;
    Some(Problem::of_file(
        format!(
            "--transformers {}: there is no such folder",
            named.display()
        ),
        "make it, or name another; until then only built-in transformers are there",
    ))
}

/// Where log files go.
pub(super) fn log_folder() -> Option<PathBuf> {
    Some(Paths::of(&process_env)?.state.join("logs"))
}

/// Everything a host needs, with the usual folders where none are named.
pub(super) fn start(config: Config, places: &Places) -> Start {
    let paths = Paths::of(&process_env);
    let usual = || {
        paths.as_ref().map_or_else(
            || PathBuf::from("transformers"),
            |paths| paths.transformers.clone(),
        )
    };
    Start {
        config,
        transformers: places.transformers.clone().unwrap_or_else(usual),
        cache: paths.as_ref().map(|paths| paths.cache.clone()),
        state: paths.as_ref().map(|paths| paths.state.clone()),
        listen: None,
        listener: None,
        watch: true,
        record: false,
    }
}
