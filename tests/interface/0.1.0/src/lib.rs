//! The golden component of `transom:transformer@0.1.0`: it uses every function, every type and every
//! import of that version, so that a host which serves it serves the version. Built once; see README.md.

wit_bindgen::generate!({ path: "transformer.wit", world: "guest" });

use std::cell::{Cell, RefCell};

use exports::transom::transformer::transformer::{
    Draft, Ending, Forward, Guest, GuestExchange, Manifest, Next, Plan, Pushed, Reply, SpliceRule,
    Verdict,
};
use transom::transformer::host::{Level, log, note};
use transom::transformer::types::{Auth, Context, Edit, Failure, Head, Output};

struct Golden;

struct Exchange {
    context: Context,
    head: RefCell<Option<Head>>,
    spliced: Cell<u32>,
    began: Cell<bool>,
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn failure(kind: &str, status: u16, message: &str) -> Failure {
    Failure {
        kind: kind.to_owned(),
        status: Some(status),
        message: message.to_owned(),
        retry_after_ms: Some(2500),
        should_retry: Some(true),
    }
}

/// A member more, at the front of an object.
fn with_member(member: &str) -> Output {
    Output::Edit(vec![Edit {
        start: 1,
        end: 1,
        replacement: format!("{member},").into_bytes(),
    }])
}

fn text_delta() -> SpliceRule {
    let prefix = concat!(
        "event: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"#
    );
    SpliceRule {
        match_prefix: prefix.into(),
        match_suffix: b"}}\n\n".to_vec(),
        emit_prefix: prefix.into(),
        emit_suffix: b"}}\n\n".to_vec(),
    }
}

impl Guest for Golden {
    type Exchange = Exchange;

    fn configure(options: Vec<u8>) -> Result<Manifest, Vec<String>> {
        if contains(&options, "refuse") {
            return Err(vec!["options.refuse: as it says; leave it out".to_owned()]);
        }
        Ok(Manifest {
            name: "golden".to_owned(),
            version: "0.1.0".to_owned(),
            auth: contains(&options, "header").then(|| Auth::Header("x-golden-key".to_owned())),
            notices: vec!["built for 0.1.0".to_owned()],
        })
    }
}

impl GuestExchange for Exchange {
    fn new(context: Context) -> Self {
        Self {
            context,
            head: RefCell::new(None),
            spliced: Cell::new(0),
            began: Cell::new(false),
        }
    }

    fn request(&self, so_far: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        let model = &self.context.model;
        log(Level::Info, &format!("request to {model}, path so far {:?}", so_far.path));
        note("add", "golden", "every request is marked");
        if self.context.operation != "messages" {
            return Ok(Plan::Unsupported);
        }
        if contains(&body, "answer yourself") {
            let answer = format!(
                r#"{{"id":"msg_{}","type":"message","role":"assistant","model":"{model}","content":[{{"type":"text","text":"from the guest"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":1,"output_tokens":3}}}}"#,
                self.context.exchange_id
            );
            return Ok(Plan::Answer(answer.into_bytes()));
        }
        if contains(&body, "fail in request") {
            return Err(failure("rate_limit_error", 429, "as the request said"));
        }
        if contains(&body, "panic") {
            panic!("as the request said");
        }
        let reply = match (contains(&body, "untouched"), self.context.streaming) {
            (true, _) => Reply::Untouched,
            (false, true) => Reply::Frames("sse".to_owned()),
            (false, false) => Reply::Whole,
        };
        Ok(Plan::Forward(Forward {
            path: Some("/v1/messages?golden=1".to_owned()),
            headers: vec![
                ("x-golden".to_owned(), Some("yes".to_owned())),
                ("anthropic-beta".to_owned(), None),
            ],
            body: with_member(r#""golden":true"#),
            reply,
        }))
    }

    fn respond(&self, head: Head, _: Vec<u8>) -> Result<Output, Failure> {
        log(Level::Debug, &format!("whole answer with status {}", head.status));
        Ok(with_member(r#""golden":"whole""#))
    }

    fn explain(&self, head: Head, body: Vec<u8>) -> Verdict {
        match head.status {
            409 => Verdict::Resend(Forward {
                path: Some("/v1/messages?golden=again".to_owned()),
                headers: Vec::new(),
                body: Output::Keep,
                reply: Reply::Whole,
            }),
            429 => {
                let words = String::from_utf8_lossy(&body);
                Verdict::Failed(failure("rate_limit_error", 429, &words))
            }
            _ => Verdict::NotMine,
        }
    }

    fn begin(&self, head: Head) -> Result<(), Failure> {
        *self.head.borrow_mut() = Some(head);
        Ok(())
    }

    fn push(&self, frames: Vec<u8>, spliced: u32) -> Pushed {
        self.spliced.set(self.spliced.get() + spliced);
        if contains(&frames, "fail in stream") {
            return Pushed {
                out: Output::Drop,
                rules: None,
                next: Next::Failed(failure("overloaded_error", 529, "as the stream said")),
            };
        }
        let first = !self.began.replace(true);
        let done = contains(&frames, "event: message_stop");
        Pushed {
            out: Output::Keep,
            rules: first.then(|| vec![text_delta()]),
            next: match (first, done) {
                (_, true) => Next::More,
                (true, false) => Next::WakeAfter(60_000),
                (false, false) => Next::More,
            },
        }
    }

    fn wake(&self) -> Pushed {
        Pushed {
            out: Output::Replace(b": golden wakes\n\n".to_vec()),
            rules: None,
            next: Next::More,
        }
    }

    fn finish(&self, ending: Ending) -> Pushed {
        let next = match ending {
            Ending::Complete => Next::Done,
            Ending::Broken(how) => Next::Failed(failure("api_error", 502, &how)),
        };
        let status = self.head.borrow().as_ref().map_or(0, |head| head.status);
        let told = format!(": golden saw {status} and {} spliced\n\n", self.spliced.get());
        Pushed {
            out: Output::Replace(told.into_bytes()),
            rules: None,
            next,
        }
    }
}

export!(Golden);
