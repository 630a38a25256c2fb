//! Which field of the client's request went where in the upstream's: each field of one has one place in
//! the other, so that a number that happens to stand elsewhere too hides no loss. First the same place,
//! then the same name, then any other; texts may also have been joined or taken apart.

mod texts;

use std::collections::HashMap;

use serde_json::Value;

use super::leaf::{Leaf, leaves, leaves_in};

/// What became of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is there, under its name or another one.
    There,
    /// It is there under this other path, found by its value alone.
    Renamed(String),
    /// A good part of it is in the text of this path.
    Partly(String),
    Gone,
}

/// The fields of two documents, and where each of them is in the other.
pub(super) struct Pairs {
    client: HashMap<String, Fate>,
    upstream: HashMap<String, Fate>,
}

/// One side while it is matched.
struct Side {
    leaves: Vec<Leaf>,
    fates: Vec<Fate>,
}

/// How much alike the names of two fields must be.
#[derive(Clone, Copy)]
enum Alike {
    Path,
    Name,
    /// The words of one are among the words of the other: `max_tokens`, `maxCompletionTokens`.
    Words,
    Any,
}

impl Pairs {
    pub(super) fn of(client: &Value, upstream: &Value) -> Self {
        let (mut client, mut upstream) = (Side::of(client), Side::of(upstream));
        match_values(&mut client, &mut upstream);
        // Arguments of tools are JSON in a text: what is in them is looked for by itself.
        client.open_json();
        upstream.open_json();
        match_values(&mut client, &mut upstream);
        texts::match_texts(&mut client, &mut upstream);
        Self {
            client: client.into_fates(),
            upstream: upstream.into_fates(),
        }
    }

    /// What became of a field of the client's.
    pub(super) fn sent(&self, path: &str) -> Option<&Fate> {
        self.client.get(path)
    }

    /// Where a field of the upstream's is from.
    pub(super) fn origin(&self, path: &str) -> Option<&Fate> {
        self.upstream.get(path)
    }

    /// The fields of the client's that have another name, and that.
    pub(super) fn renamed(&self) -> Vec<(&str, &str)> {
        let mut all: Vec<(&str, &str)> = self
            .client
            .iter()
            .filter_map(|(path, fate)| match fate {
                Fate::Renamed(to) => Some((path.as_str(), to.as_str())),
                Fate::There | Fate::Partly(_) | Fate::Gone => None,
            })
            .collect();
        all.sort_unstable();
        all
    }
}

impl Side {
    fn of(document: &Value) -> Self {
        let leaves = leaves(document);
        let fate = |leaf: &Leaf| {
            // Nothing is lost with a null, and nothing added.
            if leaf.value.is_null() {
                Fate::There
            } else {
                Fate::Gone
            }
        };
        let fates = leaves.iter().map(fate).collect();
        Self { leaves, fates }
    }

    fn open(&self) -> impl Iterator<Item = (usize, &Leaf)> {
        let all = self.leaves.iter().enumerate().zip(&self.fates);
        all.filter(|(_, fate)| **fate == Fate::Gone)
            .map(|(leaf, _)| leaf)
    }

    /// Fields inside a text take the place of the text.
    fn open_json(&mut self) {
        let mut leaves = Vec::new();
        let mut fates = Vec::new();
        for (leaf, fate) in self.leaves.drain(..).zip(self.fates.drain(..)) {
            match json_in(&leaf).filter(|_| fate == Fate::Gone) {
                Some(inner) => {
                    let inner = leaves_in(&leaf, &inner);
                    fates.extend(inner.iter().map(|_| Fate::Gone));
                    leaves.extend(inner.into_iter().map(|inner| Leaf {
                        path: leaf.path.clone(),
                        ..inner
                    }));
                }
                None => {
                    leaves.push(leaf);
                    fates.push(fate);
                }
            }
        }
        (self.leaves, self.fates) = (leaves, fates);
    }

    fn set(&mut self, at: usize, fate: Fate) {
        if let Some(known) = self.fates.get_mut(at) {
            *known = fate;
        }
    }

    /// A path has several fates if its text is JSON: it is as lost as what is most lost in it.
    fn into_fates(self) -> HashMap<String, Fate> {
        let mut fates: HashMap<String, Fate> = HashMap::new();
        for (leaf, fate) in self.leaves.into_iter().zip(self.fates) {
            fates
                .entry(leaf.path)
                .and_modify(|known| {
                    if fate == Fate::Gone || matches!(fate, Fate::Partly(_)) && *known != Fate::Gone
                    {
                        *known = fate.clone();
                    }
                })
                .or_insert(fate);
        }
        fates
    }
}

fn json_in(leaf: &Leaf) -> Option<Value> {
    let text = leaf.value.as_str()?.trim_start();
    let json = text.starts_with(['{', '[']);
    json.then(|| serde_json::from_str(text).ok()).flatten()
}

/// Whole values, the surest way first.
fn match_values(client: &mut Side, upstream: &mut Side) {
    for alike in [Alike::Path, Alike::Name, Alike::Words, Alike::Any] {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, leaf) in upstream.open() {
            places.entry(key(&leaf.value)).or_default().push(at);
        }
        let mut found = Vec::new();
        for (at, leaf) in client.open() {
            let Some(same) = places.get_mut(&key(&leaf.value)) else {
                continue;
            };
            let fits = |place: &usize| {
                upstream
                    .leaves
                    .get(*place)
                    .is_some_and(|other| is_pair(leaf, other, alike))
            };
            if let Some(position) = same.iter().position(fits) {
                found.push((at, same.remove(position)));
            }
        }
        for (at, place) in found {
            let names = (client.leaves.get(at), upstream.leaves.get(place));
            let fate = match names {
                (Some(old), Some(new)) if old.name != new.name => Fate::Renamed(new.path.clone()),
                _ => Fate::There,
            };
            client.set(at, fate);
            upstream.set(place, Fate::There);
        }
    }
}

/// The same for values that are the same; a number and its text are.
fn key(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

fn is_pair(one: &Leaf, other: &Leaf, alike: Alike) -> bool {
    match alike {
        Alike::Path => one.path == other.path,
        Alike::Name => one.name == other.name,
        Alike::Words => are_akin(&one.name, &other.name),
        Alike::Any => match &one.value {
            // There are few of these: without a name that fits they say nothing.
            Value::Bool(_) => false,
            Value::String(text) => !text.is_empty(),
            Value::Number(number)
                if number
                    .as_f64()
                    .is_some_and(|n| n.abs() <= 1.0 && n.fract() == 0.0) =>
            {
                !one.path.contains('[') && !other.path.contains('[')
            }
            _ => true,
        },
    }
}

/// The words of one name are among those of the other, such as `max_tokens` and `maxCompletionTokens`.
pub(super) fn are_akin(one: &str, other: &str) -> bool {
    let (one, other) = (words(one), words(other));
    let within = |few: &[String], many: &[String]| few.iter().all(|word| many.contains(word));
    within(&one, &other) || within(&other, &one)
}

fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for char in name.chars() {
        if !char.is_alphanumeric() || char.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| char.is_alphanumeric()) {
            word.extend(char.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn gone(client: Value, upstream: Value) -> Vec<String> {
        let pairs = Pairs::of(&client, &upstream);
        let mut gone: Vec<String> = pairs
            .client
            .into_iter()
            .filter(|(_, fate)| *fate == Fate::Gone)
            .map(|(path, _)| path)
            .collect();
        gone.sort();
        gone
    }

    #[test]
    fn a_value_that_stands_elsewhere_for_its_own_reason_hides_no_loss() {
        let client = json!({"top_k": 40, "schema": {"maximum": 40}, "tier": "auto", "choice": "auto", "note": "Read",
            "tools": [{"name": "Read", "description": "Read a file"}], "a": true});
        let upstream = json!({"schema": {"maximum": 40}, "choice": "auto", "b": {"on": true},
            "tools": [{"function": {"name": "Read", "description": "Read a file"}}]});
        assert_eq!(gone(client, upstream), ["a", "note", "tier", "top_k"]);
    }

    #[test]
    fn another_name_is_no_loss_whatever_the_value() {
        let client = json!({"max_tokens": 1, "temperature": 0.5, "stream": false, "top_p": 1.0, "system": "Be brief.",
            "stop_sequences": ["END"], "id": 7});
        let upstream = json!({"max_completion_tokens": 1, "heat": 0.5, "streaming": {"stream": false}, "topP": 1,
            "prompt": ["Be brief."], "stop": ["END"], "number": "7"});
        assert_eq!(gone(client, upstream), Vec::<String>::new());
    }

    #[test]
    fn one_place_holds_one_value() {
        let client = json!({"messages": [{"content": "ok"}, {"content": "ok"}]});
        let upstream = json!({"messages": [{"text": "ok"}]});
        assert_eq!(gone(client, upstream), ["messages[1].content"]);
    }

    #[test]
    fn json_in_a_text_is_the_same_as_json() {
        let client = json!({"input": {"path": "/a\nb", "n": 1, "deep": {}}});
        assert!(
            gone(
                client.clone(),
                json!({"arguments": r#"{"path": "/a\nb", "n": 1, "deep": {}}"#})
            )
            .is_empty()
        );
        assert_eq!(
            gone(
                client,
                json!({"arguments": r#"{"path": "/a\nb", "deep": {}}"#})
            ),
            ["input.n"]
        );
    }

    #[test]
    fn names_are_akin_by_their_words() {
        assert!(
            are_akin("max_tokens", "maxCompletionTokens") && are_akin("stop", "stop_sequences")
        );
        assert!(!are_akin("stream", "include_usage") && !are_akin("tokens", "token_limit"));
    }
}
