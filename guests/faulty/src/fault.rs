//! The faults that can be asked for, by name.

/// A fault. Its name is that of the variant in kebab case, but for those with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    ConfigureTrap,
    ConfigureLoop,
    ConfigureError,
    RequestTrap,
    RequestLoop,
    RequestMemory,
    RequestFlood,
    RequestFail,
    PushTrap,
    LateTrap,
    PushLoop,
    PushMemory,
    PushFlood,
    LogFlood,
    LogLong,
    EditOutOfRange,
    EditOverlap,
    EditDescending,
    RuleEmpty,
    RuleOverlap,
    CleanAfterBreak,
    WakeLoop,
    AnswerDump,
    ResponseDump,
    ResponseHex,
    EditKeepModel,
    Splice,
    JsonLines,
    /// `path=…`
    Path(String),
    /// `header=name:value`
    Header(String, String),
}

impl Fault {
    /// Reads a name.
    pub(crate) fn read(name: &str) -> Option<Self> {
        if let Some(path) = name.strip_prefix("path=") {
            return Some(Fault::Path(path.to_owned()));
        }
        if let Some(header) = name.strip_prefix("header=") {
            let (name, value) = header.split_once(':')?;
            return Some(Fault::Header(name.to_owned(), value.to_owned()));
        }
        Some(match name {
            "none" => Fault::None,
            "configure-trap" => Fault::ConfigureTrap,
            "configure-loop" => Fault::ConfigureLoop,
            "configure-error" => Fault::ConfigureError,
            "request-trap" => Fault::RequestTrap,
            "request-loop" => Fault::RequestLoop,
            "request-memory" => Fault::RequestMemory,
            "request-flood" => Fault::RequestFlood,
            "request-fail" => Fault::RequestFail,
            "push-trap" => Fault::PushTrap,
            "late-trap" => Fault::LateTrap,
            "push-loop" => Fault::PushLoop,
            "push-memory" => Fault::PushMemory,
            "push-flood" => Fault::PushFlood,
            "log-flood" => Fault::LogFlood,
            "log-long" => Fault::LogLong,
            "edit-out-of-range" => Fault::EditOutOfRange,
            "edit-overlap" => Fault::EditOverlap,
            "edit-descending" => Fault::EditDescending,
            "rule-empty" => Fault::RuleEmpty,
            "rule-overlap" => Fault::RuleOverlap,
            "clean-after-break" => Fault::CleanAfterBreak,
            "wake-loop" => Fault::WakeLoop,
            "answer-dump" => Fault::AnswerDump,
            "response-dump" => Fault::ResponseDump,
            "response-hex" => Fault::ResponseHex,
            "edit-keep-model" => Fault::EditKeepModel,
            "splice" => Fault::Splice,
            "json-lines" => Fault::JsonLines,
            _ => return None,
        })
    }
}

/// Traps.
pub(crate) fn trap() -> ! {
    std::process::abort()
}

/// Never comes back.
pub(crate) fn spin() -> ! {
    let mut count = 0_u64;
    loop {
        count = std::hint::black_box(count.wrapping_add(1));
    }
}

/// Takes memory until there is none.
pub(crate) fn hoard() -> ! {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(std::hint::black_box(vec![1; 1 << 20]));
    }
}

/// More bytes than a host should take.
pub(crate) fn flood(bytes: usize) -> Vec<u8> {
    vec![b' '; bytes]
}
