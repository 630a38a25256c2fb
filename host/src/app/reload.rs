//! Follows changes of component files and of the configuration, on a thread of its own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, Weak};

use super::{App, Snapshot, listening};
use crate::config::Config;
use crate::registry::{Outcome, Wanted, Watch, Watched};

/// Starts the thread. It ends with the app.
pub(super) fn follow(app: &Arc<App>) {
    let weak = Arc::downgrade(app);
    // Before anyone can know that the host is there: a change right after that counts.
    let watch = Watch::new(&watched(app));
    let started = std::thread::Builder::new()
        .name("reload".to_owned())
        .spawn(move || run(&weak, watch));
    if let Err(error) = started {
        tracing::error!(%error, "changes of files are not followed: no thread can be started");
    }
}

fn run(weak: &Weak<App>, mut watch: Watch) {
    // Compiling must not take time from running streams. Failing to is no reason not to compile.
    let _ = rustix::process::nice(10);
    let Some(app) = weak.upgrade() else { return };
    first_look(&app);
    drop(app);
    loop {
        let Some(files) = weak.upgrade().map(|app| watched(&app)) else {
            return;
        };
        let changed = watch.next(&files);
        let Some(app) = weak.upgrade() else { return };
        apply(&app, &changed);
    }
}

/// What changed between reading and the start of the watch would be missed otherwise.
fn first_look(app: &App) {
    if app.snapshot().config.is_outdated() {
        reload_config(app);
    }
    apply(app, &components(&watched(app)));
    app.registry.prune_cache();
}

fn components(watched: &Watched) -> Vec<PathBuf> {
    let files = watched.files.iter();
    files.filter(|path| is_component(path)).cloned().collect()
}

fn is_component(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "wasm")
}

fn apply(app: &App, changed: &[PathBuf]) {
    let snapshot = app.snapshot();
    let config = &snapshot.config;
    if changed
        .iter()
        .any(|path| Some(path) == config.path.as_ref() || config.other_files.contains(path))
    {
        reload_config(app);
    }
    for path in changed {
        if let Some(name) = path.file_stem().and_then(|name| name.to_str())
            && is_component(path)
        {
            if app.registry.router_name().as_deref() == Some(name) {
                app.registry.refresh_router();
            }
            let outcome = app.registry.refresh(name);
            if matches!(outcome, Outcome::Swapped { .. }) {
                app.registry.prune_cache();
            }
        }
    }
}

fn watched(app: &App) -> Watched {
    let snapshot = app.snapshot();
    let wanted = Wanted::of(&snapshot.config);
    let router = wanted.router.map(|(name, _)| name);
    let names: BTreeSet<String> = wanted.options.into_keys().chain(router).collect();
    let dir = app.registry.dir();
    let components = names
        .into_iter()
        .map(|name| dir.join(format!("{name}.wasm")));
    Watched {
        files: components
            .chain(snapshot.config.path.clone())
            .chain(snapshot.config.other_files.clone())
            .collect(),
    }
}

/// Whole or not at all: any problem keeps the old configuration.
fn reload_config(app: &App) {
    let now = app.snapshot();
    let Some(path) = now.config.path.clone() else {
        return;
    };
    let result = Config::load(&path, &crate::config::process_env)
        .map_err(|problems| problems.to_string())
        .and_then(|loaded| adopt(app, loaded.config, now.generation + 1));
    let mut error = app
        .config_error
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    match result {
        Ok(snapshot) => {
            if snapshot.config.listen != now.config.listen {
                tracing::warn!("`listen` changed, which needs a restart; all else is live");
            }
            tracing::info!(generation = snapshot.generation, "configuration is live");
            app.snapshot.store(Arc::new(snapshot));
            *error = None;
        }
        Err(why) => {
            if error.as_ref() != Some(&why) {
                tracing::error!(why, "the new configuration is refused, the old one stays");
            }
            *error = Some(why);
        }
    }
}

fn adopt(app: &App, config: Config, generation: u64) -> Result<Snapshot, String> {
    let config = listening(config, app.listen).map_err(|problem| problem.to_string())?;
    let wanted = Wanted::of(&config);
    let names: Vec<String> = wanted.options.keys().cloned().collect();
    let prepared = app.registry.prepare(wanted);
    if !prepared.problems().is_empty() {
        app.registry.forget_unwanted();
        return Err(prepared.problems().join("\n"));
    }
    // Before any bytes are tried again: what refused them may be what changed.
    app.recorder.obey(&config.recorder);
    app.registry.adopt(prepared);
    app.registry.refresh_router();
    // Bytes that were refused for their pin or options may fit now.
    for name in names {
        app.registry.refresh(&name);
    }
    Snapshot::new(config, generation, &app.registry).map_err(|error| format!("{error:#}"))
}
