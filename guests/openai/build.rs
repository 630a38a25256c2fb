//! Puts the profiles of `config/profiles` into the component, so that it needs no file: name and options of each,
//! as JSON.

use jsonc_parser::{ParseOptions, parse_to_serde_value};
use serde_json::{Map, Value};
use std::error::Error;
use std::path::Path;

/// What a profile says beside options: for people, and for programs that write configurations.
const FOR_PEOPLE: [&str; 4] = ["$schema", "base_url", "anthropic_base_url", "key"];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/profiles");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut profiles = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if let Some(name) = name.strip_suffix(".json5") {
            let options = options(&std::fs::read_to_string(&path)?)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            profiles.push((name.to_owned(), options));
        }
    }
    profiles.sort();
    let out = Path::new(&std::env::var("OUT_DIR")?).join("profiles.rs");
    std::fs::write(out, format!("&{profiles:?}"))?;
    Ok(())
}

/// The options of a profile with its rules for models among them, as the transformer reads them.
fn options(text: &str) -> Result<String, Box<dyn Error>> {
    let read: Value = parse_to_serde_value(text, &ParseOptions::default())?;
    let Value::Object(profile) = read else {
        return Err("it is no object".into());
    };
    let mut options = Map::new();
    for (name, value) in profile {
        match (name.as_str(), value) {
            ("options", Value::Object(given)) => options.extend(given),
            ("models", models) => {
                options.insert(name, models);
            }
            (known, Value::String(_)) if FOR_PEOPLE.contains(&known) => {}
            _ => return Err(format!("{name}: no such member, or of another type").into()),
        }
    }
    Ok(Value::Object(options).to_string())
}
