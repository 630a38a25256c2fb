//! Thirty turns with tools, thinking and images through the strict upstream of every provider: no rule is broken, all
//! that the provider can carry is in the last request once, and `guest test --explain` lists what is not.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::client;
use crate::harness::host::{Builder, Host};
use crate::strict::Strict;
use client_side::Client;
use ways::Way;

mod client_side;
mod script;
mod ways;

/// One test for each way, so that a failure names it.
macro_rules! goes_through {
    ($($name:ident: $way:expr,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                super::thirty_turns($way).await;
            }
        )*
    };
}

mod thirty_turns_go_through {
    use super::ways::Way;
    use crate::strict::chat::houses;
    use crate::strict::compatible;

    goes_through! {
        openai: Way::chat(&houses::OPENAI),
        openai_newer: Way::chat(&houses::OPENAI_NEWER),
        openrouter: Way::chat(&houses::OPENROUTER),
        groq: Way::chat(&houses::GROQ),
        mistral: Way::chat(&houses::MISTRAL),
        deepseek: Way::chat(&houses::DEEPSEEK),
        kimi: Way::chat(&houses::KIMI),
        minimax: Way::chat(&houses::MINIMAX),
        qwen: Way::chat(&houses::QWEN),
        siliconflow: Way::chat(&houses::SILICONFLOW),
        ollama_chat: Way::chat(&houses::OLLAMA),
        llama_cpp: Way::chat(&houses::LLAMA_CPP),
        vllm: Way::chat(&houses::VLLM),
        lm_studio: Way::chat(&houses::LM_STUDIO),
        cerebras: Way::Cerebras,
        gemini_signs: Way::Gemini("gemini-3.8-flash"),
        gemini_before_signatures: Way::Gemini("gemini-2.5-pro"),
        ollama: Way::Ollama,
        responses: Way::Responses,
        zai: Way::Zai,
        zai_folded: Way::ZaiFolded,
        anthropic: Way::Anthropic,
        deepseek_messages: Way::Compatible(&compatible::DEEPSEEK),
        kimi_messages: Way::Compatible(&compatible::KIMI),
        minimax_messages: Way::Compatible(&compatible::MINIMAX),
        openrouter_messages: Way::Compatible(&compatible::OPENROUTER),
        qwen_messages: Way::Compatible(&compatible::QWEN),
        llama_cpp_messages: Way::Compatible(&compatible::LLAMA_CPP),
        vllm_messages: Way::Compatible(&compatible::VLLM),
        lm_studio_messages: Way::Compatible(&compatible::LMSTUDIO),
    }
}

async fn thirty_turns(way: Way) {
    let strict = way.strict().await;
    let host = way.builder(&strict).start();
    let mut client = Client::new(way.model());
    for turn in 0..script::TURNS {
        answered(way, &host, &mut client, turn).await;
        strict.assert_no_violation();
    }
    assert_eq!(strict.seen().len(), script::TURNS);
    nothing_is_lost(way, &strict);
    what_is_dropped_is_listed(way, &client.request());
}

async fn answered(way: Way, host: &Host, client: &mut Client, turn: usize) {
    client.ask(turn);
    let reply = client::messages(host.base(), &client.request()).await;
    assert_eq!(reply.status, 200, "{way}, turn {turn}: {}", reply.text());
    client.take(&reply);
    client.assert_heard(turn);
}

/// Every text, call, result and image of the conversation is in the last request once; thinking and images if the
/// provider takes them.
fn nothing_is_lost(way: Way, strict: &Strict) {
    let last = strict.seen().pop().expect("requests");
    let body = last.body.to_string();
    let mut wrong = Vec::new();
    for (token, kind) in script::tokens() {
        let wanted = usize::from(way.carries(kind));
        let found = body.matches(&token).count();
        if found != wanted {
            wrong.push(format!("{token}: {found} times, not {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{way}: {}\n{body}", wrong.join("\n"));
}

/// The last request as a case, through the component.
fn what_is_dropped_is_listed(way: Way, request: &Value) {
    let Some(transformer) = way.transformer() else {
        return;
    };
    let folder = TempDir::new().expect("a temporary folder");
    let case = folder.path().join("fixtures/last");
    std::fs::create_dir_all(&case).expect("a fresh folder");
    let script = json!({
        "why": "the last of thirty turns", "source": "tests/thirty_turns.rs",
        "options": way.options(), "context": { "provider": "way", "model": way.upstream_model() },
    });
    std::fs::write(case.join("case.json5"), script.to_string()).expect("it is ours");
    std::fs::write(case.join("request.client.json"), request.to_string()).expect("it is ours");
    let cases = folder.path().join("fixtures");
    let cases = cases.to_string_lossy();
    let arguments = ["guest", "test", transformer, &cases, "--explain", "--json"];
    let output = Builder::new().output(&arguments);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{way}: no report ({error}): {output:?}"));
    let case = &report["cases"][0];
    assert_eq!(case["passed"], true, "{way}: {case}");
    let remarks = case["explain"].as_array().expect("remarks");
    let dropped: Vec<&Value> = remarks
        .iter()
        .filter(|one| one["action"] == "drop")
        .collect();
    let silent: Vec<&&Value> = dropped
        .iter()
        .filter(|one| one["side"] == "request" && one["said"] != true)
        .collect();
    assert!(silent.is_empty(), "{way} drops without a word: {silent:#?}");
    for (kind, word) in [
        (script::Kind::Thinking, "thinking"),
        (script::Kind::Image, "image"),
    ] {
        let told = remarks.iter().any(|one| {
            let text = format!("{} {}", one["path"], one["why"]);
            one["said"] == true && text.contains(word)
        });
        assert!(
            way.carries(kind) || told,
            "{way} does not tell of {word}: {remarks:#?}"
        );
    }
}
