//! What must stay: words of the formats, names of members, models and tools.

use serde_json::json;

use super::*;

#[test]
fn names_of_members_and_words_of_the_formats_stay_whatever_a_user_is_called() {
    for user in [
        "max", "stop", "delta", "index", "role", "usage", "end", "high", "ping",
    ] {
        let body = json!({
            user: {"type": user, "role": user, "finish_reason": user, "stop_reason": "end_turn"},
            "max_tokens": 16, "usage": {"input_tokens": 1}, "text": format!("by {user}, of {user}_x"),
        });
        let clean: serde_json::Value =
            serde_json::from_str(&learned(&named(user, "athena"), &body)).unwrap();
        let mut expected = body.clone();
        expected["text"] = format!("by user, of {user}_x").into();
        let words = ["stop", "delta", "usage", "high", "ping", "max"];
        if words.contains(&user) {
            assert_eq!(clean, expected);
        } else {
            assert_eq!(clean["text"], expected["text"]);
            assert!(
                clean[user].is_object() && clean["max_tokens"] == 16,
                "{clean}"
            );
        }
    }
    let stream = Bytes::from_static(b"event: ping\ndata: {\"type\":\"ping\"}\n\ndata: [DONE]\n\n");
    let mut redactor = Redactor::new(&named("ping", "retry"), &[]).unwrap();
    assert_eq!(redactor.body(&stream), stream);
}

#[test]
fn words_of_the_formats_stay_where_a_user_is_called_so() {
    let known = Known {
        home: Some("/home/max".to_owned()),
        users: vec!["max".to_owned(), "stop".to_owned(), "block".to_owned()],
        ..Known::default()
    };
    let mut redactor = Redactor::new(&known, &[]).unwrap();
    let body = json!({
        "max_tokens": 16, "stop_sequences": ["x"], "finish_reason": "stop", "max_own": 1,
        "messages": [{"role": "user", "content": "max_tokens of max, in /home/max/x"}],
        "files": {"/home/max/a": 1, "max-a/b": 2},
    });
    let clean = redactor.body(&Bytes::from(body.to_string()));
    let clean: serde_json::Value = serde_json::from_slice(&clean).unwrap();
    for (name, value) in body.as_object().unwrap() {
        if !["messages", "files"].contains(&name.as_str()) {
            assert_eq!(clean.get(name), Some(value), "{name}");
        }
    }
    let said = clean["messages"][0]["content"].as_str().unwrap();
    assert!(said.ends_with("of user, in /home/user/x"), "{said}");
    let files: Vec<_> = clean["files"].as_object().unwrap().keys().collect();
    assert_eq!(files, ["/home/user/a", "user-a/b"]);
    let event =
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n";
    let event = Bytes::from_static(event.as_bytes());
    assert_eq!(redactor.body(&event), event);
}

/// The same body again: nothing of it may be taken out.
fn stays(known: &Known, body: &serde_json::Value) {
    let clean: serde_json::Value = serde_json::from_str(&learned(known, body)).unwrap();
    assert_eq!(clean, *body);
}

#[test]
fn paths_of_sources_and_what_programs_print_make_no_names_of_words() {
    stays(
        &Known::default(),
        &json!({"messages": [
            {"content": "src/pages/home/index.ts app/home/page.tsx components/Users/List.tsx /home/git/repos"},
            {"content": "uid=2(bin) gid=2(bin)\nCommit: string <sha>\nAuthor: value <who>"},
            {"content": "git status; #!/usr/bin/env; a string; the value; index.ts; List.tsx"},
        ]}),
    );
    // What stands below a folder `home` of a project is a word elsewhere.
    let body =
        json!({"messages": [{"content": "open src/home/overview"}, {"content": "an overview"}]});
    let clean = learned(&Known::default(), &body);
    assert!(clean.contains("an overview"), "{clean}");
}

#[test]
fn an_id_that_is_a_word_or_a_round_number_is_taken_out_of_its_member_alone() {
    let result = json!({"project_id": "stream", "user_id": "tool_use", "owner_id": "max_tokens",
        "team_id": "openai", "account_id": 128_000});
    let body = json!({
        "model": "openai/gpt-oss-120b", "stream": true, "max_tokens": 128_000,
        "messages": [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "input": result.clone()}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1",
                "content": format!("{result}")}, {"type": "text", "text": "openai can stream 128000"}]},
        ],
    });
    let clean: serde_json::Value =
        serde_json::from_str(&learned(&Known::default(), &body)).unwrap();
    let input = &clean["messages"][0]["content"][0]["input"];
    assert_eq!(input["project_id"], "organisation-1", "{input}");
    assert_eq!(input["account_id"], 1_000_000_003_u64, "{input}");
    let content = clean["messages"][1]["content"][0]["content"]
        .as_str()
        .unwrap();
    assert_eq!(
        &serde_json::from_str::<serde_json::Value>(content).unwrap(),
        input
    );
    let mut expected = body.clone();
    expected["messages"][0]["content"][0]["input"] = input.clone();
    expected["messages"][1]["content"][0]["content"] = content.into();
    assert_eq!(clean, expected);
}

#[test]
fn an_id_that_is_a_name_of_json_is_taken_out_there_too() {
    let body = json!({"user_id": "kunde-4711-jane", "of": {"kunde-4711-jane": {"stream": 1}}});
    let clean = learned(&Known::default(), &body);
    assert_eq!(
        clean,
        r#"{"user_id":"account-1","of":{"account-1":{"stream":1}}}"#
    );
}

#[test]
fn names_of_models_stay_whatever_a_user_or_a_machine_is_called() {
    for (name, models) in [
        ("mini", ["gpt-5-mini", "oa,gpt-5-mini"]),
        ("oss", ["openai/gpt-oss-120b", "accounts/x/models/gpt-oss"]),
        ("gpt", ["gpt-5", "@cf/openai/gpt-oss"]),
    ] {
        for known in [named(name, "athena"), named("alice", name)] {
            for model in models {
                let mut redactor = Redactor::new(&known, &[]).unwrap();
                assert_eq!(redactor.model(model), model);
                stays(&known, &json!({"model": model, "messages": []}));
            }
        }
    }
    let mut redactor = redactor(&[]);
    assert_eq!(redactor.model("/home/alice/x.gguf"), "/home/user/x.gguf");
    assert_eq!(redactor.model("alice,gpt"), "user,gpt");
}

#[test]
fn a_schema_keeps_its_members_and_a_tool_its_name() {
    let known = Known {
        users: vec!["end".to_owned(), "max".to_owned()],
        ..Known::default()
    };
    let schema = json!({"type": "object", "properties": {"end": {"enum": ["end", "max"]}}, "required": ["end"]});
    stays(
        &known,
        &json!({
            "tools": [{"name": "max", "input_schema": schema}],
            "tool_choice": {"type": "tool", "name": "max"}, "stop_sequences": ["end"],
            "messages": [{"role": "assistant", "content": [{"type": "tool_use", "name": "max", "input": {}}]}],
        }),
    );
}

#[test]
fn names_with_hyphens_and_numbers_stay_also_those_of_tools() {
    let tool = "task-manager-2-create-item";
    let schema = json!({"type": "object", "properties": {"task-1234-fix-the-login-page": {"type": "string"}},
        "required": ["task-1234-fix-the-login-page"]});
    stays(
        &Known::default(),
        &json!({
            "tools": [{"name": tool, "input_schema": schema}],
            "messages": [
                {"role": "assistant", "content": [{"type": "tool_use", "name": tool, "input": {}}]},
                {"content": "git checkout task-1234-fix-the-login-page; task-JIRA-1234-fix-login"},
                {"content": "docs/task-2024-11-20-implement-foo.md mask-rcnn-resnet50-fpn-v2"},
                {"content": "disk-encryption-set-2 risk-assessment-2024-q3.xlsx ask-user-question-v2"},
                {"content": "const deviceId = useDeviceId2();\nlet user_id = user_id2;"},
                {"content": "project_id: var.project_id_v2\nsecret = settings2.SECRET_NAME"},
                {"content": "const sessionToken = getSessionToken2024();"},
                {"content": "apiKey: config.providers2.apiKeyName"},
            ],
        }),
    );
    for key in [
        "sk-abcd-1234-efgh-5678",
        "pk-lf-0f3b1c2d-1a2b-4c3d-8e4f-5a6b7c8d9e0f",
    ] {
        assert_eq!(redactor(&[]).text(key), "[redacted-key]");
    }
}

#[test]
fn routes_of_the_web_make_no_names_of_words() {
    let code = "router.push('/home/dashboard'); <a href=\"/home/news\"/>; GET /api/v1/Users/search HTTP/1.1";
    let words = "class Dashboard {} const Search = 1; see the News of src/dashboard";
    let body = json!({"messages": [{"content": code}, {"content": words},
        {"content": "ls /home/bobby/src"}, {"content": "by Bobby"}]});
    let clean = learned(&Known::default(), &body);
    assert!(clean.contains(words), "{clean}");
    assert!(!clean.to_lowercase().contains("bobby"), "{clean}");
}

#[test]
fn words_of_options_stay_whatever_a_user_is_called_and_all_else_goes() {
    let options = json!({"profile": "deepseek", "effort": "Deepseek-high", "list": ["deepseek"], "n": 1,
        "path": "/home/deepseek/x", "say": "by deepseek", "api_key": "a-key/of-mine+123"});
    let mut known = named("deepseek", "athena");
    known.keys.push("a-key/of-mine+123".to_owned());
    let mut redactor = Redactor::new(&known, &[]).unwrap();
    let options = Bytes::from(options.to_string());
    let clean: serde_json::Value = serde_json::from_slice(&redactor.options(&options)).unwrap();
    let expected = json!({"profile": "deepseek", "effort": "Deepseek-high", "list": ["deepseek"], "n": 1,
        "path": "/home/user/x", "say": "by user", "api_key": "[redacted-key]"});
    assert_eq!(clean, expected);
    let case = json!({"transformer": "openai", "options": clean});
    let case = Bytes::from(case.to_string());
    assert_eq!(redactor.left_in_case(&case), []);
    assert_eq!(redactor.left_in(&case).len(), 3);
    for told in [
        json!({"options": {"say": "by deepseek"}}),
        json!({"options": {}, "path": "deepseek"}),
    ] {
        let told = Bytes::from(told.to_string());
        assert_eq!(redactor.left_in_case(&told).len(), 1, "{told:?}");
    }
}

#[test]
fn pictures_and_signatures_stay_and_keys_in_them_go() {
    let picture = format!("{}/al/{}==", "Ab/1".repeat(30), "+cD9".repeat(30));
    let signature = format!("{}/al/{}", "Ab/1".repeat(5), "+cD9".repeat(5));
    stays(
        &named("al", "cD9"),
        &json!({"messages": [{"content": [
            {"source": {"type": "base64", "data": picture}},
            {"image_url": {"url": format!("data:image/png;base64,{picture}")}},
            {"images": [picture]},
            {"thinking": "so", "signature": signature},
            {"encrypted_content": signature, "thoughtSignature": signature},
        ]}]}),
    );
    let key = "AKIAIOSFODNN7EXAMPLX";
    let body = json!({"data": picture.replace("/al/", &format!("/{key}/")),
        "text": signature, "path": "/data/al/x"});
    let clean = learned(&named("al", "athena"), &body);
    assert!(!clean.contains(key) && !clean.contains("/al/"), "{clean}");
}

#[test]
fn names_in_a_string_that_is_json_are_names() {
    let inner = json!({"max_results": 5, "max": 3, "of": "max"}).to_string();
    let body = json!({"function": {"arguments": inner}});
    let clean: serde_json::Value =
        serde_json::from_str(&learned(&named("max", "athena"), &body)).unwrap();
    let arguments = clean["function"]["arguments"].as_str().unwrap();
    assert_eq!(arguments, r#"{"max_results":5,"max":3,"of":"user"}"#);
}
