//! What ccr's transformers of one model become: they hold for it alone, beside those of its provider.

use serde_json::json;

use super::{options, with};

fn of(transformer: &str) -> serde_json::Value {
    let provider = format!(
        "api_base_url: 'https://x.test/v1/chat/completions', transformer: {{ {transformer} }}"
    );
    options(&with(&provider)).1
}

#[test]
fn they_hold_for_no_model_whose_name_only_begins_like_it() {
    let options = of("'gpt-5': { use: ['tooluse'] }, 'z-ai/glm-4.5': { use: ['reasoning'] }");
    let models = json!({
        "gpt-5$": { "force_tools": true },
        "z-ai/glm-4.5$": { "thinking_style": "enable_thinking" },
    });
    assert_eq!(options, json!({ "models": models }));
}

#[test]
fn what_the_provider_puts_into_the_body_stays() {
    let options = of(
        "use: [['customparams', { metadata: { a: 1 }, only: 1 }], ['sampling', { top_k: 4 }]], \
         one: { use: [['customparams', { only: 2 }]] }, other: { use: ['tooluse'] }",
    );
    let models = json!({
        "one$": { "extra_body": { "metadata": { "a": 1 }, "top_k": 4, "only": 2 } },
        "other$": { "force_tools": true },
    });
    let all = json!({ "metadata": { "a": 1 }, "only": 1, "top_k": 4 });
    assert_eq!(options, json!({ "extra_body": all, "models": models }));
}
