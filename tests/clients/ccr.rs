//! claude-code-router beside transom: the recorded requests of `tests/fixtures/routing`, sent to the
//! real one before the same kind of upstream. It must choose what the fixtures say that it does; what
//! transom chooses is checked by the integration tests against the same fixtures.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::installed;
use crate::harness::client::{self, Reply};
use crate::harness::upstream::Upstream;
use crate::routing_cases::{self, Case, End, MODELS, PROVIDER};

/// Long: it only ends a test that fails.
const PATIENCE: Duration = Duration::from_mins(1);

struct Ccr {
    child: Child,
    base: String,
    _home: TempDir,
}

impl Drop for Ccr {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config(upstream: &Upstream, port: u16, router: &Path) -> Value {
    let to = |model: &str| format!("{PROVIDER},{model}");
    json!({
        "PORT": port, "HOST": "127.0.0.1", "LOG": false, "CUSTOM_ROUTER_PATH": router,
        "Providers": [{
            "name": PROVIDER, "api_base_url": format!("{}/v1/messages", upstream.url()), "api_key": "k",
            "models": MODELS, "transformer": { "use": ["Anthropic"] },
        }],
        "Router": {
            "default": to("default-m"), "background": to("background-m"), "think": to("think-m"),
            "longContext": to("long-m"), "longContextThreshold": 60000,
            "webSearch": to("search-m"), "image": to("image-m"),
        },
    })
}

fn write(path: &Path, text: &str) {
    let folder = path.parent().expect("a file in a folder");
    std::fs::create_dir_all(folder).expect("make its folder");
    std::fs::write(path, text).expect("write a file");
}

/// Routes of a project and of a conversation, where ccr looks for them: it knows a project by the transcripts of
/// its conversations.
fn tables(home: &Path, folder: &Path) {
    let project = routing_cases::PROJECT.replace('/', "-");
    for session in ["in-one", routing_cases::OWN_TABLE] {
        let transcripts = home.join(".claude/projects").join(&project);
        write(&transcripts.join(format!("{session}.jsonl")), "{}\n");
    }
    let table = |name: &str, routes: Value| {
        let file = folder.join(&project).join(format!("{name}.json"));
        write(&file, &json!({ "Router": routes }).to_string());
    };
    table("config", routing_cases::project_routes());
    table(
        routing_cases::OWN_TABLE,
        routing_cases::conversation_routes(),
    );
}

async fn start(upstream: &Upstream) -> Ccr {
    let home = TempDir::with_prefix("transom-ccr-").expect("a temporary folder");
    let folder = home.path().join(".claude-code-router");
    std::fs::create_dir(&folder).expect("a fresh folder");
    let port = crate::harness::port::free();
    let router = folder.join("router.js");
    let script = format!(
        "module.exports = async (req) => JSON.stringify(req.body.messages ?? '').includes('{}') ? '{}' : null;",
        routing_cases::WORD,
        routing_cases::to("other-m")
    );
    let text = config(upstream, port, &router).to_string();
    write(&router, &script);
    write(&folder.join("config.json"), &text);
    tables(home.path(), &folder);
    let child = Command::new("node")
        .arg(installed::ccr())
        .arg("start")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("node runs");
    let ccr = Ccr {
        child,
        base: format!("http://127.0.0.1:{port}"),
        _home: home,
    };
    let listening = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let listening = tokio::time::timeout(PATIENCE, listening).await;
    listening.expect("claude-code-router listens");
    ccr
}

async fn send(ccr: &Ccr, case: &Case, body: &Value) -> Reply {
    let headers: Vec<(&str, &str)> = case
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
        .collect();
    let body = body.to_string();
    client::post(&ccr.base, "/v1/messages", &headers, body.as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn claude_code_router_itself_chooses_what_the_table_says() {
    let upstream = Upstream::start(routing_cases::answer).await;
    let ccr = start(&upstream).await;
    let mut wrong = Vec::new();
    for case in routing_cases::all() {
        if let Some(body) = case.before() {
            send(&ccr, &case, &body).await;
        }
        let before = upstream.requests().len();
        let reply = send(&ccr, &case, &case.body()).await;
        let end = match upstream.requests().get(before) {
            Some(request) => End::Model(request.json()["model"].as_str().unwrap().to_owned()),
            None => End::Refused(reply.status),
        };
        if end != case.ccr {
            wrong.push(format!("{}: {end:?}, not {:?}", case.name, case.ccr));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
