//! For build scripts: reads `config/profiles` and writes the options that one transformer finds there, so that its
//! component needs no file. Knows neither option.

use jsonc_parser::{ParseOptions, parse_to_serde_value};
use serde_json::{Map, Value};
use std::error::Error;
use std::path::Path;

/// What a profile says beside options: for people, and for programs that write configurations.
const FOR_PEOPLE: [&str; 4] = ["$schema", "base_url", "anthropic_base_url", "key"];

/// Which of a provider's endpoints.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(dead_code, reason = "each build script wants one of them")]
pub(crate) enum Side {
    /// Chat completions: `options` and `models`.
    Chat,
    /// The Messages API: the same below `anthropic`.
    Anthropic,
}

/// Writes `profiles.rs` into `OUT_DIR`: name and options, as JSON, of each profile with this side.
pub(crate) fn write(side: Side) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/profiles");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../profiles.rs");
    let mut profiles = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if let Some(name) = name.strip_suffix(".json5") {
            let options = options(&std::fs::read_to_string(&path)?, side)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            profiles.extend(options.map(|options| (name.to_owned(), options)));
        }
    }
    profiles.sort();
    let out = Path::new(&std::env::var("OUT_DIR")?).join("profiles.rs");
    std::fs::write(out, format!("&{profiles:?}"))?;
    Ok(())
}

/// The options of one side of a profile, if it has that side.
fn options(text: &str, side: Side) -> Result<Option<String>, Box<dyn Error>> {
    let read: Value = parse_to_serde_value(text, &ParseOptions::default())?;
    let Value::Object(mut profile) = read else {
        return Err("it is no object".into());
    };
    profile.retain(|name, value| !(FOR_PEOPLE.contains(&name.as_str()) && value.is_string()));
    let anthropic = profile.remove("anthropic");
    let of_side = match (side, anthropic) {
        (Side::Chat, _) => profile,
        (Side::Anthropic, None) => return Ok(None),
        (Side::Anthropic, Some(Value::Object(anthropic))) => anthropic,
        (Side::Anthropic, Some(_)) => return Err("anthropic: it is no object".into()),
    };
    Ok(Some(as_transformers_read_it(of_side)?))
}

/// Options and rules for models in one object.
fn as_transformers_read_it(side: Map<String, Value>) -> Result<String, Box<dyn Error>> {
    let mut options = Map::new();
    for (name, value) in side {
        match (name.as_str(), value) {
            ("options", Value::Object(given)) => options.extend(given),
            ("models", models @ Value::Object(_)) => {
                options.insert(name, models);
            }
            _ => return Err(format!("{name}: no such member, or of another type").into()),
        }
    }
    Ok(Value::Object(options).to_string())
}
