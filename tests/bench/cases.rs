//! The rows of the table: which loads are put on every column.

use std::time::Duration;

use crate::load::request::Size;
use crate::mock::knobs::Knobs;

/// One load.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) knobs: Knobs,
}

/// What a load is made of.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Requests without a stream, this many at once.
    Whole { connections: usize, size: Size },
    /// This many streams at once.
    Streams { streams: usize },
    /// One stream after another; how soon content comes.
    FirstContent,
}

/// How long and how often things are measured.
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// For one case in one column.
    pub(crate) window: Duration,
    /// Streams begun for the time to first content.
    pub(crate) first_contents: usize,
    /// Starts of a process.
    pub(crate) starts: usize,
    /// Swaps of a component.
    pub(crate) swaps: usize,
    /// Also the loads that take long and change little.
    pub(crate) everything: bool,
}

impl Effort {
    /// Under a minute.
    pub(crate) fn quick() -> Self {
        let window = Duration::from_millis(250);
        Self {
            rounds: 1,
            window,
            first_contents: 20,
            starts: 3,
            swaps: 2,
            everything: false,
        }
    }

    /// Some five minutes.
    pub(crate) fn full() -> Self {
        let window = Duration::from_secs(1);
        Self {
            rounds: 3,
            window,
            first_contents: 50,
            starts: 7,
            swaps: 5,
            everything: true,
        }
    }
}

/// Loads for a process under test on a core of its own: the cost of the hop.
pub(crate) fn apart() -> Vec<Case> {
    let mut cases = vec![
        whole("small, 1 at once", 1, Size::Small),
        whole("small, 32 at once", 32, Size::Small),
        whole("60 KB, 1 at once", 1, Size::ClaudeCode),
    ];
    for per_write in [1, 10] {
        for streams in [1, 16, 64] {
            let name = format!("{streams} full speed, {per_write} per write");
            cases.push(Case {
                name,
                kind: Kind::Streams { streams },
                knobs: Knobs {
                    per_write,
                    ..full_speed()
                },
            });
        }
    }
    cases.push(paced("64 paced 10 ms", 64, 10, 100));
    let knobs = Knobs {
        events: 3,
        delay_ms: 10,
        ..Knobs::default()
    };
    cases.push(Case {
        name: "lone paced stream".to_owned(),
        kind: Kind::FirstContent,
        knobs,
    });
    cases
}

/// Loads for the memory that they take.
pub(crate) fn memory(effort: &Effort) -> Vec<Case> {
    let mut cases = vec![paced("64 paced 10 ms", 64, 10, 100)];
    if effort.everything {
        cases.push(paced("1000 paced 200 ms", 1000, 200, 15));
        let name = "64 full speed, 1 per write".to_owned();
        cases.push(Case {
            name,
            kind: Kind::Streams { streams: 64 },
            knobs: full_speed(),
        });
    }
    cases
}

/// Loads for everything on all cores: what a machine of this size can do.
pub(crate) fn shared() -> Vec<Case> {
    vec![
        whole("small, 1 at once, all cores", 1, Size::Small),
        whole("small, 32 at once, all cores", 32, Size::Small),
    ]
}

fn whole(name: &str, connections: usize, size: Size) -> Case {
    Case {
        name: name.to_owned(),
        kind: Kind::Whole { connections, size },
        knobs: Knobs::default(),
    }
}

fn full_speed() -> Knobs {
    Knobs {
        events: 2000,
        ..Knobs::default()
    }
}

fn paced(name: &str, streams: usize, delay_ms: u64, events: usize) -> Case {
    let knobs = Knobs {
        events,
        delay_ms,
        ..Knobs::default()
    };
    Case {
        name: name.to_owned(),
        kind: Kind::Streams { streams },
        knobs,
    }
}
