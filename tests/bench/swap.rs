//! From new component bytes in the transformers folder to requests served by them, and what the
//! swap does to streams that run meanwhile.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::cases::{Case, Effort, Kind};
use crate::columns::Column;
use crate::fleet::start_mock;
use crate::load::connection::Connection;
use crate::load::{Session, Until};
use crate::mock::knobs::Knobs;
use crate::results::{Metric, Results};
use crate::stats::percentile_ms;
use crate::transom::Installation;

const STREAMS: usize = 64;
/// Between two looks at `/api/status`: the error of the figure.
const LOOK_PERIOD: Duration = Duration::from_millis(2);
const LIMIT: Duration = Duration::from_secs(10);

/// Swaps a component under 64 paced streams. Without a component file there is one failure.
pub(crate) async fn run(effort: &Effort, folder: &Path, results: &mut Results) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    if let Err(error) = swaps(effort, folder, results).await {
        results.fail(format!("swap of a component: {error:#}"));
    }
    Ok(())
}

async fn swaps(effort: &Effort, folder: &Path, results: &mut Results) -> Result<()> {
    let component = std::fs::read(component()?)?;
    let mock = start_mock(folder).await?;
    let case = streams();
    let installation = Installation::make(
        &folder.join("transom"),
        mock.address,
        std::slice::from_ref(&case),
    )?;
    let transom = installation.spawn()?.ready().await?;
    let quiet = gaps(&case, transom.address, Duration::from_secs(1)).await?;
    results.add(
        "64 paced streams, no swap",
        Metric::GapP99,
        Column::Cerebras,
        quiet,
    );
    for number in 1..=effort.swaps {
        eprintln!("swap {number}/{}", effort.swaps);
        let bytes = variant(&component, number);
        let beside = gaps(&case, transom.address, Duration::from_secs(1));
        let swap = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            swap_once(&bytes, &installation.transformers(), transom.address).await
        };
        let (gap, swap) = tokio::try_join!(beside, swap)?;
        results.add(
            "64 paced streams, while a swap runs",
            Metric::GapP99,
            Column::Cerebras,
            gap,
        );
        results.add(
            "swap",
            Metric::SwapLive,
            Column::Cerebras,
            swap.as_secs_f64() * 1e3,
        );
    }
    transom.stop().await?;
    mock.stop().await
}

/// `TRANSOM_COMPONENT`, else the component that `just guests` builds.
fn component() -> Result<PathBuf> {
    let built = || {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../guests/target/wasm32-wasip2/release/cerebras.wasm")
    };
    let path = std::env::var_os("TRANSOM_COMPONENT").map_or_else(built, PathBuf::from);
    ensure!(
        path.is_file(),
        "there is no component at {}: run `just guests` or set TRANSOM_COMPONENT",
        path.display()
    );
    Ok(path)
}

/// The same component with another sha256: a custom section at the end means nothing to it.
fn variant(component: &[u8], number: usize) -> Vec<u8> {
    let content = [&[5_u8][..], b"bench", &number.to_le_bytes()].concat();
    let length = u8::try_from(content.len()).expect("invariant: 14 bytes");
    [component, &[0, length], &content].concat()
}

fn streams() -> Case {
    let knobs = Knobs {
        events: 120,
        delay_ms: 10,
        ..Knobs::default()
    };
    Case {
        name: "swap".to_owned(),
        kind: Kind::Streams { streams: STREAMS },
        knobs,
    }
}

/// The 99th percentile of the time between two events of a stream, in milliseconds.
async fn gaps(case: &Case, address: SocketAddr, window: Duration) -> Result<f64> {
    let mut target = Column::Cerebras.target(case, address);
    target.gaps = true;
    let mut session = Session::open(target, STREAMS).await?;
    let limit = window + case.knobs.paced_time() + LIMIT;
    let outcome = tokio::time::timeout(
        limit,
        session.run(Until::Elapsed(window), Duration::from_millis(10)),
    )
    .await
    .context("the streams beside the swap did not end")??;
    let gaps = outcome
        .exchanges
        .iter()
        .flat_map(|exchange| exchange.gaps.iter().copied());
    percentile_ms(gaps, 99.0).context("the streams beside the swap had no events")
}

async fn swap_once(bytes: &[u8], folder: &Path, address: SocketAddr) -> Result<Duration> {
    let wanted = hex(&Sha256::digest(bytes));
    let hidden = folder.join(".cerebras.wasm.new");
    std::fs::write(&hidden, bytes)?;
    let mut connection = Connection::open(address).await?;
    let begin = Instant::now();
    std::fs::rename(&hidden, folder.join("cerebras.wasm"))?;
    while live(&mut connection, address).await?.as_deref() != Some(&wanted) {
        ensure!(
            begin.elapsed() < LIMIT,
            "new bytes were not live after {} s",
            LIMIT.as_secs()
        );
        tokio::time::sleep(LOOK_PERIOD).await;
    }
    Ok(begin.elapsed())
}

/// The sha256 that `/api/status` gives for the transformer.
async fn live(connection: &mut Connection, address: SocketAddr) -> Result<Option<String>> {
    let request = format!("GET /api/status HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let mut body = Vec::new();
    tokio::time::timeout(
        LIMIT,
        connection.ask(request.as_bytes(), |piece| body.extend_from_slice(piece)),
    )
    .await
    .context("/api/status does not answer")??;
    let status: Value = serde_json::from_slice(&body).context("/api/status is not JSON")?;
    let transformers = status["transformers"]
        .as_array()
        .context("/api/status lists no transformers")?;
    let found = transformers
        .iter()
        .find(|transformer| transformer["name"] == "cerebras");
    Ok(found
        .and_then(|transformer| transformer["sha256"].as_str())
        .map(str::to_owned))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
