//! Getting a component's bytes: of a file, or over HTTP within limits.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures_util::StreamExt as _;
use url::{Host, Url};

/// The largest component that is taken: with a language's runtime inside they have tens of megabytes.
const MOST: usize = 128 << 20;

/// For all of it.
const PATIENCE: Duration = Duration::from_mins(5);

const REDIRECTS: usize = 5;

/// A file's bytes, or what an address answers.
pub(super) async fn bytes(source: &str) -> anyhow::Result<Vec<u8>> {
    if !source.contains("://") {
        return file(source);
    }
    let url = Url::parse(source).context("this is no address")?;
    ensure!(
        may_be_asked(&url),
        "only https is fetched, or http from this machine: anybody on the way could change the bytes"
    );
    download(url).await
}

fn file(path: &str) -> anyhow::Result<Vec<u8>> {
    let size = std::fs::metadata(path).context("it cannot be read")?.len();
    ensure!(size <= MOST as u64, "it is larger than {} MiB", MOST >> 20);
    std::fs::read(path).context("it cannot be read")
}

async fn download(url: Url) -> anyhow::Result<Vec<u8>> {
    let redirects = reqwest::redirect::Policy::custom(|attempt| {
        if attempt.previous().len() > REDIRECTS {
            attempt.error("it redirects too often")
        } else if !may_be_asked(attempt.url()) {
            attempt.error("it redirects to an address that is not https")
        } else {
            attempt.follow()
        }
    });
    let client = reqwest::Client::builder()
        .redirect(redirects)
        .timeout(PATIENCE)
        .build()?;
    let response = client.get(url).send().await?;
    let status = response.status();
    ensure!(status.is_success(), "it was answered with {status}");
    let mut bytes = Vec::new();
    let mut reads = response.bytes_stream();
    while let Some(read) = reads.next().await {
        bytes.extend_from_slice(&read.context("it broke off")?);
        if bytes.len() > MOST {
            bail!("it is larger than {} MiB", MOST >> 20);
        }
    }
    Ok(bytes)
}

/// Plain HTTP is as good as a file only on this machine.
fn may_be_asked(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => true,
        "http" => here,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        let asked = |url: &str| may_be_asked(&Url::parse(url).unwrap());
        for url in [
            "https://example.com/a.wasm",
            "http://127.0.0.1:1/a",
            "http://[::1]/a",
            "http://localhost/a",
        ] {
            assert!(asked(url), "{url}");
        }
        for url in [
            "http://example.com/a",
            "ftp://localhost/a",
            "file:///a",
            "http://127.0.0.1.example.com/a",
        ] {
            assert!(!asked(url), "{url}");
        }
    }
}
