//! What `check` shows of good and bad configurations.

use super::*;

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

fn report(text: &str, components: impl FnOnce(&Config) -> Vec<Finding>) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.json5");
    std::fs::write(&path, text).unwrap();
    Report::of(Some(&path), &env, components)
}

#[test]
fn every_provider_is_named_with_the_state_of_its_key() {
    let report = report(GOOD, |_| Vec::new());
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
    let report = report(&text, |_| {
        panic!("there is no valid configuration to ask about")
    });
    let shown = report.to_string();
    assert!(shown.contains("zai       key missing NOT_SET"), "{shown}");
    assert!(shown.contains("2 problems\n"), "{shown}");
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

#[test]
fn a_component_that_does_not_work_is_a_problem() {
    let report = report(GOOD, |config| {
        assert_eq!(config.providers.len(), 3);
        vec![Finding {
            transformer: "shout".to_owned(),
            severity: Severity::Problem,
            message: "there is no such component".to_owned(),
            remedy: Some("put shout.wasm into the transformers folder".to_owned()),
        }]
    });
    assert!(!report.ok);
    let shown = report.to_string();
    assert!(
        shown.contains("  shout: problem: there is no such component\n      put shout.wasm"),
        "{shown}"
    );
}

#[test]
fn programs_read_the_same_as_json() {
    let json: serde_json::Value =
        serde_json::from_str(&report(GOOD, |_| Vec::new()).to_json()).unwrap();
    assert_eq!(json["ok"], true);
    assert_eq!(json["providers"][1]["key"], "missing");
    assert_eq!(json["providers"][1]["variable"], "NOT_SET");
    assert_eq!(json["routes"]["default"], "cerebras,m");
    assert_eq!(json["context_window"], 9000);
    assert_eq!(json["warnings"][0]["line"], 5);
}

#[test]
fn without_a_file_it_says_where_one_goes() {
    let report = Report::of(None, &env, |_| Vec::new());
    assert!(
        report
            .to_string()
            .contains("~/.config/transom/config.json5")
    );
    assert!(report.ok);
}
