//! Makes fixtures of recordings: redacts, runs the components, checks the outcome as `guest test`
//! does, and writes it down.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use serde_json::{Value, json};

use super::component::{find_of, pinned};
use super::fixture::{Fixture, Label, fixture, sorted_out};
use super::place;
use crate::chain::Pinned;
use crate::config::{Config, Limits};
use crate::recorder::{Answer, End, Played, Recording, play_stages};
use crate::redact::{Counts, Redactor};
use crate::testing::{Runner, cases_in};
use crate::wasm::Engine;
use crate::wasm::bindings::{Context, Ending};

/// A chain has a few stages, and a case is run in one instance at a time.
const INSTANCES: u32 = 8;

/// What fixtures are made with.
pub(super) struct Maker<'a> {
    redactor: Redactor,
    engine: Engine,
    limits: Arc<Limits>,
    transformers: Option<&'a Path>,
}

/// A fixture that was written.
pub(super) struct Written {
    case: PathBuf,
    exchange: String,
    stage: String,
    files: Vec<&'static str>,
    counts: Counts,
    remarks: Vec<String>,
    /// `guest test` passes on it.
    pub(super) passes: bool,
}

impl<'a> Maker<'a> {
    /// Errors: the engine cannot be built.
    pub(super) fn new(
        redactor: Redactor,
        config: &Config,
        transformers: Option<&'a Path>,
    ) -> anyhow::Result<Self> {
        let engine = Engine::new(INSTANCES, config.limits.memory).map_err(|error| {
            anyhow::anyhow!("the WebAssembly engine cannot be built: {error:#}")
        })?;
        Ok(Self {
            redactor,
            engine,
            limits: Arc::new(config.limits.clone()),
            transformers,
        })
    }

    /// Recognises whose exchange it is.
    pub(super) fn learn(&mut self, recording: &Recording) {
        self.redactor.learn_from_client(&recording.request);
        let context = &recording.context;
        for text in [&context.provider, &context.model, &context.requested_model] {
            self.redactor.learn_users(text);
        }
        for stage in &recording.stages {
            self.redactor.learn(&stage.options);
        }
        for attempt in &recording.attempts {
            if let Some(answer) = &attempt.answer {
                self.redactor.learn(&answer.body);
            }
        }
    }

    /// Writes the case of one stage of a recording.
    ///
    /// Errors: its components are not there; something personal could not be taken out; the folder
    /// cannot be written.
    pub(super) async fn make(
        &mut self,
        recording: &Recording,
        at: usize,
        why: Option<&str>,
        case: &Path,
    ) -> anyhow::Result<Written> {
        let stage = recording
            .stages
            .get(at)
            .context("invariant: the stage is one of the recording's")?;
        let clean = self.cleaned(recording);
        let mut remarks = Vec::new();
        if !clean.left_out.is_empty() {
            remarks.push(format!(
                "headers of the upstream that may tell an account are left out: {}; what the transformer needs of them, write into case.json5 by hand",
                clean.left_out.join(", ")
            ));
        }
        let (chain, bytes) = self.chain(&clean, at, &mut remarks)?;
        let options: Value = serde_json::from_slice(&chain_options(&chain, at)).unwrap_or_default();
        let mut played = play_stages(
            &chain,
            &clean.context,
            clean.request,
            clean.answer,
            &self.limits,
        )
        .await;
        if at >= played.len() {
            bail!(
                "the exchange {} never reached `{}`: a stage before it answered or refused",
                recording.id(),
                stage.name
            );
        }
        refuse_unlike(recording, &stage.name, played.get(at))?;
        let fixture = fixture(
            self.label(recording, &clean.context, why),
            &clean.context,
            &options,
            &played.swap_remove(at),
        );
        self.refuse_leaks(&fixture)?;
        let failures = self.test(&stage.name, &bytes, &fixture).await?;
        let files = fixture.all();
        place::write(case, &files)?;
        remarks.extend(fixture.remarks);
        let passes = failures.is_empty();
        remarks.extend(
            failures
                .into_iter()
                .map(|failure| format!("`guest test` fails on it: {failure}")),
        );
        Ok(Written {
            case: case.to_owned(),
            exchange: recording.id().to_owned(),
            stage: stage.name.clone(),
            files: files.iter().map(|(name, _)| *name).collect(),
            counts: clean.counts,
            remarks,
            passes,
        })
    }

    /// The stages that served, ready to run with their redacted options, and the bytes of one of them.
    fn chain(
        &self,
        clean: &Clean,
        at: usize,
        remarks: &mut Vec<String>,
    ) -> anyhow::Result<(Vec<Pinned>, Vec<u8>)> {
        let mut chain = Vec::new();
        let mut bytes = Vec::new();
        for (number, stage) in clean.stages.iter().enumerate() {
            let found = find_of(stage, self.transformers)?;
            if !found.same {
                let (name, generation) = (&stage.name, stage.generation);
                let sha256 = stage.sha256.get(..8).unwrap_or_default();
                remarks.push(format!(
                    "{name}@{generation} sha256:{sha256} that served is gone; what is expected is what the `{name}` that is there now makes"
                ));
            }
            chain.push(pinned(&self.engine, stage, &found.bytes)?);
            if number == at {
                bytes = found.bytes;
            }
        }
        Ok((chain, bytes))
    }

    fn cleaned(&mut self, recording: &Recording) -> Clean {
        self.redactor.take_counts();
        let context = self.context(&recording.context);
        let mut stages = recording.stages.clone();
        for stage in &mut stages {
            stage.options = self.redactor.options(&stage.options);
        }
        let request = self.redactor.body(&recording.request);
        let last = recording.attempts.last();
        let answer = last.and_then(|attempt| attempt.answer.clone());
        let mut left_out = Vec::new();
        let answer = answer.map(|mut answer| {
            (answer.head.headers, left_out) = sorted_out(answer.head.headers);
            self.answer(answer)
        });
        Clean {
            left_out,
            context,
            stages,
            request,
            answer,
            counts: self.redactor.take_counts(),
        }
    }

    /// What a case says of itself. Provider and model may have a person's name in them, too.
    fn label(&mut self, recording: &Recording, clean: &Context, why: Option<&str>) -> Label {
        let usual = "Recorded: what the transformer makes of this exchange stays the same.";
        Label {
            why: why.map_or_else(|| usual.to_owned(), |why| self.redactor.text(why)),
            source: format!(
                "recorded on {} from {}, {}; redacted",
                day(recording.at),
                clean.provider,
                clean.model
            ),
        }
    }

    fn context(&mut self, context: &Context) -> Context {
        let mut clean = context.clone();
        clean.provider = self.redactor.text(&clean.provider);
        for model in [&mut clean.model, &mut clean.requested_model] {
            *model = self.redactor.model(model);
        }
        let lists = [&mut clean.headers, &mut clean.limits, &mut clean.extra];
        for (_, value) in lists.into_iter().flatten() {
            *value = self.redactor.text(value);
        }
        clean
    }

    fn answer(&mut self, mut answer: Answer) -> Answer {
        answer.body = self.redactor.body(&answer.body);
        for (_, value) in &mut answer.head.headers {
            *value = self.redactor.text(value);
        }
        if let Ending::Broken(how) = &mut answer.ending {
            *how = self.redactor.text(how);
        }
        answer
    }

    /// What went in is redacted; a guest writes words of its own, and could put together what came in
    /// pieces that no one recognised.
    fn refuse_leaks(&mut self, fixture: &Fixture) -> anyhow::Result<()> {
        let files = fixture.files.iter();
        let mut left: Vec<_> = files
            .map(|(name, content)| (*name, self.redactor.left_in(content)))
            .collect();
        left.push(("case.json5", self.redactor.left_in_case(&fixture.case)));
        for (name, left) in left {
            if let Some(left) = left.first() {
                bail!(
                    "{name} would hold {left} still, as the transformer makes it of what was redacted; nothing is written. Have the text that it is made of taken out by a rule that need not say it: `recorder.redact` in the configuration, or --redact 'REGEX=>TEXT'"
                );
            }
        }
        Ok(())
    }

    /// What `guest test` finds.
    async fn test(
        &self,
        name: &str,
        bytes: &[u8],
        fixture: &Fixture,
    ) -> anyhow::Result<Vec<String>> {
        let folder = tempfile::TempDir::new().context("no temporary folder can be made")?;
        place::write(&folder.path().join("case"), &fixture.all())?;
        let runner = Runner::new(&self.engine, name, bytes, 1)?;
        let mut failures = Vec::new();
        for case in cases_in(folder.path())? {
            let outcome = runner.run(&case).await;
            failures.extend(outcome.failures.iter().map(ToString::to_string));
        }
        Ok(failures)
    }
}

/// An exchange that ended because the transformer broke, and does not when it is played: what would be
/// written shows nothing of what happened.
fn refuse_unlike(recording: &Recording, name: &str, played: Option<&Played>) -> anyhow::Result<()> {
    let (End::Failed(_, words) | End::Broken(words)) = &recording.client.end else {
        return Ok(());
    };
    let broke = words.contains(&format!("transformer `{name}` "));
    if !broke || played.is_none_or(|played| played.fault.is_some()) {
        return Ok(());
    }
    bail!(
        "the exchange {} ended because {words}, and that does not happen again when it is played without a network: the component is another one now, a limit of time was broken, or it broke over what was taken out. Nothing is written; `transom guest trace {}` shows what happened",
        recording.id(),
        recording.id()
    )
}

/// A recording without what is personal, as far as a fixture needs it.
struct Clean {
    context: Context,
    stages: Vec<crate::recorder::Stage>,
    request: Bytes,
    answer: Option<Answer>,
    /// Names of headers that it has no more.
    left_out: Vec<String>,
    counts: Counts,
}

fn chain_options(chain: &[Pinned], at: usize) -> Bytes {
    let pin = chain.get(at);
    pin.map(|pin| pin.options.clone()).unwrap_or_default()
}

/// Such as `22 Nov 2026`.
fn day(at: SystemTime) -> String {
    let date = httpdate::fmt_http_date(at);
    date.get(5..16).unwrap_or(&date).to_owned()
}

impl Written {
    /// The transformer and the folder of its cases, for a command.
    pub(super) fn place(&self) -> String {
        let folder = self.case.parent().unwrap_or(&self.case);
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        format!("{} {}", self.stage, folder.display())
    }

    /// For a program.
    pub(super) fn to_json(&self) -> Value {
        let redacted = self.counts.0.iter();
        let redacted: serde_json::Map<String, Value> = redacted
            .map(|(kind, count)| (kind.word().to_owned(), json!(count)))
            .collect();
        json!({
            "case": self.case, "exchange": self.exchange, "transformer": self.stage,
            "files": self.files, "redacted": redacted, "remarks": self.remarks, "passes": self.passes,
        })
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.passes { "passes" } else { "FAILS" };
        write!(
            f,
            "wrote {} of {} ({} files), on which {} {verdict}; taken out: {}",
            self.case.display(),
            self.exchange,
            self.files.len(),
            self.stage,
            self.counts
        )?;
        for remark in &self.remarks {
            write!(f, "\n  {}", remark.trim_end().replace('\n', "\n  "))?;
        }
        Ok(())
    }
}
