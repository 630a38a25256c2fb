//! How a round went: one line for a person, or one for a program.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::live::Went;

/// A round so far.
pub(super) struct Round {
    told: Vec<String>,
    fields: Map<String, Value>,
}

impl Round {
    pub(super) fn of(name: &str) -> Self {
        let mut round = Self {
            told: vec![name.to_owned()],
            fields: Map::new(),
        };
        round.set("name", json!(name));
        round
    }

    fn set(&mut self, field: &str, value: Value) {
        self.fields.insert(field.to_owned(), value);
    }

    pub(super) fn built(&mut self, took: Duration, warnings: usize) {
        self.set("build_ms", milliseconds(took));
        self.set("warnings", json!(warnings));
        let warnings = match warnings {
            0 => String::new(),
            1 => " with 1 warning".to_owned(),
            count => format!(" with {count} warnings"),
        };
        self.told
            .push(format!("built in {}{warnings}", shown(took)));
    }

    pub(super) fn compiled(&mut self, took: Duration) {
        self.set("compile_ms", milliseconds(took));
        self.told.push(format!("compiled in {}", shown(took)));
    }

    pub(super) fn tested(&mut self, took: Duration, cases: usize) {
        self.set("test_ms", milliseconds(took));
        self.set("cases", json!(cases));
        self.told.push(match cases {
            0 => "no fixtures to test with".to_owned(),
            1 => format!("1 case passed in {}", shown(took)),
            count => format!("{count} cases passed in {}", shown(took)),
        });
    }

    pub(super) fn went(&mut self, took: Duration, went: &Went, target: &Path) {
        self.set("live_ms", milliseconds(took));
        let name = self.told.first().cloned().unwrap_or_default();
        let (state, generation, replay) = match went {
            Went::Live(generation, replay) => ("live", Some(generation), replay.as_ref()),
            Went::Unchanged(generation) => ("unchanged", Some(generation), None),
            Went::Nowhere => ("put", None, None),
        };
        self.set("state", json!(state));
        self.set("generation", json!(generation));
        self.set("replay", json!(replay));
        let replay = replay.map(|replay| format!(" (replay: {replay})"));
        self.told.push(match went {
            Went::Live(generation, _) => {
                let replay = replay.unwrap_or_default();
                format!("live as {name}@{generation}{replay} in {}", shown(took))
            }
            Went::Unchanged(generation) => format!("unchanged: {name}@{generation} serves"),
            Went::Nowhere => format!("put into {} (no transom runs)", target.display()),
        });
    }

    pub(super) fn line(&self) -> String {
        self.told.join(", ")
    }

    pub(super) fn json(mut self, why: Option<&str>) -> String {
        self.set("ok", json!(why.is_none()));
        self.set("why", json!(why));
        Value::Object(self.fields).to_string()
    }
}

fn milliseconds(took: Duration) -> Value {
    json!((took.as_secs_f64() * 10_000.0).round() / 10.0)
}

fn shown(took: Duration) -> String {
    format!("{} ms", took.as_millis())
}
