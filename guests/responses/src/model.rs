//! What the name of a model says of it: what the profile `openai` of chat completions says, with its sources.

use crate::{Options, options::When};
use sdk::json::{Members, RawValue, from_str};

/// Beginnings of names, and options of chat completions.
const MODELS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// What models reason with about which nothing else is known.
const USUAL: [&str; 3] = ["low", "medium", "high"];

/// Whether the model reasons.
pub(crate) fn reasons(model: &str, options: &Options) -> bool {
    when(options.reasoning, by_name(model))
}

/// Whether it takes sampling.
pub(crate) fn samples(model: &str, options: &Options) -> bool {
    when(options.sampling, !by_name(model))
}

fn when(when: When, by_name: bool) -> bool {
    match when {
        When::Model => by_name,
        When::Always => true,
        When::Never => false,
    }
}

/// Hosts put the vendor before the name.
fn bare(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

fn by_name(model: &str) -> bool {
    // Models that others serve are not among OpenAI's.
    bare(model).starts_with("gpt-oss") || said(model, "thinking_style") == Some(r#""effort""#)
}

/// What is said of an option for this model, as JSON: the longest beginning of its name counts.
fn said(model: &str, option: &str) -> Option<&'static str> {
    let fit = MODELS.iter().rev();
    let mut fit = fit.filter(|(known, _)| bare(model).starts_with(known));
    fit.find_map(|(_, options)| {
        let options: Members<'_> = from_str(options).ok()?;
        options.get(option).map(RawValue::get)
    })
}

/// The efforts that the model takes.
pub(crate) fn efforts<'o>(model: &str, options: &'o Options) -> Vec<&'o str> {
    if !options.effort_set.is_empty() {
        return options.effort_set.iter().map(String::as_str).collect();
    }
    let known = said(model, "effort_set").and_then(|set| from_str(set).ok());
    known.unwrap_or_else(|| USUAL.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_who_reasons_and_how_hard() {
        let options = Options::default();
        for (name, does) in [
            ("gpt-5.4", true),
            ("gpt-6", true),
            ("gpt-oss-120b", true),
            ("openai/o3-mini", true),
            ("gpt-5-chat-latest", false),
            ("gpt-4.1", false),
        ] {
            assert_eq!(reasons(name, &options), does, "{name}");
            assert_eq!(samples(name, &options), !does, "{name}");
        }
        assert_eq!(efforts("gpt-5", &options)[0], "minimal");
        assert_eq!(efforts("gpt-5.4", &options)[0], "none");
        assert_eq!(efforts("openai/gpt-5-pro", &options), ["high"]);
        assert_eq!(efforts("gpt-5.1-codex-mini", &options)[0], "low");
        assert_eq!(
            efforts("gpt-5.1-codex-max", &options).last(),
            Some(&"xhigh")
        );
        assert_eq!(efforts("gpt-5.4-pro", &options)[0], "medium");
        assert_eq!(efforts("o3", &options), ["low", "medium", "high"]);
    }
}
