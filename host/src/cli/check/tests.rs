//! What `check` shows of good and bad configurations.

use super::*;
use crate::registry::{About, Refusal};

const GOOD: &str = "{
  providers: [
    { name: 'cerebras', base_url: 'https://api.cerebras.ai/v1', api_key: '$KEY', transformer: 'cerebras',
      models: [{ id: 'm', context_window: 9000 }] },
    { name: 'zai', base_url: 'https://api.z.ai/api/anthropic', api_key: '$NOT_SET', transformer: 'zai' },
    { name: 'mine', base_url: 'http://127.0.0.1:9', transformer: ['shout', 'openai'] },
  ],
  router: { default: 'cerebras,m' },
  aliases: { fast: 'zai,glm' },
}";

fn env(name: &str) -> Option<String> {
    (name == "KEY").then(|| "csk-0123456789".to_owned())
}

fn report(
    text: &str,
    components: impl FnOnce(&Config) -> Result<Vec<Component>, Problem>,
) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.json5");
    std::fs::write(&path, text).unwrap();
    Report::of(Some(&path), &env, |config, _| {
        let router = None;
        components(config).map(|transformers| Found {
            transformers,
            router,
        })
    })
}

#[test]
fn every_provider_is_named_with_the_state_of_its_key() {
    let report = report(GOOD, |_| Ok(Vec::new()));
    let shown = report.to_string();
    for line in [
        "  cerebras  key set  transformer cerebras  https://api.cerebras.ai/v1\n",
        "  zai       key missing NOT_SET  transformer zai  https://api.z.ai/api/anthropic\n",
        "  mine      key none  transformer shout,openai  http://127.0.0.1:9/\n",
        "  default -> cerebras,m\n",
        "  model fast -> zai,glm\n",
        "1 warning\n",
        "no problem found\n",
    ] {
        assert!(shown.contains(line), "`{line}` is not in:\n{shown}");
    }
    assert!(!shown.contains("csk-"));
    assert_eq!(
        format!("{:?}", report.exit_code()),
        format!("{:?}", ExitCode::SUCCESS)
    );
}

#[test]
fn providers_are_named_even_if_the_configuration_has_problems() {
    let text = GOOD
        .replace("router:", "ruoter:")
        .replace("'zai,glm'", "'zia,glm'");
    let report = report(&text, |config| {
        assert_eq!(config.providers.len(), 3, "what is right is looked at");
        Ok(vec![broken(
            "shout",
            About::Component,
            "it does not compile",
        )])
    });
    let shown = report.to_string();
    assert!(shown.contains("zai       key missing NOT_SET"), "{shown}");
    assert!(shown.contains("3 problems\n"), "{shown}");
    assert!(
        shown.contains(
            "c.json5:8: ruoter: the setting `ruoter` is not known\n      did you mean `router`?"
        ),
        "{shown}"
    );
    assert!(
        shown.contains(
            "c.json5:9: aliases.fast: the provider `zia` is not known\n      did you mean `zai`?"
        ),
        "{shown}"
    );
    assert_eq!(
        format!("{:?}", report.exit_code()),
        format!("{:?}", ExitCode::from(2))
    );
}

/// A component that is not usable, for this reason.
fn broken(name: &str, about: About, message: &str) -> Component {
    let refusal = Refusal {
        about,
        file: Some(format!("/t/{name}.wasm").into()),
        message: message.to_owned(),
        inside: None,
        remedy: Some("do this".to_owned()),
    };
    Component {
        name: name.to_owned(),
        usable: false,
        source: None,
        path: None,
        sha256: None,
        shadows_builtin: false,
        notices: Vec::new(),
        refusals: vec![refusal],
    }
}

#[track_caller]
fn assert_shown(report: &Report, expected: &[&str]) {
    let shown = report.to_string();
    for part in expected {
        assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
    }
}

#[test]
fn problems_of_components_are_told_as_those_of_the_file_where_they_have_to_be_mended() {
    let text = GOOD
        .replace(
            "transformer: 'zai' }",
            "transformer: 'zai',\n options: {\n pth: 1 } }",
        )
        .replace("aliases:", "pins: {\n cerebras: 'P' },\n  aliases:")
        .replace("'P'", &format!("'{}'", "0".repeat(64)));
    let report = report(&text, |config| {
        assert_eq!(config.providers.len(), 3);
        let options = About::Options(bytes::Bytes::from_static(b"{\"pth\":1}"));
        Ok(vec![
            broken("cerebras", About::Pin, "its sha256 is another"),
            broken("shout", About::Component, "it does not compile"),
            broken("zai", options, "options.pth: no such option"),
        ])
    });
    assert!(!report.ok);
    assert_shown(
        &report,
        &[
            "3 problems\n",
            "  shout: problem, see below\n",
            "c.json5:7: providers[1].options.pth: transformer `zai`: no such option\n      do this\n",
            "c.json5:8: providers[2].transformer[0]: transformer `shout`: it does not compile (/t/shout.wasm)\n      do this\n",
            "c.json5:12: pins.cerebras: transformer `cerebras`: its sha256 is another (/t/cerebras.wasm)\n      do this\n",
        ],
    );
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["problems"][0]["path"], "providers[1].options.pth");
    assert_eq!(json["problems"][1]["line"], 8);
    assert_eq!(json["transformers"][1]["usable"], false);
}

#[test]
fn a_file_before_a_built_in_is_a_warning_and_notices_are_shown() {
    let report = report(GOOD, |_| {
        Ok(vec![Component {
            usable: true,
            source: Some("file"),
            path: Some("/t/zai.wasm".into()),
            sha256: Some("ab12cd3456".to_owned()),
            shadows_builtin: true,
            notices: vec!["mind the gap".to_owned()],
            refusals: Vec::new(),
            ..broken("zai", About::Component, "")
        }])
    });
    assert!(report.ok);
    assert_shown(
        &report,
        &[
            "  zai: /t/zai.wasm, sha256:ab12cd34\n      mind the gap\n",
            "c.json5:5: providers[1].transformer: /t/zai.wasm stands before the built-in of that name\n      remove the file",
        ],
    );
}

#[test]
fn programs_read_the_same_as_json() {
    let json: serde_json::Value =
        serde_json::from_str(&report(GOOD, |_| Ok(Vec::new())).to_json()).unwrap();
    assert_eq!(json["ok"], true);
    assert_eq!(json["providers"][1]["key"], "missing");
    assert_eq!(json["providers"][1]["variable"], "NOT_SET");
    assert_eq!(json["routes"]["default"], "cerebras,m");
    assert_eq!(json["context_window"], 9000);
    assert_eq!(json["warnings"][0]["line"], 5);
}

#[test]
fn without_a_file_it_says_where_one_goes() {
    let home = |name: &str| (name == "HOME").then(|| "/home/u".to_owned());
    let report = Report::of(None, &home, |_, _| Ok(Found::default()));
    assert_shown(
        &report,
        &["put one at /home/u/.config/transom/config.json5"],
    );
    assert!(report.ok);
}
