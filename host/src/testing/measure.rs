//! What a component's calls cost, for the benchmark: through the real chain, without HTTP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::chain::{Chain, Pinned, Sink};
use crate::config::Limits;
use crate::error::ApiError;
use crate::registry::Generation;
use crate::wasm::bindings::{Context, Head};
use crate::wasm::{Component, Engine};

/// One component, ready to be called over and over.
pub struct Meter {
    pinned: [Pinned; 1],
    limits: Arc<Limits>,
    permits: Arc<Semaphore>,
}

impl Meter {
    /// Compiles the component.
    pub fn new(engine: &Engine, name: &str, bytes: &[u8]) -> anyhow::Result<Self> {
        let component = Component::load(engine, None, name, bytes)?;
        let pinned = Pinned {
            generation: Arc::new(Generation::for_tests(component)),
            options: Bytes::from_static(b"{}"),
        };
        Ok(Self {
            pinned: [pinned],
            limits: Arc::default(),
            permits: Arc::new(Semaphore::new(engine.step().instances as usize)),
        })
    }

    /// Store, instance, `configure` and the exchange's constructor, then their drop: `times` each.
    pub async fn open_and_drop(
        &self,
        times: usize,
    ) -> Result<(Vec<Duration>, Vec<Duration>), ApiError> {
        let (mut opened, mut dropped) = (Vec::new(), Vec::new());
        for _ in 0..times {
            let started = Instant::now();
            let chain = self.open().await?;
            opened.push(started.elapsed());
            let started = Instant::now();
            drop(chain);
            dropped.push(started.elapsed());
        }
        Ok((opened, dropped))
    }

    /// `request` with this body, on a fresh instance each.
    pub async fn requests(&self, body: &Bytes, times: usize) -> Result<Vec<Duration>, ApiError> {
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let mut chain = self.open().await?;
            let started = Instant::now();
            chain.request(body.clone()).await?;
            took.push(started.elapsed());
        }
        Ok(took)
    }

    /// `push` of these frames, `times` on one exchange, without splice rules unless `rules`.
    pub async fn pushes(
        &self,
        first: &Bytes,
        frames: &Bytes,
        times: usize,
        rules: bool,
    ) -> Result<Vec<Duration>, ApiError> {
        let mut chain = self.open().await?;
        if !rules {
            chain.ignore_rules();
        }
        let body = json!({"model": "m,m", "max_tokens": 9, "stream": true, "messages": [{"role": "user", "content": "hi"}]});
        chain.request(Bytes::from(body.to_string())).await?;
        let head = Head {
            status: 200,
            headers: Vec::new(),
        };
        chain.begin(&head).await?;
        chain.push(first.clone()).await?;
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let read = frames.clone();
            let started = Instant::now();
            chain.push(read).await?;
            took.push(started.elapsed());
        }
        Ok(took)
    }

    async fn open(&self) -> Result<Chain, ApiError> {
        let text = |value: &str| value.to_owned();
        let context = Context {
            exchange_id: text("0123456789abcdefghijABCD"),
            provider: text("bench"),
            model: text("m"),
            requested_model: text("m,m"),
            operation: text("messages"),
            streaming: true,
            input_estimate: 100,
            headers: Vec::new(),
            limits: Vec::new(),
            extra: Vec::new(),
        };
        let permit = self.permits.clone().try_acquire_owned();
        let permit = permit.map_err(|_| ApiError::new("api_error", "the pool is empty"))?;
        let silent = |_: &Arc<Generation>| -> Sink { Arc::new(|_| ()) };
        Chain::open(&self.pinned, &context, &self.limits, &silent, permit).await
    }
}
