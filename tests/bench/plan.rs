//! What one run of the benchmark does, in its order.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::args::Args;
use crate::cases::{self, Case, Effort};
use crate::columns::Column;
use crate::fleet::Fleet;
use crate::machine::Machine;
use crate::pin::Cores;
use crate::report::{self, Frame};
use crate::results::Results;
use crate::{memory, rounds, startup, swap};

/// A run that takes longer is stuck.
const LIMIT: Duration = Duration::from_mins(20);

/// Measures, and answers the report and whether nothing failed.
pub(crate) async fn run(args: &Args) -> Result<(String, bool)> {
    let extra = args.extra.as_deref().map(read_extra).transpose()?;
    let machine = Machine::look();
    let apart = Cores::apart()?;
    let cores = match &apart {
        Some(cores) => cores.describe(),
        None => "only one core: nothing is kept apart".to_owned(),
    };
    let columns = match args.columns.as_slice() {
        [] => Column::ALL.to_vec(),
        chosen => chosen.to_vec(),
    };
    allow_many_files();

    let mut run = Run::new(args, apart.as_ref(), columns.clone())?;
    tokio::time::timeout(LIMIT, run.measure(args.only.as_deref()))
        .await
        .context("the benchmark is stuck: it was not done after 20 minutes")??;

    let rounds = run.effort.rounds;
    let frame = Frame {
        machine,
        rounds,
        cores,
        extra,
    };
    let results = run.results;
    let text = if args.json {
        serde_json::to_string_pretty(&report::json(&frame, &columns, &results))?
    } else {
        report::markdown(&frame, &columns, &results)
    };
    Ok((text, results.failures.is_empty()))
}

/// What is carried from one part to the next.
struct Run {
    effort: Effort,
    /// Those that could be measured so far.
    columns: Vec<Column>,
    /// Everything on all cores.
    shared: Cores,
    /// The process under test on a core of its own, where there are two.
    apart: Cores,
    folder: tempfile::TempDir,
    results: Results,
}

impl Run {
    fn new(args: &Args, apart: Option<&Cores>, columns: Vec<Column>) -> Result<Self> {
        let mut effort = if args.quick {
            Effort::quick()
        } else {
            Effort::full()
        };
        effort.rounds = args.rounds.map_or(effort.rounds, usize::from);
        let shared = Cores::shared()?;
        let apart = apart.copied().unwrap_or(shared);
        let folder = tempfile::tempdir().context("no temporary folder can be made")?;
        Ok(Self {
            effort,
            columns,
            shared,
            apart,
            folder,
            results: Results::default(),
        })
    }

    async fn measure(&mut self, only: Option<&str>) -> Result<()> {
        let chosen = |cases: Vec<Case>| -> Vec<Case> {
            cases
                .into_iter()
                .filter(|case| only.is_none_or(|part| case.name.contains(part)))
                .collect()
        };
        let (cost, power) = (chosen(cases::apart()), chosen(cases::shared()));
        ensure!(
            !cost.is_empty() || !power.is_empty(),
            "no case has that name"
        );
        self.loads(&self.apart.clone(), &cost, "apart").await?;
        self.loads(&self.shared.clone(), &power, "shared").await?;
        if only.is_some() {
            return Ok(());
        }
        let folder = self.folder.path();
        let cases = cases::memory(&self.effort);
        let memory_folder = folder.join("memory");
        memory::run(
            &self.apart,
            &self.columns,
            &cases,
            &self.effort,
            &memory_folder,
            &mut self.results,
        )
        .await?;
        self.shared.stay_around()?;
        startup::run(
            &self.columns,
            &self.effort,
            &folder.join("start"),
            &mut self.results,
        )
        .await?;
        if self.columns.contains(&Column::Cerebras) {
            swap::run(&self.effort, &folder.join("swap"), &mut self.results).await?;
        }
        Ok(())
    }

    /// Puts `cases` on the columns, with the processes divided as `cores` says.
    async fn loads(&mut self, cores: &Cores, cases: &[Case], name: &str) -> Result<()> {
        if cases.is_empty() {
            return Ok(());
        }
        let folder = self.folder.path().join(name);
        let mut fleet = Fleet::start(cores, &self.columns, cases, &folder).await?;
        rounds::run(
            &mut fleet,
            &self.columns,
            cases,
            &self.effort,
            &mut self.results,
        )
        .await?;
        for (column, reason) in &fleet.missing {
            self.results.fail(format!("{}: {reason}", column.title()));
            self.columns.retain(|known| known != column);
        }
        Ok(())
    }
}

/// A thousand streams need more files than a shell allows by default.
fn allow_many_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        eprintln!("the limit of open files stays as it is: {error}");
    }
}

fn read_extra(path: &Path) -> Result<serde_json::Value> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}
