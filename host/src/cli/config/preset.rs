//! Providers that `config init` knows: where they are, what they speak, which model to begin with.

use crate::config::nearest;

/// A provider to begin with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Preset {
    pub(super) name: &'static str,
    pub(super) base_url: &'static str,
    pub(super) transformer: &'static str,
    /// Lines of its entry beside the usual ones.
    pub(super) more: &'static str,
    /// Where its key usually stands; empty: it wants none.
    pub(super) variable: &'static str,
    /// The first is the default route; the second, if there is one, serves small side requests.
    pub(super) models: &'static [&'static str],
}

pub(super) const PRESETS: [Preset; 9] = [
    Preset {
        name: "cerebras",
        base_url: "https://api.cerebras.ai/v1",
        transformer: "cerebras",
        more: "",
        variable: "CEREBRAS_API_KEY",
        models: &["gpt-oss-120b"],
    },
    Preset {
        name: "zai",
        base_url: "https://api.z.ai/api/anthropic",
        transformer: "zai",
        more: "",
        variable: "ZAI_API_KEY",
        models: &["glm-4.7", "glm-4.5-air"],
    },
    Preset {
        name: "anthropic",
        base_url: "https://api.anthropic.com",
        transformer: "anthropic",
        more: "",
        variable: "ANTHROPIC_API_KEY",
        models: &["claude-sonnet-5-5", "claude-haiku-5-5"],
    },
    Preset {
        name: "openai",
        base_url: "https://api.openai.com/v1",
        // Its chat completions do not think beside tools.
        transformer: "responses",
        more: "",
        variable: "OPENAI_API_KEY",
        models: &["gpt-5.4"],
    },
    Preset {
        name: "deepseek",
        base_url: "https://api.deepseek.com",
        transformer: "openai",
        more: "      options: { profile: \"deepseek\" },\n",
        variable: "DEEPSEEK_API_KEY",
        models: &["deepseek-v4-pro", "deepseek-flash"],
    },
    Preset {
        name: "openrouter",
        base_url: "https://openrouter.ai/api/v1",
        transformer: "openai",
        more: "      options: { profile: \"openrouter\" },\n",
        variable: "OPENROUTER_API_KEY",
        models: &["openai/gpt-oss-120b"],
    },
    Preset {
        name: "groq",
        base_url: "https://api.groq.com/openai/v1",
        transformer: "openai",
        more: "      options: { profile: \"groq\" },\n",
        variable: "GROQ_API_KEY",
        models: &["openai/gpt-oss-120b"],
    },
    Preset {
        name: "ollama",
        base_url: "http://127.0.0.1:11434",
        transformer: "ollama",
        more: "",
        variable: "",
        models: &["gpt-oss:20b"],
    },
    Preset {
        name: "gemini",
        base_url: "https://generativelanguage.googleapis.com/v1beta",
        transformer: "gemini",
        more: "",
        variable: "GEMINI_API_KEY",
        models: &["gemini-3.1-pro-preview", "gemini-3.8-flash"],
    },
];

/// By name, or by its number in the list.
pub(super) fn find(word: &str) -> Result<&'static Preset, String> {
    let number = word.parse::<usize>().ok();
    let by_number = number.and_then(|number| PRESETS.get(number.checked_sub(1)?));
    let by_name = || {
        PRESETS
            .iter()
            .find(|preset| preset.name.eq_ignore_ascii_case(word))
    };
    by_number.or_else(by_name).ok_or_else(|| {
        let names = || PRESETS.iter().map(|preset| preset.name);
        let remedy = match nearest(word, names()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("known: {}", names().collect::<Vec<_>>().join(", ")),
        };
        format!("`{word}` is no provider that `config init` knows; {remedy}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn no_preset_begins_with_a_model_that_is_gone_or_unknown() {
        for preset in PRESETS {
            let url = preset.base_url.parse().unwrap();
            let vendor = catalog::vendor(&url, "");
            for model in preset.models {
                let facts = vendor.and_then(|vendor| catalog::facts(vendor, model));
                let listed = !matches!(preset.name, "openrouter" | "ollama");
                assert_eq!(facts.is_some(), listed, "{} {model}", preset.name);
                assert!(facts.is_none_or(|facts| facts.retires.is_none()), "{model}");
            }
        }
    }
}
