//! What the name of a model says of it.
//!
//! Sources: the types of openai 3.54.0 (`reasoning_effort`); which model takes which effort is from memory.

use crate::{Options, options::When};

/// Beginnings of names of models that reason.
const REASONS: [&str; 6] = ["o1", "o3", "o4", "gpt-5", "codex", "gpt-oss"];

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
    let name = bare(model);
    REASONS.iter().any(|known| name.starts_with(known)) && !name.contains("-chat")
}

/// The efforts that the model takes.
pub(crate) fn efforts<'o>(model: &str, options: &'o Options) -> Vec<&'o str> {
    if !options.effort_set.is_empty() {
        return options.effort_set.iter().map(String::as_str).collect();
    }
    let name = bare(model);
    let Some(five) = name.strip_prefix("gpt-5") else {
        return vec!["low", "medium", "high"];
    };
    match five.strip_prefix('.').and_then(|rest| rest.get(..1)) {
        // gpt-5 itself.
        None => vec!["minimal", "low", "medium", "high"],
        Some("1") => vec!["none", "low", "medium", "high"],
        Some("2" | "3" | "4" | "5") => vec!["none", "low", "medium", "high", "xhigh"],
        Some(_) => vec!["none", "low", "medium", "high", "xhigh", "max"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_who_reasons_and_how_hard() {
        let options = Options::default();
        for (name, does) in [
            ("gpt-5.4", true),
            ("openai/o3-mini", true),
            ("gpt-5-chat-latest", false),
            ("gpt-4.1", false),
        ] {
            assert_eq!(reasons(name, &options), does, "{name}");
            assert_eq!(samples(name, &options), !does, "{name}");
        }
        assert_eq!(efforts("gpt-5", &options)[0], "minimal");
        assert_eq!(efforts("gpt-5.4", &options)[0], "none");
        assert_eq!(efforts("o3", &options), ["low", "medium", "high"]);
    }
}
