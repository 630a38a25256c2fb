//! Questions on a terminal: a key is not shown, a route is picked by number.

use super::home;
use crate::harness::host::Builder;
use crate::harness::terminal::dialogue;

#[test]
fn init_asks_for_provider_and_key_and_does_not_show_the_key() {
    let builder = Builder::new();
    let command = builder.unconfigured(&["config", "init"]);
    let answers = [
        ("Which provider [cerebras]: ", "2\n"),
        ("(not shown): ", "zai-typed-01234x\x7f\n"),
    ];
    let (seen, code) = dialogue(&command, &answers);
    assert_eq!(code, 0, "{seen}");
    assert!(!seen.contains("zai-typed"), "{seen}");
    let env = home(&builder).join("config/transom/env");
    let env = std::fs::read_to_string(env).expect("an env file");
    assert!(env.contains("ZAI_API_KEY=zai-typed-01234\n"), "{env}");
}

#[test]
fn a_key_can_be_refused_to_be_typed() {
    let builder = Builder::new();
    let command = builder.unconfigured(&["key", "set", "SOME_KEY"]);
    let (seen, code) = dialogue(&command, &[("(not shown): ", "\x03")]);
    assert_eq!(code, 1, "{seen}");
    assert!(!home(&builder).join("config/transom/env").exists());
}

#[test]
fn a_route_is_picked_by_number() {
    let builder = Builder::new();
    let file = home(&builder).join("config.json");
    std::fs::write(&file, include_str!("../ccr/two-providers.json")).expect("write it");
    let path = file.display().to_string();
    let command = builder.unconfigured(&["model", "--config", &path]);
    let answers = [
        ("Which route [default]: ", "3\n"),
        ("PROVIDER,MODEL)", "6\n"),
    ];
    let (seen, code) = dialogue(&command, &answers);
    assert_eq!(code, 0, "{seen}");
    let after = std::fs::read_to_string(&file).expect("the file");
    assert!(after.contains("\"think\": \"zai,glm-4.5-air\""), "{after}");
}
