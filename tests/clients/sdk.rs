//! Anthropic's SDKs for Python and TypeScript, over the roads that convert and that do not.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::installed;
use super::route::{Road, Route};
use crate::strict::chat::houses;
use crate::strict::{Fault, Seen, Turn};

/// One module of tests for each SDK and road.
macro_rules! with {
    ($module:ident, $sdk:expr, $route:expr) => {
        mod $module {
            use super::{Route, Sdk};

            #[tokio::test]
            async fn a_whole_answer_is_read() {
                super::plain($sdk, $route).await;
            }

            #[tokio::test]
            async fn a_stream_is_read() {
                super::stream($sdk, $route).await;
            }

            #[tokio::test]
            async fn tool_calls_and_their_results_make_a_round() {
                super::tools($sdk, $route).await;
            }

            #[tokio::test]
            async fn errors_have_their_classes() {
                super::errors($sdk, $route).await;
            }

            #[tokio::test]
            async fn an_error_in_a_stream_is_raised() {
                super::broken($sdk, $route).await;
            }
        }
    };
}

with!(python_direct, Sdk::Python, Route::Direct);
with!(python_passthrough, Sdk::Python, Route::Passthrough);
with!(python_cerebras, Sdk::Python, Route::Cerebras);
with!(python_openai, Sdk::Python, Route::OPENAI);
with!(python_ollama, Sdk::Python, Route::Ollama);
with!(python_gemini, Sdk::Python, Route::Gemini);
with!(python_responses, Sdk::Python, Route::Responses);
with!(python_zai, Sdk::Python, Route::Zai);
with!(typescript_direct, Sdk::TypeScript, Route::Direct);
with!(typescript_passthrough, Sdk::TypeScript, Route::Passthrough);
with!(typescript_cerebras, Sdk::TypeScript, Route::Cerebras);
with!(typescript_openai, Sdk::TypeScript, Route::OPENAI);
with!(typescript_ollama, Sdk::TypeScript, Route::Ollama);
with!(typescript_gemini, Sdk::TypeScript, Route::Gemini);
with!(typescript_responses, Sdk::TypeScript, Route::Responses);
with!(typescript_zai, Sdk::TypeScript, Route::Zai);
with!(python_compatible, Sdk::Python, Route::COMPATIBLE);
with!(typescript_compatible, Sdk::TypeScript, Route::COMPATIBLE);

/// One profile of each family: a round of calls and results, by both SDKs.
macro_rules! by_profile {
    ($($name:ident: $house:ident,)*) => {
        mod a_round_goes_through {
            use super::{Route, Sdk, houses};
            $(
                #[tokio::test]
                async fn $name() {
                    super::tools(Sdk::Python, Route::Chat(&houses::$house)).await;
                    super::tools(Sdk::TypeScript, Route::Chat(&houses::$house)).await;
                }
            )*
        }
    };
}

by_profile! {
    openai: OPENAI,
    openrouter: OPENROUTER,
    mistral: MISTRAL,
    minimax: MINIMAX,
    qwen: QWEN,
    vllm: VLLM,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sdk {
    Python,
    TypeScript,
}

impl Sdk {
    /// Runs one case of the SDK's script and reads what it printed.
    async fn run(self, road: &Road, case: &str) -> Value {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/clients");
        let mut command = match self {
            Self::Python => {
                let mut command = Command::new(installed::python());
                command.arg(scripts.join("sdk.py"));
                command
            }
            Self::TypeScript => {
                let mut command = Command::new("node");
                command.arg(scripts.join("sdk.mjs"));
                command.arg(installed::node_modules());
                command
            }
        };
        command
            .args([&road.base_url(), road.key(), &road.route.model(), case])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null());
        let _place = installed::turn_to_run().await;
        let output = tokio::process::Command::from(command).output().await;
        let output = output.expect("the SDK's interpreter starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{self:?} {case} failed: {stderr}");
        serde_json::from_slice(&output.stdout).expect("the script prints JSON")
    }
}

/// What the scripts' prompts are answered.
fn script(seen: &Seen) -> Turn {
    if let Some(status) = seen.prompt.strip_prefix("fail ") {
        let status = status.parse().expect("a status");
        return Turn::text("never").failing(Fault::Status(status));
    }
    match (seen.prompt.as_str(), seen.results.first()) {
        (_, Some(sum)) => Turn::text(&format!("The sum is {sum}.")),
        ("tools", None) => Turn::call("add", &json!({ "a": 40, "b": 2 })).saying("I add."),
        ("broken", None) => Turn::text("never").failing(Fault::StreamError),
        (prompt, None) => Turn::text(&format!("Answer to {prompt} ✓.")).reasoning("Hm, 考える."),
    }
}

async fn road(route: Route) -> Road {
    route.script(script).await
}

async fn plain(sdk: Sdk, route: Route) {
    let road = road(route).await;
    let wanted = json!({
        "text": "Answer to plain ✓.", "thinking": "Hm, 考える.", "tools": [],
        "stop_reason": "end_turn", "counted": true,
    });
    assert_eq!(sdk.run(&road, "plain").await, wanted);
    road.strict.assert_no_violation();
    assert!(!road.strict.seen()[0].streaming);
}

async fn stream(sdk: Sdk, route: Route) {
    let road = road(route).await;
    let wanted = json!({
        "text": "Answer to stream ✓.", "thinking": "Hm, 考える.", "tools": [],
        "stop_reason": "end_turn", "counted": true, "joined": "Answer to stream ✓.",
    });
    assert_eq!(sdk.run(&road, "stream").await, wanted);
    road.strict.assert_no_violation();
    assert!(road.strict.seen()[0].streaming);
}

async fn tools(sdk: Sdk, route: Route) {
    let road = road(route).await;
    let wanted = json!([
        {
            "text": "I add.", "thinking": "", "tools": [["add", { "a": 40, "b": 2 }]],
            "stop_reason": "tool_use", "counted": true,
        },
        {
            "text": "The sum is 42.", "thinking": "", "tools": [],
            "stop_reason": "end_turn", "counted": true,
        },
    ]);
    assert_eq!(sdk.run(&road, "tools").await, wanted);
    road.strict.assert_no_violation();
}

/// The provider's words of each refusal, in the order of the scripts.
fn words_of(route: Route) -> [&'static str; 9] {
    match route {
        Route::Cerebras => [
            "A bad request.",
            "Wrong API Key",
            "Payment required.",
            "You may not use this model.",
            "Model does not exist or you do not have access to it.",
            "Request too large.",
            "Requests per minute limit exceeded - too many requests sent.",
            "Encountered a server error, please try again.",
            "We're experiencing high traffic right now!",
        ],
        Route::Chat(_) => [
            "A bad request.",
            "Incorrect API key provided.",
            "Payment required.",
            "You may not use this model.",
            "The model does not exist.",
            "Request too large.",
            "Rate limit reached.",
            "The server had an error while processing your request.",
            "The engine is currently overloaded.",
        ],
        Route::Ollama => [
            "invalid request",
            "unauthorized",
            "you have reached your usage limit",
            "this model requires a subscription",
            "model 'x' not found",
            "request body too large",
            "too many concurrent requests",
            "model runner has unexpectedly stopped",
            "server busy, please try again. maximum pending requests exceeded",
        ],
        Route::Gemini => [
            "Request contains an invalid argument.",
            "API keys are not supported by this API.",
            "Please enable billing on the project.",
            "The caller does not have permission.",
            "models/x is not found for API version v1beta.",
            "Request payload size exceeds the limit: 20971520 bytes.",
            "Resource has been exhausted (e.g. check quota).",
            "An internal error has occurred. Please retry or report.",
            "The model is overloaded. Please try again later.",
        ],
        Route::Responses => [
            "Invalid request.",
            "Incorrect API key provided.",
            "Your account is not active.",
            "Country, region, or territory not supported.",
            "The model `x` does not exist.",
            "The request is too large.",
            "Rate limit reached for this model.",
            "The server had an error while processing your request.",
            "The server is overloaded or not ready yet.",
        ],
        _ => [
            "A bad request.",
            "invalid x-api-key",
            "Your credit balance is too low.",
            "Your API key may not use this.",
            "model: model-1",
            "Request exceeds the maximum size",
            "This request would exceed your rate limit.",
            "Internal server error",
            "Overloaded",
        ],
    }
}

/// Status, error type and message of each refusal that the scripts ask for.
fn refusals(route: Route) -> Vec<(u64, &'static str, &'static str)> {
    let words = words_of(route);
    let kinds = [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (503, "overloaded_error"),
    ];
    let all = kinds.into_iter().zip(words);
    all.map(|((status, kind), message)| (status, kind, message))
        .collect()
}

/// The SDKs' class for a status; the same name in both.
fn class(status: u64) -> &'static str {
    match status {
        400 => "BadRequestError",
        401 => "AuthenticationError",
        402 => "PaymentRequiredError",
        403 => "PermissionDeniedError",
        404 => "NotFoundError",
        413 => "ContentTooLargeError",
        429 => "RateLimitError",
        503 => "ServiceUnavailableError",
        529 => "OverloadedError",
        _ => "InternalServerError",
    }
}

async fn errors(sdk: Sdk, route: Route) {
    let road = road(route).await;
    let seen = sdk.run(&road, "errors").await;
    for (at, (status, kind, message)) in refusals(route).into_iter().enumerate() {
        let seen = &seen[at];
        // An overloaded upstream may be told with either of the two statuses that mean it.
        let told = match seen["status"].as_u64() {
            Some(529) if status == 503 => 529,
            _ => status,
        };
        assert_eq!(seen["status"], told, "{seen}");
        assert_eq!(seen["class"], class(told), "{seen}");
        assert_eq!(
            (&seen["type"], &seen["message"]),
            (&json!(kind), &json!(message))
        );
        assert_eq!(seen["request_id"], true, "{seen}");
        // Ollama does not say when to come back.
        if status == 429 && route != Route::Ollama {
            assert_eq!(seen["retry_after"], "12", "{seen}");
        }
    }
    road.strict.assert_no_violation();
}

async fn broken(sdk: Sdk, route: Route) {
    let road = road(route).await;
    let seen = sdk.run(&road, "broken").await;
    let class = match sdk {
        Sdk::Python => "APIStatusError",
        Sdk::TypeScript => "APIError",
    };
    // The words that come with a status of 500 come in a stream as well.
    let message = match route {
        Route::Ollama => "an error was encountered while running the model: unexpected EOF",
        _ => refusals(route)[7].2,
    };
    assert_eq!(
        (&seen["class"], &seen["message"]),
        (&json!(class), &json!(message))
    );
    assert_eq!(seen["type"], "api_error");
    road.strict.assert_no_violation();
}
