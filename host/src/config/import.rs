//! A configuration of claude-code-router as text of our own, with what could not be carried over named in it.

use std::fmt::Write as _;
use std::path::Path;

use super::problem::{Problem, Problems};
use super::text::{Member, Node, Value};
use super::{Config, Env, Secret, ccr, env_file, hidden, text, write};
use names::Names;

mod names;
mod variable;

/// What becomes of keys that stand in the file itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiteralKeys {
    /// They stay where they are.
    Keep,
    /// A variable takes their place.
    Move,
}

/// How a file is translated.
#[derive(Debug, Clone, Copy)]
pub struct Importing {
    /// What becomes of keys in it.
    pub keys: LiteralKeys,
    /// It is for an installed service: clients must present a key, and components must be pinned.
    pub for_service: bool,
}

/// A translated file.
#[derive(Debug, Clone)]
pub struct Imported {
    /// JSON5.
    pub text: String,
    /// What was changed, and what could not be carried over.
    pub warnings: Vec<Problem>,
    /// Keys that stood in the file, by the variable that takes their place.
    pub keys: Vec<(String, Secret)>,
}

impl Config {
    /// Translates a configuration of claude-code-router.
    ///
    /// Errors: it cannot be read, is none, or has problems that its owner must mend first.
    pub fn import(path: &Path, env: Env<'_>, how: Importing) -> Result<Imported, Problems> {
        let file = Some(path.to_owned());
        let whole = |what: String, remedy: &str| {
            Problems::one(file.clone(), Problem::of_file(what, remedy))
        };
        let source = std::fs::read_to_string(path).map_err(|error| {
            let what = format!("the file cannot be read: {error}");
            whole(what, "name the configuration of claude-code-router")
        })?;
        let root = text::parse(&source).map_err(|problem| Problems::one(file.clone(), problem))?;
        if !ccr::recognised(&root) {
            let what = "this is no configuration of claude-code-router: it has no `Providers` with `api_base_url`";
            return Err(whole(what.to_owned(), "name another file"));
        }
        let mut translated = ccr::translate(&root, env);
        if !translated.problems.is_empty() {
            return Err(Problems::new(file, translated.problems));
        }
        let (variables, _) = env_file::read_all(&env_file::beside(path, env));
        // What the process has is stronger, also when the file is read later.
        let set = |name: &str| env(name).or_else(|| variables.get(name).cloned());
        let names = Names::new(how.keys, &set, &translated.root);
        let found = literal_keys(&mut translated.root, names);
        if how.for_service {
            guarded(&mut translated.root);
        }
        let mut out = format!(
            "// Made from {} by `transom config import`.\n",
            path.display()
        );
        for warning in &translated.warnings {
            // Infallible: a String takes whatever is written.
            let _ = writeln!(out, "// Line {}: {warning}.", warning.line);
        }
        out.push_str(&write::json5(&translated.root));
        Ok(Imported {
            text: out,
            warnings: translated.warnings,
            keys: found,
        })
    }
}

/// Adds what a service of its own machine has, where the file says nothing of it.
fn guarded(root: &mut Node) {
    let missing = [("api_key", "${TRANSOM_API_KEY:-}"), ("trust", "pinned")];
    let missing = missing.map(|(name, value)| (root.get(name).is_none(), name, value));
    let line = root.line;
    if let Value::Object(members) = &mut root.value {
        for (_, name, value) in missing.into_iter().filter(|(missing, ..)| *missing) {
            members.push(Member::new(name, Node::text(line, value.to_owned())));
        }
    }
}

/// Finds keys that are no variables, and puts variables in their places if they are to be moved.
fn literal_keys(root: &mut Node, mut names: Names<'_>) -> Vec<(String, Secret)> {
    let Value::Object(members) = &mut root.value else {
        return Vec::new();
    };
    // That of the clients first: no other one goes by its name.
    let inbound = members.iter_mut().find(|member| member.name == "api_key");
    names.inbound(match inbound.map(|member| &mut member.node.value) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    });
    let providers = members.iter_mut().find(|member| member.name == "providers");
    if let Some(Value::List(providers)) = providers.map(|member| &mut member.node.value) {
        for provider in providers {
            of_provider(provider, &mut names);
        }
    }
    names.found
}

fn of_provider(provider: &mut Node, names: &mut Names<'_>) {
    let usual = match provider.get("name").map(|name| &name.value) {
        Some(Value::String(name)) => variable_of(name),
        _ => return,
    };
    let Value::Object(members) = &mut provider.value else {
        return;
    };
    let key = members.iter_mut().find(|member| member.name == "api_key");
    match key.map(|member| &mut member.node.value) {
        Some(Value::String(text)) => names.take(text, &usual),
        Some(Value::List(keys)) => {
            for key in keys {
                if let Value::String(text) = &mut key.value {
                    names.take(text, &usual);
                }
            }
        }
        _ => {}
    }
    for member in members {
        if ["options", "transformer"].contains(&member.name.as_str()) {
            hidden::replace("", &mut member.node, &mut |called, key| {
                names.hidden(&usual, called, key)
            });
        }
    }
}

/// The usual variable of a provider's key: `NAME_API_KEY`.
pub fn variable_of(provider: &str) -> String {
    let name = screaming(provider);
    let digit = name.starts_with(|c: char| c.is_ascii_digit());
    format!("{}{name}_API_KEY", if digit { "_" } else { "" })
}

/// Letters of other scripts by their number, so that two names stay two.
fn screaming(text: &str) -> String {
    let capital = |c: char| match c {
        _ if c.is_ascii_alphanumeric() => c.to_ascii_uppercase().to_string(),
        _ if c.is_alphanumeric() => format!("U{:X}", u32::from(c)),
        _ => "_".to_owned(),
    };
    text.chars().map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str, keys: LiteralKeys) -> Result<Imported, Problems> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        let how = Importing {
            keys,
            for_service: false,
        };
        Config::import(&path, &|_| None, how)
    }

    #[test]
    fn an_imported_file_says_the_same_as_the_one_it_was_made_from() {
        for text in [
            include_str!("../../../tests/ccr/two-providers.json"),
            include_str!("../../../tests/ccr/every-key.json"),
        ] {
            let env = |name: &str| (name != "SERVICE_PORT").then(|| format!("value-of-{name}"));
            let imported = import(text, LiteralKeys::Keep).unwrap();
            let parsed = |text: &str| Config::parse(text, None, &env).unwrap().config;
            let (ours, theirs) = (parsed(&imported.text), parsed(text));
            let shown = |config: &Config| format!("{config:?}").replace("$$", "$");
            assert_eq!(shown(&ours), shown(&theirs));
            for warning in &imported.warnings {
                assert!(imported.text.contains(&warning.message), "{warning}");
            }
        }
    }

    #[test]
    fn literal_keys_give_way_to_variables_only_when_asked() {
        let text = include_str!("../../../tests/ccr/every-key.json");
        let kept = import(text, LiteralKeys::Keep).unwrap();
        assert!(kept.text.contains("sk-or-literal-0123456789"));
        let moved = import(text, LiteralKeys::Move).unwrap();
        assert!(!moved.text.contains("sk-or-literal-0123456789"));
        assert!(moved.text.contains("api_key: \"${OPENROUTER_API_KEY}\""));
        assert!(moved.text.contains("api_key: \"$DEEPSEEK_API_KEY\""));
        let names: Vec<_> = moved.keys.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["OPENROUTER_API_KEY", "VERTEX_API_KEY", "OLLAMA_API_KEY"]
        );
    }

    #[test]
    fn no_two_keys_go_by_one_name_and_none_by_a_name_that_means_another() {
        let text = "{ APIKEY: 'inbound-key-1', Providers: [
            { name: 'my-prov', api_base_url: 'https://x.test/v1/chat/completions', api_key: 'sk-one' },
            { name: 'my_prov', api_base_url: 'https://y.test/v1/chat/completions', api_key: 'sk-two' },
            { name: 'my.prov', api_base_url: 'https://y.test/v1/chat/completions', api_key: 'sk-one' },
            { name: 'transom', api_base_url: 'https://z.test/v1/chat/completions', api_key: 'inbound-key-1' },
            { name: 'set', api_base_url: 'https://z.test/v1/chat/completions', api_key: 'sk-set' },
            { name: 'b', api_base_url: 'https://z.test/v1/chat/completions', api_key: '$A_API_KEY' },
            { name: 'a', api_base_url: 'https://z.test/v1/chat/completions', api_key: 'sk-a' },
        ] }";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        let env = |name: &str| match name {
            "MY_PROV_API_KEY" => Some("of another account".to_owned()),
            "SET_API_KEY" => Some("sk-set".to_owned()),
            _ => None,
        };
        let how = Importing {
            keys: LiteralKeys::Move,
            for_service: false,
        };
        let imported = Config::import(&path, &env, how).unwrap();
        let names = imported.keys.iter();
        let names: Vec<_> = names
            .map(|(name, key)| format!("{name}={}", key.expose()))
            .collect();
        assert_eq!(
            names,
            [
                "TRANSOM_API_KEY=inbound-key-1",
                "MY_PROV_API_KEY_2=sk-one",
                "MY_PROV_API_KEY_3=sk-two",
                "TRANSOM_API_KEY_2=inbound-key-1",
                "SET_API_KEY=sk-set",
                "A_API_KEY_2=sk-a",
            ]
        );
        assert_eq!(imported.text.matches("${MY_PROV_API_KEY_2}").count(), 2);
    }

    #[test]
    fn each_key_of_a_list_is_a_key() {
        let text = "{ Providers: [{ name: 'p', api_base_url: 'https://x.test/v1/chat/completions', \
            api_key: ['plain-$5-aaaa', '$OTHER_KEY', 'plain-bbbb'] }] }";
        let moved = import(text, LiteralKeys::Move).unwrap();
        let found = moved.keys.iter();
        let found: Vec<_> = found
            .map(|(name, key)| (name.as_str(), key.expose()))
            .collect();
        assert_eq!(
            found,
            [
                ("P_API_KEY", "plain-$5-aaaa"),
                ("P_API_KEY_2", "plain-bbbb")
            ]
        );
        assert!(!moved.text.contains("plain"), "{}", moved.text);
        for part in ["${P_API_KEY}", "$OTHER_KEY", "${P_API_KEY_2}"] {
            assert!(moved.text.contains(part), "{part} is not in {}", moved.text);
        }
        assert_eq!(import(text, LiteralKeys::Keep).unwrap().keys, moved.keys);
    }

    #[test]
    fn a_dollar_sign_alone_makes_no_variable_of_a_key() {
        let text = "{ Providers: [{ name: '提供', api_key: 'sk-5 $5$abc', api_base_url: 'https://x.test/v1/chat/completions', models: ['m'] }], Router: { default: '提供,m' } }";
        let imported = import(text, LiteralKeys::Move).unwrap();
        let found: Vec<_> = imported
            .keys
            .iter()
            .map(|(name, key)| (name.as_str(), key.expose()))
            .collect();
        assert_eq!(found, [("U63D0U4F9B_API_KEY", "sk-5 $5$abc")]);
        assert!(!imported.text.contains("sk-5"), "{}", imported.text);
    }

    #[test]
    fn keys_in_urls_and_options_are_keys() {
        let text = "{ Providers: [{ name: 'g', api_base_url: 'https://x.test/v1/chat/completions?key=AIzaSECRET123', \
            transformer: { use: [['customparams', { api_key: 'SECRETBODY00', headers: { Authorization: 'Bearer SECRETHDR111' } }]] } }] }";
        let moved = import(text, LiteralKeys::Move).unwrap();
        assert!(!moved.text.contains("SECRET"), "{}", moved.text);
        for part in [
            "?key=${G_KEY}",
            "\"${G_API_KEY}\"",
            "Bearer ${G_AUTHORIZATION}",
        ] {
            assert!(moved.text.contains(part), "{part} is not in {}", moved.text);
        }
        let kept = import(text, LiteralKeys::Keep).unwrap();
        assert_eq!(kept.keys, moved.keys);
        assert!(kept.text.contains("AIzaSECRET123"));
    }

    #[test]
    fn for_a_service_it_is_guarded_unless_the_file_says_how() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let how = Importing {
            keys: LiteralKeys::Move,
            for_service: true,
        };
        let import = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Config::import(&path, &|_| None, how).unwrap().text
        };
        let open = import(include_str!("../../../tests/ccr/two-providers.json"));
        assert!(open.contains("api_key: \"${TRANSOM_API_KEY:-}\""), "{open}");
        assert!(open.contains("trust: \"pinned\""), "{open}");
        let keyed = import(include_str!("../../../tests/ccr/every-key.json"));
        assert!(keyed.contains("api_key: \"${CCR_KEY}\""), "{keyed}");
        assert!(!keyed.contains("TRANSOM_API_KEY"), "{keyed}");
    }

    #[test]
    fn another_file_is_refused() {
        let refused = import("{ providers: [] }", LiteralKeys::Keep).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("no configuration of claude-code-router")
        );
    }
}
