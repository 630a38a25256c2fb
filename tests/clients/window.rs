//! A model whose window is smaller than Claude Code assumes: it is told so, and compacts in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::claude::Claude;
use super::route::Route;
use crate::harness::host::Builder;
use crate::strict::{Fault, Seen, Turn};

/// In tokens.
const WINDOW: usize = 65_536;

/// As many as the upstream counts: four bytes to one.
fn tokens(seen: &Seen) -> usize {
    seen.body.to_string().len() / 4
}

/// What `transom activate` gives a shell.
fn activated(builder: &Builder, base: &str, model: &str) -> Claude {
    let output = builder.output(&["activate", "--shell", "bash"]);
    let script = String::from_utf8_lossy(&output.stdout).into_owned();
    let exports = script.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
        Some((name, value.trim_matches(['"', '\''])))
    });
    // The address is that of a service which was not started with this one's.
    let exports = exports.filter(|(name, _)| !name.starts_with("ANTHROPIC_"));
    let claude = Claude::new(base, "any-key-of-the-client", model);
    exports.fold(claude, |claude, (name, value)| claude.env(name, value))
}

#[tokio::test]
async fn a_model_of_65k_tokens_is_compacted_for_before_it_refuses() {
    let refused = Arc::new(AtomicUsize::new(0));
    let counted = refused.clone();
    let step = json!({ "command": "seq 1 5000", "description": "a scripted command" });
    let script = move |seen: &Seen| {
        let summarised = seen.body.to_string().contains("A scripted summary.");
        if tokens(seen) > WINDOW {
            counted.fetch_add(1, Ordering::Relaxed);
            return Turn::text("never").failing(Fault::ContextOverflow);
        }
        match seen.answers {
            _ if seen.prompt.contains("summary") => {
                Turn::text("<summary>A scripted summary.</summary>")
            }
            _ if summarised => Turn::text("Gone on."),
            0..20 => Turn::call("Bash", &step),
            _ => Turn::text("It never compacted."),
        }
    };
    let strict = Route::Cerebras.strict(script).await;
    let model = Route::Cerebras.upstream_model();
    let builder = Route::Cerebras.host_builder(&strict, |provider| {
        provider["models"] = json!([{ "id": model, "context_window": WINDOW }]);
    });
    // The configuration as the commands see it.
    drop(builder.command(&[]));
    let activate = builder.output(&["activate", "--shell", "bash"]);
    assert!(activate.status.success(), "{activate:?}");
    let target = Route::Cerebras.model();
    let prepared = activated(&builder, "http://127.0.0.1:9", &target);
    let host = builder.start();
    let claude = prepared.env("ANTHROPIC_BASE_URL", host.base());
    let run = claude.ask("work", &[]).await;
    assert_eq!(run.assert_ok().answer(), "Gone on.");
    strict.assert_no_violation();
    let sizes: Vec<usize> = strict.seen().iter().map(tokens).collect();
    assert_eq!(refused.load(Ordering::Relaxed), 0, "{sizes:?}");
    assert!(sizes.iter().all(|size| *size <= WINDOW), "{sizes:?}");
    // It was not for a small conversation either.
    assert!(sizes.iter().any(|size| *size > WINDOW / 3), "{sizes:?}");
}
