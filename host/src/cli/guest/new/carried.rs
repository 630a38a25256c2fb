//! The sources of the SDKs, as they were when this binary was built. A scaffold outside of a checkout
//! takes them along, so that it needs nothing but the registry of crates, or of npm.

/// Path in the checkout, and text, in order of path. Made by `build.rs`.
const CARRIED: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/carried.rs"));

/// Where the sources are put below a scaffold.
pub(super) const FOLDER: &str = "vendor/transom";

/// The text of a file that must be there.
pub(super) fn text(path: &str) -> &'static str {
    let found = CARRIED.iter().find(|(known, _)| *known == path);
    found.map_or("", |(_, text)| *text)
}

/// What a scaffold that uses these crates of `guests/` takes along: path below [`FOLDER`], and text.
pub(super) fn sources(crates: &[&str]) -> Vec<(&'static str, String)> {
    let wanted = |path: &str| match path
        .strip_prefix("guests/")
        .and_then(|path| path.split_once('/'))
    {
        Some((name, _)) => crates.contains(&name),
        None => path != "guests/Cargo.lock" && path != "guests/.clippy.toml",
    };
    let files = CARRIED.iter().filter(|(path, _)| wanted(path));
    files
        .map(|(path, text)| {
            let text = match *path {
                "guests/Cargo.toml" => workspace(text, crates),
                _ => (*text).to_owned(),
            };
            (*path, text)
        })
        .collect()
}

/// What a scaffold in JavaScript takes along: path below [`FOLDER`], and text.
pub(super) fn for_javascript() -> impl Iterator<Item = (&'static str, &'static str)> {
    let files = CARRIED.iter().copied();
    files.filter(|(path, _)| !path.starts_with("guests/") || path.starts_with("guests/js/sdk/"))
}

/// The conversion to chat completions in JavaScript: names of its files, and text.
pub(super) fn conversion() -> impl Iterator<Item = (&'static str, &'static str)> {
    let files = CARRIED.iter();
    files.filter_map(|(path, text)| Some((path.strip_prefix("guests/js/cerebras/")?, *text)))
}

/// The profiles of the guests' workspace: with these a scaffold builds as the built-ins do.
pub(super) fn profiles() -> &'static str {
    let manifest = text("guests/Cargo.toml");
    manifest
        .find("[profile.release]")
        .map_or("", |at| &manifest[at..])
}

/// The workspace's manifest with these members only.
fn workspace(manifest: &str, crates: &[&str]) -> String {
    let lines = manifest.lines().map(|line| {
        if line.starts_with("members = ") {
            format!("members = {crates:?}\n")
        } else {
            format!("{line}\n")
        }
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_comes_with_its_interface_and_only_the_crates_that_are_used() {
        let sources = sources(&["sdk", "fixtures"]);
        let paths: Vec<&str> = sources.iter().map(|(path, _)| *path).collect();
        for path in [
            "LICENSE",
            "guests/Cargo.toml",
            "guests/fixtures/src/lib.rs",
            "guests/sdk/Cargo.toml",
            "guests/sdk/src/lib.rs",
            "wit/router/router.wit",
            "wit/transformer/transformer.wit",
        ] {
            assert!(paths.contains(&path), "{path}: {paths:?}");
        }
        assert!(!paths.iter().any(|path| path.starts_with("guests/chat/")));
        let manifest = &sources
            .iter()
            .find(|(path, _)| *path == "guests/Cargo.toml")
            .unwrap()
            .1;
        assert!(
            manifest.contains(r#"members = ["sdk", "fixtures"]"#),
            "{manifest}"
        );
    }

    #[test]
    fn the_profiles_are_all_there() {
        assert!(
            profiles().contains("[profile.guest-dev]") && profiles().contains("[profile.release]")
        );
    }
}
