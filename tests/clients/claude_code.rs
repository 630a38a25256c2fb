//! What Claude Code must be able to do over every road, with no violation at the upstream's end.

use serde_json::json;
use tempfile::TempDir;

use super::route::{Road, Route};
use crate::strict::chat::houses;
use crate::strict::{Delivery, Fault, Turn};

/// One module of tests for each road, so that a failure names it.
macro_rules! over {
    ($module:ident, $route:expr) => {
        mod $module {
            use super::{Delivery, Route};

            #[tokio::test]
            async fn a_text_turn_is_answered() {
                super::text_turn($route).await;
            }

            #[tokio::test]
            async fn a_tool_call_is_run_and_its_result_sent_back() {
                super::tool_turn($route).await;
            }

            #[tokio::test]
            async fn two_parallel_calls_are_both_run() {
                super::parallel_calls($route, Delivery::Whole).await;
            }

            #[tokio::test]
            async fn two_calls_with_interleaved_deltas_are_both_run() {
                super::parallel_calls($route, Delivery::Interleaved).await;
            }

            #[tokio::test]
            async fn a_chain_of_twenty_tool_turns_keeps_its_order() {
                super::chain_of_twenty($route).await;
            }

            #[tokio::test]
            async fn a_file_survives_write_and_read_byte_for_byte() {
                super::write_then_read($route).await;
            }

            #[tokio::test]
            async fn reasoning_is_shown_as_thinking() {
                super::reasoning($route).await;
            }

            #[tokio::test]
            async fn a_conversation_is_resumed() {
                super::resume($route).await;
            }

            #[tokio::test]
            async fn the_non_stream_fallback_gets_the_whole_answer() {
                super::non_stream($route).await;
            }

            #[tokio::test]
            async fn a_context_overflow_makes_it_compact_and_go_on() {
                super::overflow($route).await;
            }
        }
    };
}

over!(direct, Route::Direct);
over!(passthrough, Route::Passthrough);
over!(cerebras, Route::Cerebras);
over!(openai, Route::OPENAI);
over!(gemini, Route::Gemini);
over!(ollama, Route::Ollama);
over!(responses, Route::Responses);
over!(zai, Route::Zai);
over!(zai_folded, Route::ZaiFolded);
over!(compatible, Route::COMPATIBLE);

#[tokio::test]
async fn a_web_search_that_nobody_can_do_is_told_and_the_conversation_goes_on() {
    for route in [Route::Cerebras, Route::Zai, Route::COMPATIBLE] {
        web_search(route).await;
    }
}

/// One test for each profile: of each family a conversation, of each provider its words for an overflow.
macro_rules! by_profile {
    ($module:ident: $what:ident: $($name:ident: $house:ident,)*) => {
        mod $module {
            use super::{Route, houses};
            $(
                #[tokio::test]
                async fn $name() {
                    super::$what(Route::Chat(&houses::$house)).await;
                }
            )*
        }
    };
}

by_profile! {
    a_conversation_goes_through: conversation:
    openai: OPENAI,
    openrouter: OPENROUTER,
    mistral: MISTRAL,
    minimax: MINIMAX,
    qwen: QWEN,
    vllm: VLLM,
}

by_profile! {
    its_overflow_makes_it_compact_and_go_on: overflow:
    openai: OPENAI,
    openrouter: OPENROUTER,
    groq: GROQ,
    mistral: MISTRAL,
    kimi: KIMI,
    minimax: MINIMAX,
    qwen: QWEN,
    siliconflow: SILICONFLOW,
    llama_cpp: LLAMA_CPP,
    lm_studio: LM_STUDIO,
}

fn bash(command: &str) -> (&'static str, serde_json::Value) {
    (
        "Bash",
        json!({ "command": command, "description": "a scripted command" }),
    )
}

fn call((name, input): (&str, serde_json::Value)) -> Turn {
    Turn::call(name, &input)
}

/// No violation, and the upstream was asked for its own model.
fn assert_proper(road: &Road, requests: usize) {
    road.strict.assert_no_violation();
    let seen = road.strict.seen();
    assert_eq!(seen.len(), requests, "requests at the upstream");
    assert!(
        seen.iter()
            .all(|one| one.model == road.route.upstream_model())
    );
}

async fn text_turn(route: Route) {
    let road = route
        .turns(vec![Turn::text("Hello from the script, with ünïcode 🙂.")])
        .await;
    let run = road.claude().ask("hi", &[]).await;
    assert_eq!(
        run.assert_ok().answer(),
        "Hello from the script, with ünïcode 🙂."
    );
    assert_proper(&road, 1);
    assert!(road.strict.seen()[0].streaming);
}

async fn tool_turn(route: Route) {
    let turns = vec![
        call(bash("echo out-$((40 + 2))")).saying("I will look."),
        Turn::text("It said 42."),
    ];
    let road = route.turns(turns).await;
    let run = road.claude().ask("look", &[]).await;
    assert_eq!(run.assert_ok().answer(), "It said 42.");
    assert_proper(&road, 2);
    assert_eq!(road.strict.seen()[1].results, ["out-42"]);
}

async fn parallel_calls(route: Route, delivery: Delivery) {
    let (name, second) = bash("echo second-$((2 * 2))");
    let turns = vec![
        call(bash("echo first-$((1 + 1))"))
            .and_call(name, &second)
            .delivered(delivery),
        Turn::text("Both ran."),
    ];
    let road = route.turns(turns).await;
    let run = road.claude().ask("run both", &[]).await;
    assert_eq!(run.assert_ok().answer(), "Both ran.");
    assert_proper(&road, 2);
    let mut results = road.strict.seen()[1].results.clone();
    results.sort();
    assert_eq!(results, ["first-2", "second-4"]);
}

/// Thinking, two calls whose pieces take turns, thinking again, and the end.
async fn conversation(route: Route) {
    let (name, second) = bash("echo second-$((2 * 2))");
    let turns = vec![
        call(bash("echo first-$((1 + 1))"))
            .and_call(name, &second)
            .saying("I run both.")
            .reasoning("I think about 考え.")
            .delivered(Delivery::Interleaved),
        call(bash("echo third-$((3 * 3))")).reasoning("And once more."),
        Turn::text("All ran.").reasoning("That is it."),
    ];
    let road = route.turns(turns).await;
    let run = road.claude().ask("run them", &[]).await;
    assert_eq!(run.assert_ok().answer(), "All ran.");
    assert_proper(&road, 3);
    let seen = road.strict.seen();
    let mut results = seen[1].results.clone();
    results.sort();
    assert_eq!(results, ["first-2", "second-4"]);
    assert_eq!(seen[2].results, ["third-9"]);
}

async fn chain_of_twenty(route: Route) {
    let mut turns: Vec<Turn> = (0..20)
        .map(|step| call(bash(&format!("echo step-{step} >> chain; wc -l < chain"))))
        .collect();
    turns.push(Turn::text("Twenty steps."));
    let road = route.turns(turns).await;
    let claude = road.claude();
    let run = claude.ask("go", &[]).await;
    assert_eq!(run.assert_ok().answer(), "Twenty steps.");
    assert_proper(&road, 21);
    let written = std::fs::read_to_string(claude.work().join("chain")).expect("the chain's file");
    let wanted: Vec<String> = (0..20).map(|step| format!("step-{step}")).collect();
    assert_eq!(written.lines().collect::<Vec<_>>(), wanted);
    for (step, seen) in road.strict.seen().iter().skip(1).enumerate() {
        assert_eq!(seen.results, [(step + 1).to_string()]);
    }
}

/// What breaks first when a converter escapes, splits or joins wrongly. Without `\u0041`: Claude
/// Code itself turns that into `A` before it writes.
const AWKWARD: &str = "say \"hi\" 'there' \\ \\n \\\\ {\"a\": [1]}\n\ttab\r\n日本語 中文 한국어 \
    🙂👩‍👩‍👧‍👦 \u{2028} é e\u{301} \u{1}\u{7f} ${HOME} `x` </invoke> data: [DONE]\n\nend";

async fn write_then_read(route: Route) {
    let folder = TempDir::with_prefix("transom-file-").expect("a temporary folder");
    let file = folder.path().join("awkward.txt");
    let written = json!({ "file_path": file, "content": AWKWARD });
    let turns = vec![
        Turn::call("Write", &written),
        Turn::call("Read", &json!({ "file_path": file })),
        Turn::text("Written and read."),
    ];
    let slow = |turn: Turn| turn.delivered(Delivery::Characters).byte_by_byte();
    let road = route.turns(turns.into_iter().map(slow).collect()).await;
    let run = road.claude().ask("write it, read it", &[]).await;
    assert_eq!(run.assert_ok().answer(), "Written and read.");
    assert_proper(&road, 3);
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), AWKWARD);
    let read = &road.strict.seen()[2].results[0];
    assert!(read.contains("日本語 中文 한국어 🙂👩‍👩‍👧‍👦"), "{read}");
}

async fn reasoning(route: Route) {
    let turns = vec![
        call(bash("echo x")).reasoning("First I think about it."),
        Turn::text("Done.").reasoning("Then I think again."),
    ];
    let road = route.turns(turns).await;
    let run = road.claude().ask("think", &[]).await;
    assert_eq!(run.assert_ok().answer(), "Done.");
    let thoughts: Vec<_> = run
        .blocks("thinking")
        .iter()
        .map(|block| block["thinking"].clone())
        .collect();
    assert_eq!(thoughts, ["First I think about it.", "Then I think again."]);
    assert_proper(&road, 2);
}

async fn resume(route: Route) {
    let turns = vec![
        call(bash("echo remembered")),
        Turn::text("The first answer."),
        Turn::text("The second answer."),
    ];
    let road = route.turns(turns).await;
    let claude = road.claude();
    let first = claude.ask("begin", &[]).await;
    assert_eq!(first.assert_ok().answer(), "The first answer.");
    let second = claude.ask("go on", &["--resume", first.session()]).await;
    assert_eq!(second.assert_ok().answer(), "The second answer.");
    assert_proper(&road, 3);
    let history = road.strict.seen()[2].body.to_string();
    assert!(history.contains("remembered") && history.contains("The first answer."));
}

async fn non_stream(route: Route) {
    let turns = vec![
        call(bash("echo whole"))
            .saying("Whole.")
            .failing(Fault::StreamError),
        Turn::text("In the end.").failing(Fault::StreamError),
    ];
    let road = route.turns(turns).await;
    let run = road.claude().ask("try", &[]).await;
    assert_eq!(run.assert_ok().answer(), "In the end.");
    road.strict.assert_no_violation();
    let seen = road.strict.seen();
    let streams: Vec<bool> = seen.iter().map(|one| one.streaming).collect();
    assert_eq!(streams, [true, false, true, false]);
    assert_eq!(seen[2].results, ["whole"]);
}

async fn web_search(route: Route) {
    let turns = vec![
        Turn::call("WebSearch", &json!({ "query": "transom windows" })),
        Turn::text("I could not search."),
    ];
    let road = route.turns(turns).await;
    let claude = road.claude();
    let claude = claude.env("CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS", "1");
    let run = claude.ask("search", &[]).await;
    assert_eq!(run.assert_ok().answer(), "I could not search.");
    // The search itself was answered on the way: the upstream saw the turns before and after.
    assert_proper(&road, 2);
    let told = &road.strict.seen()[1].results[0];
    assert!(
        told.contains("Web search is not available through this provider."),
        "{told}"
    );
}

async fn overflow(route: Route) {
    let road = route
        .script(|seen| {
            let summarised = seen.body.to_string().contains("A scripted summary.");
            // The request for a summary comes as a message of the user, or at the end of a result.
            let mut texts = std::iter::once(&seen.prompt).chain(&seen.results);
            let asked = texts.any(|text| text.contains("summary"));
            match seen.answers {
                _ if summarised => Turn::text("Gone on."),
                _ if asked => Turn::text("<summary>A scripted summary.</summary>"),
                0..4 => call(bash("echo step")),
                _ => Turn::text("never").failing(Fault::ContextOverflow),
            }
        })
        .await;
    let run = road.claude().ask("work", &[]).await;
    assert_eq!(run.assert_ok().answer(), "Gone on.");
    // Four steps, the one that is too long, the summary, and on.
    assert_proper(&road, 7);
}
