//! Configurations of claude-code-router as they are: served, checked, imported.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::client;
use crate::harness::host::Builder;
use crate::harness::upstream::{Answer, Request, Upstream};
use crate::roads::{CEREBRAS, ZAI};

const TWO_PROVIDERS: &str = include_str!("ccr/two-providers.json");
const EVERY_KEY: &str = include_str!("ccr/every-key.json");

fn home(builder: &Builder) -> std::path::PathBuf {
    let folder = builder.transformers();
    folder.parent().expect("it lies in the home").to_owned()
}

/// Puts a file where claude-code-router has its own.
fn write(builder: &Builder, text: &str) -> std::path::PathBuf {
    let folder = home(builder).join(".claude-code-router");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("config.json");
    std::fs::write(&path, text).expect("write the file");
    path
}

fn run(builder: &Builder, arguments: &[&str]) -> (i32, String, String) {
    let output = builder.unconfigured(arguments).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    (code, text(&output.stdout), text(&output.stderr))
}

/// Cerebras below `/v1`, Z.ai's Anthropic side below `/api/anthropic`.
async fn both_providers() -> Upstream {
    Upstream::start(|request: &Request| match request.path() {
        "/v1/chat/completions" => Answer::sse(CEREBRAS),
        "/api/anthropic/v1/messages" => Answer::sse(ZAI),
        _ => Answer::json(404, &json!({})),
    })
    .await
}

fn request(model: &str) -> Value {
    // Without tools it would be one of the client's side requests.
    let tool = json!({ "name": "Read", "input_schema": { "type": "object" } });
    json!({ "model": model, "max_tokens": 9, "stream": true, "tools": [tool],
        "messages": [{ "role": "user", "content": "hi" }] })
}

#[tokio::test]
async fn the_file_of_a_setup_with_two_providers_works_where_it_lies() {
    let upstream = both_providers().await;
    let text = TWO_PROVIDERS
        .replace("https://api.cerebras.ai", &upstream.url())
        .replace("https://api.z.ai", &upstream.url());
    let builder = Builder::new()
        .env("CEREBRAS_API_KEY", "csk-0123456789abcdef")
        .env("ZAI_API_KEY", "zai-0123456789abcdef");
    write(&builder, &text);
    let host = builder.start_unconfigured();
    for (model, provider, route, path, key) in [
        (
            "claude-opus-4-5",
            "cerebras",
            "default",
            "/v1/chat/completions",
            "Bearer csk-0123456789abcdef",
        ),
        (
            "claude-haiku-4-5",
            "cerebras",
            "background",
            "/v1/chat/completions",
            "Bearer csk-0123456789abcdef",
        ),
        (
            "zai,glm-4.7",
            "zai",
            "explicit",
            "/api/anthropic/v1/messages",
            "Bearer zai-0123456789abcdef",
        ),
    ] {
        let reply = client::messages(host.base(), &request(model)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.header("x-transom-provider"), Some(provider));
        assert_eq!(reply.header("x-transom-route"), Some(route));
        assert!(reply.text().contains("message_stop"), "{}", reply.text());
        let requests = upstream.requests();
        let last = requests.last().expect("a request");
        assert_eq!(last.path(), path);
        assert_eq!(last.header("authorization"), Some(key));
    }
    let told = host.stdout();
    assert!(told.contains("provider registered cerebras"), "{told}");
    assert!(told.contains("provider registered zai"), "{told}");
    let log = host.log();
    assert!(log.contains("speaks the Messages API"), "{log}");
    assert!(log.contains("cerebras-transformer"), "{log}");
}

#[test]
fn every_key_is_taken_and_check_lists_what_is_not_carried_over() {
    let builder = Builder::new();
    for name in [
        "CCR_KEY",
        "DEEPSEEK_API_KEY",
        "GEMINI_API_KEY",
        "DASHSCOPE_API_KEY",
        "GROQ_API_KEY",
        "ANTHROPIC_KEY",
    ] {
        std::fs::create_dir_all(home(&builder).join("config/transom")).expect("a folder");
        let line = format!("{name}=value-0123456789\n");
        let file = home(&builder).join("config/transom/env");
        let old = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(&file, old + &line).expect("write the env file");
    }
    let path = write(&builder, EVERY_KEY);
    let path = path.display().to_string();
    let (code, out, err) = run(&builder, &["check", "--json", "--config", &path]);
    assert_eq!(code, 0, "{out}{err}");
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["routes"]["web_search"], "gemini,gemini-2.5-flash");
    assert_eq!(report["providers"].as_array().map(Vec::len), Some(8));
    let warnings = report["warnings"].to_string();
    for key in [
        "CUSTOM_ROUTER_PATH",
        "REWRITE_SYSTEM_PROMPT",
        "forceUseImageAgent",
        "presets",
        "plugins",
    ] {
        assert!(warnings.contains(key), "{key}: {warnings}");
    }
}

#[test]
fn problems_of_such_a_file_are_told_at_once_with_its_own_names() {
    let builder = Builder::new();
    let text = "{\n \"Providers\": [\n  { \"name\": \"a\", \"api_base_url\": \"https://x.test/v1/messages\",\n    \"transformer\": { \"use\": [\"OpenAI\"] } },\n  { \"name\": \"A\", \"api_base_url\": \"https://y.test/v1/chat/completions\", \"modls\": [] }\n ],\n \"Router\": { \"default\": \"b,m\" },\n \"APIKEY\": \"$NOT_SET_ANYWHERE\",\n \"PORTT\": 1\n}\n";
    write(&builder, text);
    let (code, _, err) = run(&builder, &["serve"]);
    assert_eq!(code, 2, "{err}");
    for part in [
        "config.json:3: Providers[0].api_base_url: the URL speaks the Messages API, and the transformer `OpenAI`",
        "config.json:5: Providers[1].name: there is a provider `a` already",
        "config.json:5: Providers[1].modls: ccr's setting `modls` is not known; did you mean `models`?",
        "config.json:7: Router.default: the provider `b` is not known",
        "config.json:8: APIKEY: the variable NOT_SET_ANYWHERE is not set",
        "config.json:9: PORTT: ccr's setting `PORTT` is not known; did you mean `PORT`?",
    ] {
        assert!(err.contains(part), "`{part}` is not in:\n{err}");
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn import_prints_without_keys_and_writes_with_them_moved() {
    use std::os::unix::fs::PermissionsExt as _;
    let builder = Builder::new();
    write(&builder, EVERY_KEY);
    let (code, out, err) = run(&builder, &["config", "import"]);
    assert_eq!(code, 0, "{err}");
    assert!(!out.contains("sk-or-literal-0123456789"), "{out}");
    assert!(out.contains("${OPENROUTER_API_KEY}"), "{out}");
    assert!(err.contains("CUSTOM_ROUTER_PATH"), "{err}");

    let (code, out, err) = run(&builder, &["config", "import", "--write", "--move-keys"]);
    // The other keys are set nowhere here, and APIKEY needs one.
    assert_eq!(code, 2, "{out}{err}");
    assert!(err.contains("CCR_KEY is not set"), "{err}");
    let config = home(&builder).join("config/transom/config.json5");
    let env = home(&builder).join("config/transom/env");
    assert!(read(&env).contains("OPENROUTER_API_KEY=sk-or-literal-0123456789"));
    assert!(!read(&config).contains("sk-or-literal-0123456789"));
    for file in [&config, &env] {
        let mode = std::fs::metadata(file)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    let (code, _, err) = run(&builder, &["config", "import", "--write"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("--force"), "{err}");
    let (code, _, err) = run(&builder, &["config", "import", "/nonexistent.json"]);
    assert_eq!(code, 2, "{err}");
}

#[tokio::test]
async fn the_system_prompt_is_rewritten_from_the_file_as_ccr_does_and_follows_it() {
    let upstream = both_providers().await;
    let builder = Builder::new().env("ZAI_API_KEY", "zai-0123456789abcdef");
    let prompt = home(&builder).join("prompt.txt");
    std::fs::write(&prompt, "Be brief.\n").expect("write the prompt");
    let config = json!({
        "REWRITE_SYSTEM_PROMPT": prompt,
        "Providers": [{ "name": "zai", "api_base_url": format!("{}/api/anthropic/v1/messages", upstream.url()),
            "api_key": "$ZAI_API_KEY", "models": ["glm-4.7"] }],
        "Router": { "default": "zai,glm-4.7" },
    });
    write(&builder, &config.to_string());
    let host = builder.start_unconfigured();
    let asked = async |text: &str| {
        let mut request = request("claude-opus-4-5");
        request["system"] =
            json!([{ "type": "text", "text": "Header" }, { "type": "text", "text": text }]);
        let reply = client::messages(host.base(), &request).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let requests = upstream.requests();
        let sent = requests.last().expect("a request").json();
        sent["system"].to_string()
    };
    let sent = asked("You are <env>a</env> <env>\nhere").await;
    assert!(
        sent.contains("Be brief.\\n<env>\\nhere") && !sent.contains("You are"),
        "{sent}"
    );
    assert!(asked("You are").await.contains("You are"));
    assert!(
        host.log().contains("--system-prompt-file"),
        "{}",
        host.log()
    );

    let fresh = prompt.with_extension("new");
    std::fs::write(&fresh, "Be long.\n").expect("write the prompt");
    std::fs::rename(&fresh, &prompt).expect("put it in place");
    host.wait_for_status("the new prompt", |status| {
        status["config"]["generation"] == 2
    })
    .await;
    assert!(asked("You are <env>").await.contains("Be long."));
}

#[tokio::test]
async fn a_file_with_every_key_serves_by_its_routes() {
    let upstream = Upstream::start(|request: &Request| {
        if request.path().ends_with("/chat/completions") {
            Answer::sse(CEREBRAS)
        } else {
            Answer::json(404, &json!({}))
        }
    })
    .await;
    let mut text = EVERY_KEY.to_owned();
    for origin in [
        "https://openrouter.ai",
        "https://api.deepseek.com",
        "https://dashscope.aliyuncs.com",
        "https://api.groq.com",
        "http://localhost:11434",
    ] {
        text = text.replace(origin, &upstream.url());
    }
    let names = ["DEEPSEEK", "GEMINI", "DASHSCOPE", "GROQ"].map(|name| format!("{name}_API_KEY"));
    let key = "the-key-of-the-clients";
    let builder = Builder::new()
        .env("CCR_KEY", key)
        .env("ANTHROPIC_KEY", "sk-0123456789");
    let builder = names
        .iter()
        .fold(builder, |builder, name| builder.env(name, "sk-0123456789"));
    write(&builder, &text);
    let host = builder.start_unconfigured();
    for (model, route, served) in [
        ("claude-sonnet-4-5", "default", "deepseek,deepseek-chat"),
        (
            "claude-haiku-4-5",
            "background",
            "ollama,qwen2.5-coder:latest",
        ),
        (
            "dashscope,qwen3-coder-plus",
            "explicit",
            "dashscope,qwen3-coder-plus",
        ),
        (
            "openrouter,google/gemini-2.5-pro-preview",
            "explicit",
            "openrouter,google/gemini-2.5-pro-preview",
        ),
    ] {
        let body = request(model).to_string();
        let headers = [("x-api-key", key)];
        let reply = client::post(host.base(), "/v1/messages", &headers, body.as_bytes()).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.text());
        assert!(
            reply.text().contains("message_stop"),
            "{model}: {}",
            reply.text()
        );
        let told = |name: &str| reply.header(name).unwrap_or_default().to_owned();
        assert_eq!(told("x-transom-route"), route, "{model}");
        let by = format!("{},{}", told("x-transom-provider"), told("x-transom-model"));
        assert_eq!(by, served, "{model}");
    }
    assert_eq!(
        client::messages(host.base(), &request("m")).await.status,
        401
    );
}
