//! The order in which names, rules and routes are asked. The table of requests is an integration test.

use bytes::Bytes;
use http::HeaderMap;

use super::*;
use crate::config::Config;
use crate::head::RequestHead;

fn config(top: &str) -> Config {
    let text = format!(
        "{{ providers: [
            {{ name: 'One', base_url: 'https://one.test', transformer: 'anthropic', models: ['Big-1', {{ id: 'blind', input: ['text'] }}, 'both'] }},
            {{ name: 'two', base_url: 'https://two.test', transformer: 'anthropic', models: ['small', 'both'] }},
        ], {top} }}"
    );
    Config::parse(&text, None, &|_| None).unwrap().config
}

const ROUTER: &str = "router: { default: 'two,small', image: 'One,Big-1',
    fallback: { default: ['One,blind'], mine: ['two,both'] },
    rules: [{ name: 'mine', when: { model: 'Big-1' }, route: 'two,small' }] }, aliases: { fast: 'two,both' }";

/// `provider,model by rule > fallback`, or the error.
fn decided(config: &Config, body: &str, advice: Option<&str>) -> String {
    let head = RequestHead::peek(body.as_bytes()).unwrap();
    let headers = HeaderMap::new();
    let advice = advice.map(|target| Advice {
        target: target.to_owned(),
        label: None,
    });
    let request = (head, Bytes::from(body.to_owned()));
    match dispatch_counted(config, &headers, None, request, advice.as_ref(), None) {
        Ok(Routed { choice, .. }) => {
            let fallback: Vec<_> = choice.fallback.iter().map(ToString::to_string).collect();
            let (provider, model) = (&choice.provider.name, &choice.model);
            format!(
                "{provider},{model} by {} > {}",
                choice.rule,
                fallback.join(" > ")
            )
        }
        Err(error) => format!("{} {}", error.status, error.message),
    }
}

fn ask(model: &str) -> String {
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]}}"#)
}

#[test]
fn a_title_is_asked_for_with_thinking_switched_off_or_not_spoken_of() {
    let config = config("router: { default: 'One,Big-1', background: 'two,small' }");
    let title = |thinking: &str| {
        format!(
            r#"{{"model":"claude-opus-4-8","messages":[{{"role":"user","content":"hi"}}],{thinking}"tools":[],
                "output_config":{{"effort":"high","format":{{"type":"json_schema","schema":{{"type":"object","properties":{{"title":{{"type":"string"}}}}}}}}}}}}"#
        )
    };
    for (thinking, by) in [
        ("", "two,small by background > "),
        (
            r#""thinking":{"type":"disabled"},"#,
            "two,small by background > ",
        ),
        (
            r#""thinking":{"type":"adaptive"},"#,
            "One,Big-1 by default > ",
        ),
    ] {
        assert_eq!(decided(&config, &title(thinking), None), by, "{thinking}");
    }
}

#[test]
fn names_come_before_routes_and_rules_of_the_user_before_bare_names() {
    let config = config(ROUTER);
    let by = |model: &str| decided(&config, &ask(model), None);
    assert_eq!(by("ONE,big-1"), "One,Big-1 by explicit > One,blind");
    assert_eq!(by("One,new"), "One,new by explicit > One,blind");
    assert_eq!(by("Big-1"), "two,small by mine > two,both");
    assert_eq!(by("fast"), "two,both by alias > One,blind");
    assert_eq!(by("small"), "two,small by listed > One,blind");
    assert_eq!(by("both"), "two,small by default > One,blind");
    assert_eq!(by("claude-x"), "two,small by default > One,blind");
    assert!(by("three,x").starts_with("404 no provider `three`"));
    assert!(by("one,").starts_with("400 "));
}

#[test]
fn the_advice_of_a_component_comes_before_all_else() {
    let config = config(ROUTER);
    let by = |target: &str| decided(&config, &ask("One,Big-1"), Some(target));
    assert_eq!(by("TWO,small"), "two,small by component > One,blind");
    assert_eq!(by("fast"), "two,both by component > One,blind");
    assert!(by("nothing").starts_with("404 `nothing` is neither"));
}

#[test]
fn an_image_goes_past_a_model_that_reads_text_only_if_there_is_a_route() {
    let body = r#"{"model":"One,blind","messages":[{"role":"user","content":[{"type":"image","source":{}}]}]}"#;
    let with = config(ROUTER);
    assert_eq!(decided(&with, body, None), "One,Big-1 by image > ");
    let without = config("router: { default: 'two,small' }");
    assert_eq!(decided(&without, body, None), "One,blind by explicit > ");
}
