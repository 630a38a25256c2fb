//! For build scripts: writes what `config/profiles/openai.json5` says of models, so that every transformer that speaks
//! to OpenAI finds the same there. Knows no option.

use jsonc_parser::{ParseOptions, parse_to_serde_value};
use serde_json::Value;
use std::error::Error;
use std::path::Path;

/// Writes `models.rs` into `OUT_DIR`: beginnings of model names and options, as JSON, the shorter beginning first.
pub(crate) fn write() -> Result<(), Box<dyn Error>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/profiles/openai.json5");
    println!("cargo::rerun-if-changed={}", file.display());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../models.rs");
    let text = std::fs::read_to_string(&file)?;
    let profile: Value = parse_to_serde_value(&text, &ParseOptions::default())?;
    let models = profile["models"].as_object().ok_or("it has no models")?;
    let rules = models
        .iter()
        .map(|(name, options)| (name.clone(), options.to_string()));
    let mut rules: Vec<(String, String)> = rules.collect();
    // What is said of a longer beginning stands behind what it is stronger than.
    rules.sort();
    let out = Path::new(&std::env::var("OUT_DIR")?).join("models.rs");
    std::fs::write(out, format!("&{rules:?}"))?;
    Ok(())
}
