//! `transom guest new`: what it makes builds and passes its tests, in a folder of its own and in a
//! checkout; what it cannot make it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use crate::harness::host::Builder;

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `transom` with these arguments in `folder`.
fn transom(folder: &Path, arguments: &[&str]) -> Output {
    let builder = Builder::new();
    let mut command = builder.command(arguments);
    command.current_dir(folder);
    command.output().expect("the transom binary runs")
}

#[track_caller]
fn assert_code(output: &Output, code: i32) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    assert!(!err.contains("panicked"), "{err}");
}

/// cargo in `folder`, as an author runs it, but without the network and with what the guests'
/// workspace has built already. One at a time: in the target folder that they share each has an SDK of its own with
/// the same name.
#[track_caller]
fn cargo(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(folder).args(arguments).arg("--offline");
    command.env("CARGO_TARGET_DIR", checkout().join("guests/target"));
    // Settings of the cargo that runs this test are not the author's.
    for name in ["CARGO_BUILD_TARGET", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(name);
    }
    static BUILDING: Mutex<()> = Mutex::new(());
    let alone = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let output = command.output().expect("cargo runs");
    drop(alone);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Makes a scaffold, builds its component, and runs its fixtures through it.
fn made_built_and_tested(kind: &str, cases: usize) {
    let home = TempDir::new().expect("a temporary folder");
    let name = format!("scaffold_{kind}");
    let new = transom(home.path(), &["guest", "new", &name, "--from", kind]);
    assert_code(&new, 0);
    let said = text(&new.stdout);
    assert!(said.contains("cargo build --profile guest-dev"), "{said}");
    let folder = home.path().join(&name);

    cargo(&folder, &["build", "--release"]);
    let versions = |lock: &Path| -> Vec<String> {
        let lock = std::fs::read_to_string(lock).expect("a lock file");
        let checksums = lock.lines().filter(|line| line.starts_with("checksum"));
        checksums.map(str::to_owned).collect()
    };
    let known = versions(&checkout().join("guests/Cargo.lock"));
    let used = versions(&folder.join("Cargo.lock"));
    assert!(!used.is_empty() && used.iter().all(|version| known.contains(version)));

    let component = checkout().join(format!("guests/target/wasm32-wasip2/release/{name}.wasm"));
    let component = component.to_string_lossy();
    let tested = transom(&folder, &["guest", "test", &component, "fixtures"]);
    assert_code(&tested, 0);
    let said = text(&tested.stdout);
    assert!(
        said.contains(&format!("{cases} passed, 0 failed")),
        "{said}"
    );
    std::fs::remove_file(&*component).expect("it was just tested");
}

#[test]
fn a_passthrough_scaffold_builds_anywhere_and_passes_its_fixtures() {
    made_built_and_tested("passthrough", 2);
}

#[test]
fn an_openai_scaffold_builds_anywhere_and_passes_its_fixtures() {
    made_built_and_tested("openai", 2);
}

#[test]
fn a_scaffold_of_an_own_format_builds_anywhere_and_passes_its_fixtures() {
    made_built_and_tested("own", 3);
}

#[test]
fn a_router_scaffold_builds_anywhere_passes_its_tests_and_is_asked() {
    let home = TempDir::new().expect("a temporary folder");
    let name = "scaffold_router";
    let new = transom(home.path(), &["guest", "new", name, "--from", "router"]);
    assert_code(&new, 0);
    let folder = home.path().join(name);
    assert!(!folder.join("fixtures").exists() && !folder.join("tests").exists());
    let said = cargo(&folder, &["test", "--target", "host-tuple"]);
    assert!(
        said.contains("the_word_leads_to_the_route ... ok"),
        "{said}"
    );
    cargo(&folder, &["build", "--release"]);
    let built = checkout().join(format!("guests/target/wasm32-wasip2/release/{name}.wasm"));
    let component = std::fs::read(&built).expect("it was just built");
    std::fs::remove_file(&built).expect("it was just read");

    let provider = crate::harness::host::provider("p", "http://127.0.0.1:9", "anthropic", "m");
    let builder = Builder::new()
        .env(
            "XDG_DATA_HOME",
            &home.path().join("share").to_string_lossy(),
        )
        .provider(provider)
        .edit(|config| {
            config["router"]["background"] = serde_json::json!("p,small");
            config["router"]["component"] = serde_json::json!(name);
        });
    let transformers = home.path().join("share/transom/transformers");
    std::fs::create_dir_all(&transformers).expect("a fresh folder");
    std::fs::write(transformers.join(format!("{name}.wasm")), component).expect("write it");
    let request = home.path().join("request.json");
    let body = r#"{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"translate this"}]}"#;
    std::fs::write(&request, body).expect("write a request");
    assert_code(&builder.output(&["check"]), 0);
    let explained = builder.output(&["route", "--explain", &request.to_string_lossy()]);
    assert_code(&explained, 0);
    let said = text(&explained.stdout);
    assert!(
        said.contains("component:word") && said.contains("p,small"),
        "{said}"
    );
}

#[test]
fn a_workspace_that_cannot_be_joined_is_left_as_it_was() {
    let home = TempDir::new().expect("a temporary folder");
    let guests = home.path().join("guests");
    std::fs::create_dir_all(guests.join("sdk")).expect("a fresh folder");
    std::fs::create_dir_all(home.path().join("wit/transformer")).expect("a fresh folder");
    std::fs::write(home.path().join("wit/transformer/transformer.wit"), "").expect("it is ours");
    std::fs::write(guests.join("sdk/Cargo.toml"), "").expect("it is ours");
    let manifest = "[workspace]\nmembers = [\"sdk\"]\n";
    std::fs::write(guests.join("Cargo.toml"), manifest).expect("it is ours");
    // No Cargo.lock.
    let new = transom(home.path(), &["guest", "new", "acme"]);
    assert_code(&new, 1);
    assert!(text(&new.stderr).contains("Cargo.lock cannot be read"));
    let left = std::fs::read_to_string(guests.join("Cargo.toml")).expect("a manifest");
    assert_eq!(left, manifest);
    assert!(!guests.join("acme").exists());
}

#[test]
fn the_native_test_of_a_scaffold_runs_its_fixtures_and_fails_with_them() {
    let home = TempDir::new().expect("a temporary folder");
    assert_code(
        &transom(home.path(), &["guest", "new", "scaffold_native"]),
        0,
    );
    let folder = home.path().join("scaffold_native");
    let test = ["test", "--target", "host-tuple"];
    let said = cargo(&folder, &test);
    assert!(
        said.contains("every_fixture_gives_what_it_says ... ok"),
        "{said}"
    );

    let source = folder.join("src/lib.rs");
    let other = std::fs::read_to_string(&source).expect("a source");
    let other = other.replace("\"temperature\"", "\"top_p\"");
    std::fs::write(&source, other).expect("it is ours");
    let failed = std::panic::catch_unwind(|| cargo(&folder, &test));
    assert!(
        failed.is_err(),
        "a transformer that does something else fails"
    );
}

#[test]
fn in_a_checkout_a_scaffold_is_a_member_and_the_lock_file_holds() {
    let home = TempDir::new().expect("a temporary folder");
    let guests = home.path().join("guests");
    std::fs::create_dir(&guests).expect("a fresh folder");
    let real = checkout().canonicalize().expect("the checkout");
    std::os::unix::fs::symlink(real.join("wit"), home.path().join("wit")).expect("a link");
    for entry in std::fs::read_dir(real.join("guests")).expect("the guests") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), guests.join(entry.file_name()));
        if from.is_dir() && entry.file_name() != "target" {
            std::os::unix::fs::symlink(from, to).expect("a link");
        } else if from.is_file() {
            std::fs::copy(from, to).expect("a copy");
        }
    }
    for (name, kind) in [("aaa", "passthrough"), ("mmm", "router"), ("zzz", "openai")] {
        let new = transom(home.path(), &["guest", "new", name, "--from", kind]);
        assert_code(&new, 0);
        let said = text(&new.stdout);
        assert!(said.contains(&format!("just test-guest {name}")), "{said}");
    }
    let all = cargo(&guests, &["metadata", "--locked", "--format-version", "1"]);
    let all: serde_json::Value = serde_json::from_str(&all).expect("JSON");
    let packages = all["packages"].as_array().expect("packages");
    for (name, has_fixtures) in [("aaa", true), ("mmm", false), ("zzz", true)] {
        assert!(packages.iter().any(|package| package["name"] == name));
        assert_eq!(guests.join(name).join("fixtures").is_dir(), has_fixtures);
    }
}

#[test]
fn a_folder_that_is_there_is_left_alone() {
    let home = TempDir::new().expect("a temporary folder");
    let folder = home.path().join("mine");
    std::fs::create_dir(&folder).expect("a fresh folder");
    std::fs::write(folder.join("notes.txt"), "precious").expect("it is ours");
    let new = transom(home.path(), &["guest", "new", "mine"]);
    assert_code(&new, 2);
    let said = text(&new.stderr);
    assert!(
        said.contains("exists already") && said.contains("--path"),
        "{said}"
    );
    let left = std::fs::read_dir(&folder).expect("it is there").count();
    assert_eq!(left, 1);
    let elsewhere = transom(
        home.path(),
        &["guest", "new", "mine", "--path", "elsewhere"],
    );
    assert_code(&elsewhere, 0);
    assert!(home.path().join("elsewhere/src/lib.rs").is_file());
}

#[test]
fn a_name_that_cannot_be_used_makes_nothing() {
    let home = TempDir::new().expect("a temporary folder");
    for (name, says) in [
        ("my-provider", "such as `my_provider`"),
        ("cerebras", "is built in"),
        ("anthropic", "untouched passthrough"),
        ("../up", "a letter first"),
    ] {
        let new = transom(home.path(), &["guest", "new", name]);
        assert_code(&new, 2);
        let said = text(&new.stderr);
        assert!(said.contains(says), "{said}");
    }
    assert_eq!(
        std::fs::read_dir(home.path()).expect("it is there").count(),
        0
    );
    assert_code(&transom(home.path(), &["guest", "new", "--help"]), 0);
}
