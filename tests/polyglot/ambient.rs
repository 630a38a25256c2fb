//! What a script learns of where it runs: nothing, and the same in each run of an exchange.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::installed::{checkout, componentize, passed};

/// Answers with all that QuickJS can ask for.
const PROBE: &str = r#"
import { Exchange, define } from "./sdk/sdk.js";

class Probe extends Exchange {
  request() {
    const random = [Math.random(), Math.random()];
    const known = ["process", "require", "fetch", "std", "os", "crypto"].filter((name) => name in globalThis);
    const inside = random.every((number) => number >= 0 && number < 1) && random[0] !== random[1];
    const learned = { now: Date.now(), date: new Date().toISOString(), inside, known, random };
    const content = [{ type: "text", text: JSON.stringify(learned) }];
    const usage = { input_tokens: 1, output_tokens: 1 };
    return {
      answer: {
        id: "msg_1", type: "message", role: "assistant", model: "m", content,
        stop_reason: "end_turn", stop_sequence: null, usage,
      },
    };
  }
}

export const transformer = define({ name: "probe", version: "0.1.0", exchange: Probe });
"#;

#[test]
fn a_script_has_no_time_no_files_no_network_and_numbers_that_follow_from_the_exchange() {
    let home = TempDir::new().expect("a temporary folder");
    let (root, sdk) = (home.path(), home.path().join("sdk"));
    fs::create_dir(&sdk).expect("a fresh folder");
    for entry in fs::read_dir(checkout("guests/js/sdk")).expect("the SDK") {
        let from = entry.expect("an entry").path();
        fs::copy(&from, sdk.join(from.file_name().unwrap())).expect("a copy");
    }
    let (source, component) = (root.join("transformer.js"), root.join("probe.wasm"));
    fs::write(&source, PROBE).expect("it is ours");
    componentize(root, &source, &component);

    let expected = |random: &str| {
        let learned = format!(
            r#"{{"now":0,"date":"1970-01-01T00:00:00.000Z","inside":true,"known":[],"random":{random}}}"#
        );
        let message = json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": [{ "type": "text", "text": learned }],
            "stop_reason": "end_turn", "stop_sequence": null,
            "usage": { "input_tokens": 1, "output_tokens": 1 },
        });
        message.to_string()
    };
    // Of the id of the exchange that a case has by default, and of another one.
    let other = "exchange_id: \"1123456789abcdefghijABCD\"";
    let cases = [
        ("usual", "", OF_THE_USUAL_EXCHANGE),
        ("other", other, OF_ANOTHER_EXCHANGE),
    ];
    let fixtures = root.join("fixtures");
    for (name, context, random) in &cases {
        let folder = fixtures.join(name);
        fs::create_dir_all(&folder).expect("a fresh folder");
        let case = format!(
            "{{ why: \"w\", source: \"s\", context: {{ {context} }}, request: {{ answer: true }} }}"
        );
        fs::write(folder.join("case.json5"), case).expect("it is ours");
        fs::write(folder.join("response.client.json"), expected(random)).expect("it is ours");
    }
    assert_eq!(passed(&component, &fixtures), cases.len());
}

const OF_THE_USUAL_EXCHANGE: &str = "[0.9908283536788076,0.8209122207481414]";
const OF_ANOTHER_EXCHANGE: &str = "[0.9044160996563733,0.5059471866115928]";
