//! Who somebody is and where: users, homes, machines, addresses.

use serde_json::json;

use super::*;

#[test]
fn what_is_known_of_the_machine_is_taken_out_wherever_it_stands() {
    assert_eq!(redacted("see /home/alice/x"), "see /home/user/x");
    assert_eq!(
        redacted(r#"{"p":"\/home\/alice\/x"}"#),
        r#"{"p":"/home/user\/x"}"#
    );
    assert_eq!(redacted("-I/home/alice"), "-I/home/user");
    assert_eq!(redacted("alice@athena:~$"), "user@host:~$");
    assert_eq!(redacted("by athena.corp.example."), "by host.");
    assert_eq!(redacted("chalice and root"), "chalice and root");
    assert_eq!(redacted("key a-key/of-mine+123."), "key [redacted-key].");
    assert_eq!(redacted("a short text"), "a short text");
}

/// As Claude Code 2.1.330 says it.
const ENVIRONMENT: &str = "# Environment\nYou have been invoked in the following environment: \n - \
    Primary working directory: /srv/work/bob/acme\n - Is a git repository: true\n\n# Memory\n\nYou have a \
    persistent file-based memory at `/data/bob/.claude/projects/-srv-work-bob-acme/memory/`.";

#[test]
fn the_place_where_claude_code_runs_is_recognised() {
    let mut redactor = Redactor::new(&Known::default(), &[]).unwrap();
    let git = "Current branch: main\n\nGit user: Robert Smith\n\nStatus:\n(clean)";
    let body = json!({"messages": [
        {"role": "system", "content": ENVIRONMENT},
        {"role": "user", "content": [{"type": "text", "text": git}]},
        {"role": "user", "content": "ls /srv/work/bob/acme/src; asked by Robert Smith, as bob"},
    ]});
    let body = Bytes::from(body.to_string());
    redactor.learn_from_client(&body);
    let clean = String::from_utf8(redactor.body(&body).to_vec()).unwrap();
    for told in ["bob", "Robert", "/srv/work", "/data"] {
        assert!(!clean.contains(told), "{told}: {clean}");
    }
    assert!(
        clean.contains("directory: /home/user/project\\n"),
        "{clean}"
    );
    assert!(
        clean.contains("`/home/user/.claude/projects/-home-user-project/memory/`"),
        "{clean}"
    );
    assert!(
        clean.contains("ls /home/user/project/src; asked by user-2, as user"),
        "{clean}"
    );
    assert_eq!(
        redactor.take_counts().to_string(),
        "3 working folders, 1 home folder, 3 user names"
    );
}

#[test]
fn a_folder_of_one_part_is_taken_out_where_a_path_begins_and_nowhere_else() {
    let taken =
        "cd /src && ls '/src/a' \"/src\" PATH=/src/bin:/src `/src` (/src/b) file:///src/c\n/src/d";
    let stays = "./src/main.rs ../src/x ${R}/src/y $(pwd)/src a_/src -I/src ~/src app/src /srcs";
    let body = json!({"messages": [
        {"content": "Primary working directory: /src"}, {"content": taken}, {"content": stays},
    ]});
    let clean = learned(&Known::default(), &body);
    let clean: serde_json::Value = serde_json::from_str(&clean).unwrap();
    let expected = taken.replace("/src", "/home/user/project");
    assert_eq!(clean["messages"][1]["content"], expected);
    assert_eq!(clean["messages"][2]["content"], stays);
}

#[test]
fn disks_letters_and_shells_tell_a_user_too() {
    for (text, clean) in [
        ("ls /media/bobby/usb", "ls /media/user/usb"),
        (
            "/run/media/bobby/usb of bobby",
            "/run/media/user/usb of user",
        ),
        (
            "You have mail in /var/mail/robert.",
            "You have mail in /var/mail/user.",
        ),
        ("cd ~norbert/x", "cd ~user/x"),
        ("file:///home/jane%20doe/x", "file:///home/user/x"),
    ] {
        let mut redactor = Redactor::new(&Known::default(), &[]).unwrap();
        redactor.learn_users(text);
        assert_eq!(redactor.text(text), clean, "{text}");
        assert_eq!(redactor.text(clean), clean, "{text}");
    }
    for text in [
        "/media/cdrom/x src/media/page/x /media/images/a.png /var/mail/root",
        "about ~20/30, ~/x, ~root/x, HEAD~foo/x, @import '~bootstrap/scss'",
    ] {
        let mut redactor = Redactor::new(&Known::default(), &[]).unwrap();
        redactor.learn_users(text);
        assert_eq!(redactor.text(text), text);
    }
}

#[test]
fn a_user_is_known_in_any_case_and_a_home_with_a_blank_in_any_writing() {
    let known = Known {
        home: Some("/home/jane doe".to_owned()),
        users: vec!["jane.doe".to_owned(), "max".to_owned()],
        ..Known::default()
    };
    let mut redactor = Redactor::new(&known, &[]).unwrap();
    for (text, clean) in [
        ("by Jane.Doe, JANE.DOE", "by user-2, user-2"),
        ("max of Max, jane.doe_x", "user-3 of Max, jane.doe_x"),
        ("/home/jane doe/y", "/home/user/y"),
        (r"/home/jane\ doe/y", "/home/user/y"),
        ("file:///home/jane%20doe/x", "file:///home/user/x"),
        ("%2Fhome%2Fjane%2520doe%2Fx", "/home/user%2Fx"),
    ] {
        assert_eq!(redactor.text(text), clean, "{text}");
    }
}

#[test]
fn addresses_remotes_and_marks_are_taken_out_and_those_of_nobody_stay() {
    assert_eq!(
        redacted("mail bob@corp.io now"),
        "mail user@example.com now"
    );
    assert_eq!(
        redacted("<noreply@anthropic.com>"),
        "<noreply@anthropic.com>"
    );
    assert_eq!(
        redacted("origin git@github.com:acme/secret.git (fetch)"),
        "origin git@github.com:user/project.git (fetch)"
    );
    assert_eq!(
        redacted("clone https://bob:pw@git.corp.io/acme/secret.git"),
        "clone https://[redacted-key]@git.corp.io/user/project.git"
    );
    assert_eq!(
        redacted("cc_version=2; cch=a1b2c;"),
        "cc_version=2; cch=00000;"
    );
    assert_eq!(redacted("/Users/carol/x"), "/Users/user-2/x");
    assert_eq!(
        redacted("limit for organization org-AbCdEf012345"),
        "limit for organization organisation-1"
    );
}

#[test]
fn whose_home_is_named_is_taken_out_wherever_the_name_stands() {
    for (home, name) in [
        ("/home/jürgen/x", "jürgen"),
        ("/home/zo/x", "zo"),
        ("%2Fhome%2Falice%2Fx", "alice"),
        (r"C:\Users\Jane Doe\x", "Jane Doe"),
        ("/home/users/alice/proj", "alice"),
        ("/export/home/alice", "alice"),
    ] {
        let body = json!({"messages": [{"content": home}, {"content":
            format!("/data/{name}/x ~{name} ssh://{name}@h {name}@localhost {name}_x")}]});
        let clean: serde_json::Value =
            serde_json::from_str(&learned(&Known::default(), &body)).unwrap();
        assert!(
            !clean["messages"][0]["content"]
                .as_str()
                .unwrap()
                .contains(name),
            "{clean}"
        );
        let expected = format!("/data/user/x ~user ssh://user@h user@localhost {name}_x");
        assert_eq!(clean["messages"][1]["content"], expected);
    }
}

#[test]
fn homes_are_found_in_whatever_letters_they_are_written() {
    for (text, clean) in [
        ("/home/jürgen/x", "/home/user/x"),
        ("/home/zo/x", "/home/user/x"),
        ("file:%2Fhome%2Fcarol%2Fx", "file:%2Fhome%2Fuser%2Fx"),
        ("%2fUsers%2fj%C3%BCrgen%2fx", "%2fUsers%2fuser%2fx"),
        (r"C:\Users\Jane Doe\x", r"C:\Users\user\x"),
        (r"C:\Users\jane and more", r"C:\Users\user and more"),
        (
            "/home/user/x and /Users/shared",
            "/home/user/x and /Users/shared",
        ),
    ] {
        let mut redactor = Redactor::new(&Known::default(), &[]).unwrap();
        assert_eq!(redactor.text(text), clean);
        assert_eq!(redactor.text(clean), clean);
    }
}

#[test]
fn an_address_of_anybody_is_taken_out_whatever_its_domain() {
    for address in [
        "alice@example.com",
        "bob@mail.example.org",
        "jürgen@firma.example",
    ] {
        let mut redactor = Redactor::new(&Known::default(), &[]).unwrap();
        let clean = redactor.text(&format!("by {address}."));
        assert_eq!(clean, "by user@example.com.", "{address}");
        assert_eq!(redactor.text(&clean), clean);
    }
}

#[test]
fn people_are_found_where_programs_write_them() {
    for (text, clean) in [
        ("alice.liddell%40acme-corp.com", "user@example.com"),
        (r"\u0061lice.liddell\u0040acme-corp.com", "user@example.com"),
        ("/home/CORP/bobby/src", "/home/user-2/user/src"),
        ("/home/alice@corp.example.com/src", "/home/user/src"),
        (
            r"C:\Documents and Settings\bobby\x",
            r"C:\Documents and Settings\user\x",
        ),
        (
            "uid=1000(bobby) gid=1000(bobby)",
            "uid=1000(user) gid=1000(user)",
        ),
        ("username: bobby", "username: user"),
        ("bobby@build-box-17:~/src$ ls", "user@host:~/src$ ls"),
        (
            "Author: Alice Liddell <a@corp.example>",
            "Author: user <user@example.com>",
        ),
    ] {
        let mut redactor = Redactor::new(&Known::default(), &[]).unwrap();
        redactor.learn_users(text);
        assert_eq!(redactor.text(text), clean, "{text}");
        assert_eq!(redactor.text(clean), clean, "{text}");
    }
}

#[test]
fn remotes_are_taken_out_however_git_names_them() {
    for (begin, end) in [
        ("origin\thttps://github.com/", " (fetch)"),
        ("x\norigin\tssh://git.corp.io:2222/", " (push)\n"),
        (
            "[remote \"origin\"]\n\turl = https://github.com/",
            "\n\tfetch = x",
        ),
        ("     3\u{2192}\turl = corp.io:", "\n"),
        ("  Fetch URL: https://bob-4711.corp.io/", "\n"),
        (
            "From https://github.com/",
            "\n * branch  main -> FETCH_HEAD",
        ),
        ("To github.com:", "\n   1a2b3c..4d5e6f  main -> main"),
        ("see https://dev.azure.com/", "/x ok"),
    ] {
        let azure = if begin.contains("azure") { "/_git" } else { "" };
        let text = format!("{begin}acmecorp{azure}/secretproj{end}");
        let clean = redacted(&text);
        assert!(
            !clean.contains("acme") && !clean.contains("secretproj"),
            "{clean}"
        );
        assert!(
            clean.starts_with(begin) && clean.contains("user/project"),
            "{clean}"
        );
        assert_eq!(redacted(&clean), clean);
    }
    let clean = redacted("gitlab@git.corp.example:acmecorp/secretproj.git");
    assert_eq!(clean, "user@example.com:user/project.git");
    for text in [
        "url = https://pypi.org/simple\nFrom https://example.com/a/b to c",
        "see https://example.com/docs/guide.html (fetch it)",
        "To https://example.com/a/b\nall of you",
    ] {
        assert_eq!(redacted(text), text);
    }
}

#[test]
fn a_long_text_of_homes_takes_time_by_its_length() {
    let text = "a/home/dude/".repeat(10_000);
    let clean = learned(&Known::default(), &json!({ "content": text }));
    assert!(!clean.contains("dude"));
}
