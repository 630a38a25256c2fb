//! What the name of a model says of it. Where it says nothing, the newest family is meant.
//!
//! Sources: the page on thinking of Google's documentation of the Gemini API; `ThinkingConfig` and
//! `ThinkingLevel` of google-genai 3.4.0.

use crate::{Options, options::Thinking};

/// How a model is told how hard to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thinks {
    /// It cannot think, or must not be told.
    No,
    /// By a budget in tokens, within this range.
    Budget {
        least: u64,
        most: u64,
        /// 0 switches thinking off.
        off: bool,
    },
    /// By one of these words.
    Level(&'static [&'static str]),
}

const FLASH: Thinks = Thinks::Budget {
    least: 1,
    most: 24_576,
    off: true,
};
const FLASH_LITE: Thinks = Thinks::Budget {
    least: 512,
    most: 24_576,
    off: true,
};
const PRO: Thinks = Thinks::Budget {
    least: 128,
    most: 32_768,
    off: false,
};

/// How the model of an exchange is told.
pub(crate) fn thinks(model: &str, options: &Options) -> Thinks {
    let name = model.rsplit('/').next().unwrap_or(model);
    let family = by_name(name);
    match (options.thinking, family) {
        (Thinking::Off, _) => Thinks::No,
        (Thinking::Model, _)
        | (Thinking::Budget, Thinks::Budget { .. })
        | (Thinking::Level, Thinks::Level(_)) => family,
        (Thinking::Budget, _) => FLASH,
        (Thinking::Level, _) => Thinks::Level(&["low", "medium", "high"]),
    }
}

fn by_name(name: &str) -> Thinks {
    let old = ["gemini-1", "gemini-2.0", "gemini-exp", "gemini-gemma"];
    if !name.starts_with("gemini") || old.iter().any(|old| name.starts_with(old)) {
        return Thinks::No;
    }
    let flash = name.contains("flash");
    if name.starts_with("gemini-2.5") {
        return match (flash, name.contains("lite")) {
            (true, true) => FLASH_LITE,
            (true, false) => FLASH,
            (false, _) => PRO,
        };
    }
    Thinks::Level(if flash {
        &["minimal", "low", "medium", "high"]
    } else if name.starts_with("gemini-3-pro") {
        &["low", "high"]
    } else {
        &["low", "medium", "high"]
    })
}

/// Whether the model refuses a call without the signature that it was given with.
pub(crate) fn wants_signatures(thinks: Thinks) -> bool {
    matches!(thinks, Thinks::Level(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_family() {
        let of = |name: &str| thinks(name, &Options::default());
        assert_eq!(of("gemini-2.0-flash"), Thinks::No);
        assert_eq!(of("gemma-3-27b-it"), Thinks::No);
        assert_eq!(
            of("gemini-pro-latest"),
            Thinks::Level(&["low", "medium", "high"])
        );
        assert_eq!(of("gemini-2.5-flash"), FLASH);
        assert_eq!(of("models/gemini-2.5-flash-lite"), FLASH_LITE);
        assert_eq!(of("gemini-2.5-pro"), PRO);
        assert_eq!(of("gemini-3-pro-preview"), Thinks::Level(&["low", "high"]));
        let words: &[&str] = &["minimal", "low", "medium", "high"];
        assert_eq!(of("gemini-3.8-flash"), Thinks::Level(words));
        assert_eq!(of("gemini-4"), Thinks::Level(&["low", "medium", "high"]));
        let told = Options {
            thinking: Thinking::Budget,
            ..Options::default()
        };
        assert_eq!(thinks("my-tuned-model", &told), FLASH);
    }
}
