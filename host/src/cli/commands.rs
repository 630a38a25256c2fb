//! `transom code`, `activate` and `check`: configuration and components found, the rest is theirs.

use std::ffi::OsString;
use std::process::ExitCode;

use super::activate::{Environment, Shell, base_url};
use super::check::{Report, components};
use super::code::{Listening, Owner, become_claude, health_at};
use super::serve::{configuration, log_folder, no_folder, start};
use super::{ActivateArgs, CheckArgs, Places, USAGE, listeners, runtime, term};
use crate::app::{Leaving, Running, Start};
use crate::config::{Config, Loaded, process_env};
use crate::telemetry;

/// Uses the running service, else serves in this process for as long as `claude` runs.
pub(super) fn code(arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    let places = Places::default();
    let runtime = runtime()?;
    let Some(Loaded { config, .. }) = runtime.block_on(load(&places)) else {
        return Ok(ExitCode::from(USAGE));
    };
    match runtime.block_on(health_at(config.listen)) {
        Listening::Transom(health) if health.owner == Owner::Own => {
            return Err(become_claude(&health.url, &config, &process_env, arguments));
        }
        Listening::Transom(health) => {
            let whose = health
                .others()
                .map(|user| format!(" of user {}", listeners::name_of(user)));
            term::note(&format!(
                "the transom at {} is that{}, not this user's: Claude Code is served by this process",
                health.url,
                whose.unwrap_or_else(|| " of another machine".to_owned())
            ));
        }
        Listening::Other | Listening::Nobody => {}
    }
    runtime.block_on(async {
        // The terminal belongs to claude: lines of ours would be written over its screen.
        telemetry::start_in_files(&config.log, log_folder());
        let running = Running::start(Start {
            // For claude alone: a free port, and of this machine whatever the service listens on.
            listen: Some((std::net::Ipv4Addr::LOCALHOST, 0).into()),
            ..start(config.clone(), &places)
        });
        let running = running.await?;
        let url = running.url();
        let (ended, stop) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(running.serve(async move {
            drop(stop.await);
            Leaving::Stop
        }));
        let code = super::code::run(&url, &config, &process_env, arguments).await;
        drop(ended);
        // What still runs belongs to a client that is gone.
        serving.abort();
        code
    })
}

/// Prints the environment for a shell's `eval`.
pub(super) fn activate(args: &ActivateArgs) -> anyhow::Result<ExitCode> {
    let places = Places {
        config: args.config.clone(),
        ..Places::default()
    };
    let Some(Loaded { config, .. }) = runtime()?.block_on(load(&places)) else {
        return Ok(ExitCode::from(USAGE));
    };
    // Whatever listens there: keys, prompts and what Claude Code does would be in another user's hands.
    if let Some(user) = listeners::stranger_at(config.listen) {
        term::fail(&format!(
            "user {} listens at {}, and would get key and prompts of Claude Code; \
             choose another address with `listen` in the configuration",
            listeners::name_of(user),
            config.listen
        ));
        return Ok(ExitCode::FAILURE);
    }
    let shell = args.shell.unwrap_or_else(|| Shell::of(&process_env));
    let environment = Environment::of(&base_url(config.listen), &config, &process_env);
    term::show(&environment.script(shell));
    Ok(ExitCode::SUCCESS)
}

/// Says everything that is wrong with the configuration and the components it names.
pub(super) fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let path = Config::find(args.places.config.clone(), &process_env);
    let runtime = runtime()?;
    let mut report = Report::of(path.as_deref(), &process_env, |config, providers| {
        let dir = start(config.clone(), &args.places).transformers;
        components::load(config, providers, dir, &runtime)
    });
    report.warnings.extend(no_folder(&args.places));
    if args.json {
        term::say(&report.to_json());
    } else {
        term::show(&report.to_string());
    }
    Ok(report.exit_code())
}

/// At every start of a shell or of Claude Code: how many warnings there are is enough.
async fn load(places: &Places) -> Option<Loaded> {
    match configuration(places).await {
        Ok(loaded) => {
            match loaded.warnings.as_slice() {
                [] => {}
                [warning] => term::note(&format!("warning: {warning}")),
                many => term::note(&format!(
                    "{} warnings: `transom check` tells them",
                    many.len()
                )),
            }
            Some(loaded)
        }
        Err(problems) => {
            term::note(&problems.to_string());
            None
        }
    }
}
