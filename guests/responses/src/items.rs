//! The items of an answer on their way to blocks, of a stream and of a whole message alike.
//!
//! One block is open at a time, so the items are written in their order: what comes for a later one waits
//! until those before it are done.

use crate::event::{Item, Response};
use crate::seal::Sealed;
use chat::{Names, mend};
use sdk::host::{Level, log};
use sdk::json::{Escaped, Members, RawValue};
use sdk::whole::Blocks;
use sdk::{Context, Failure, failure};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Reasoning,
    Message,
    Call,
    /// Something that has no block.
    Other,
}

/// An item that is not written to its end.
#[derive(Debug)]
struct Open {
    index: u32,
    kind: Kind,
    /// What waits to be written, escaped.
    waiting: Vec<String>,
    /// All that came of the text or of the arguments.
    came: String,
    /// How much of it was passed on, or waits for that alone.
    passed: usize,
    /// The arguments are no JSON as they begin: they are kept back until they can be judged as a whole.
    odd: bool,
    /// Of a call.
    id: String,
    name: String,
    /// Of a message: its `phase`, a JSON string.
    phase: Option<String>,
    /// Of reasoning: the item itself, if it holds what only the provider can read.
    item: Option<String>,
    /// Its block is open.
    begun: bool,
    /// The last part of a summary that something came of.
    part: Option<u32>,
    done: bool,
    /// What it was told to be as a whole is not what came of it.
    differs: bool,
}

/// The items of one answer.
#[derive(Debug)]
pub(crate) struct Items {
    pub(crate) context: Context,
    names: Names,
    open: VecDeque<Open>,
    /// Those that are behind: what they are, and all that came of them.
    written: BTreeMap<u32, (Kind, String)>,
    ids: BTreeSet<String>,
    /// What belongs before the next block.
    sealed: Sealed,
    /// A text says why the model does not answer.
    pub(crate) refused: bool,
}

const DIFFERS: &str = "upstream said at the end something else than what it had streamed";
const NO_JSON: &str = "upstream sent a tool call's arguments that are no JSON";
const CUT_CALL: &str = "upstream broke off in the middle of a tool call's arguments";

/// Behind so many bytes of arguments it is known how they begin, save for white space.
const BEGINNING: usize = 16;

impl Items {
    pub(crate) fn new(context: &Context, names: Names) -> Self {
        Self {
            context: context.clone(),
            names,
            open: VecDeque::new(),
            written: BTreeMap::new(),
            ids: BTreeSet::new(),
            sealed: Sealed::default(),
            refused: false,
        }
    }

    /// Whether a tool is called by what came so far.
    pub(crate) fn will_call(&self) -> bool {
        let named = |one: &Open| one.kind == Kind::Call && !one.name.is_empty();
        !self.ids.is_empty() || self.open.iter().any(named)
    }

    /// Takes in what a response holds and what was not said before. Errors: what was said is not what it holds.
    pub(crate) fn unsaid(&mut self, response: &Response<'_>) -> Result<(), Failure> {
        let output = response.output.as_deref().unwrap_or_default();
        // Servers that leave items out give the others another place.
        let all = output.len() == self.written.len() + self.open.len();
        for (index, raw) in (0..).zip(output) {
            let Ok(item) = sdk::json::from_str::<Item<'_>>(raw.get()) else {
                continue;
            };
            if all && self.written_otherwise(index, &item) {
                return Err(failure::upstream(DIFFERS));
            }
            self.end(index, raw, &item);
        }
        Ok(())
    }

    /// Whether an item that is behind is another than this, which it is said to be.
    fn written_otherwise(&self, index: u32, item: &Item<'_>) -> bool {
        let Some((written, came)) = self.written.get(&index) else {
            return false;
        };
        let whole = match kind(&item.kind) {
            Kind::Message => item.text().0,
            Kind::Call => item.arguments(),
            Kind::Reasoning | Kind::Other => return false,
        };
        let came = Escaped::verbatim(came).unescape().into_owned();
        *written == kind(&item.kind) && differs(*written, &came, &whole.unescape())
    }

    /// An item begins.
    pub(crate) fn begin(&mut self, index: u32, item: &Item<'_>) {
        let kind = kind(&item.kind);
        let Some(open) = self.at(index, kind) else {
            return;
        };
        if kind == Kind::Call {
            open.called(item);
        }
        open.phase(item);
    }

    /// Text, thinking or arguments of an item.
    pub(crate) fn add(&mut self, index: u32, kind: Kind, piece: &Escaped<'_>) {
        if let Some(open) = self.at(index, kind).filter(|_| !piece.is_empty()) {
            open.push(piece.get());
        }
    }

    /// Thinking of this part of a summary: parts are paragraphs.
    pub(crate) fn summary(&mut self, index: u32, part: u32, piece: &Escaped<'_>) {
        let Some(open) = self
            .at(index, Kind::Reasoning)
            .filter(|_| !piece.is_empty())
        else {
            return;
        };
        if open.part.is_some_and(|last| last != part) {
            open.push(r"\n\n");
        }
        open.part = Some(part);
        open.push(piece.get());
    }

    /// The whole arguments of a call: what of them did not come yet is added.
    pub(crate) fn complete(&mut self, index: u32, whole: &Escaped<'_>) {
        if let Some(open) = self.at(index, Kind::Call) {
            open.rest(whole);
        }
    }

    /// An item is done, and this is all of it.
    pub(crate) fn end(&mut self, index: u32, raw: &RawValue, item: &Item<'_>) {
        let kind = kind(&item.kind);
        self.refused |= kind == Kind::Message && item.text().1;
        let Some(open) = self.at(index, kind).filter(|open| open.kind == kind) else {
            return;
        };
        match kind {
            Kind::Message => open.rest(&item.text().0),
            Kind::Reasoning if open.came.is_empty() => open.push(item.thought().get()),
            Kind::Reasoning | Kind::Other => {}
            Kind::Call => {
                open.called(item);
                open.rest(&item.arguments());
            }
        }
        open.phase(item);
        open.done = true;
        if item
            .encrypted_content
            .is_some_and(|content| content.get() != "null")
        {
            open.item = Some(raw.get().to_owned());
        }
    }

    /// The item of this index; a new one if there is none. None: it is behind.
    fn at(&mut self, index: u32, kind: Kind) -> Option<&mut Open> {
        if self.written.contains_key(&index) {
            return None;
        }
        let at = match self.open.iter().position(|one| one.index == index) {
            Some(at) => at,
            None => {
                self.open.push_back(Open::new(index, kind));
                self.open.len() - 1
            }
        };
        self.open.get_mut(at)
    }

    /// Writes what can be written. `last`: nothing more comes. `cut`: the limit cut the answer off, so arguments
    /// may be incomplete. Errors: they are otherwise.
    pub(crate) fn write(
        &mut self,
        out: &mut impl Blocks,
        last: bool,
        cut: bool,
    ) -> Result<(), Failure> {
        while let Some(mut open) = self.open.pop_front() {
            self.pieces(&mut open, out, last);
            if !open.done && !last {
                self.open.push_front(open);
                return Ok(());
            }
            self.close(&open, out, cut)?;
            self.written.insert(open.index, (open.kind, open.came));
        }
        if last && out.in_thinking() && !self.sealed.is_empty() {
            let sealed = self.sealed.seal(&self.context);
            out.signature(&sealed);
        }
        Ok(())
    }

    /// What waits of one item.
    fn pieces(&mut self, open: &mut Open, out: &mut impl Blocks, last: bool) {
        if open.kind == Kind::Call {
            self.call(open, out, last);
        }
        if open.kind == Kind::Call && !open.begun {
            return;
        }
        for piece in std::mem::take(&mut open.waiting) {
            let piece = Escaped::verbatim(&piece);
            let first = !std::mem::replace(&mut open.begun, true);
            match open.kind {
                Kind::Reasoning => {
                    if first && out.in_thinking() {
                        out.thinking(&Escaped::verbatim(r"\n\n"));
                    }
                    out.thinking(&piece);
                }
                Kind::Call => out.input(&piece),
                Kind::Message => {
                    if first {
                        self.sealed.phase = open.phase.take();
                        self.sign(out);
                    }
                    out.text(&piece);
                }
                Kind::Other => {}
            }
        }
    }

    /// Opens the block of a call that has its name.
    fn call(&mut self, open: &mut Open, out: &mut impl Blocks, last: bool) {
        if open.begun {
            return;
        }
        if open.name.is_empty() {
            if last || open.done {
                log(Level::Warn, "the upstream called a tool without naming it");
            }
            return;
        }
        if open.id.is_empty() || self.ids.contains(&open.id) {
            open.id = format!("toolu_{}{:02}", self.context.exchange_id, self.ids.len());
        }
        self.sign(out);
        out.tool(&open.id, self.names.incoming(&open.name));
        self.ids.insert(open.id.clone());
        open.begun = true;
    }

    /// The end of an item.
    fn close(&mut self, open: &Open, out: &mut impl Blocks, cut: bool) -> Result<(), Failure> {
        if open.differs && !cut {
            return Err(failure::upstream(DIFFERS));
        }
        match open.kind {
            Kind::Reasoning => self.sealed.items.extend(open.item.clone()),
            Kind::Call if open.begun && !cut && (open.odd || !open.is_object()) => {
                let rest = open.mended()?;
                if !rest.is_empty() {
                    out.input(&Escaped::plain(&rest));
                }
                out.close();
            }
            // Half an object stays one.
            Kind::Call if open.odd && cut && !begins_oddly(&open.plain()) => {
                out.input(&Escaped::verbatim(&open.came[open.passed..]));
                out.close();
            }
            // Messages are blocks of their own.
            Kind::Call | Kind::Message => out.close(),
            Kind::Other => {}
        }
        Ok(())
    }

    /// Seals what belongs before the block that comes now.
    fn sign(&mut self, out: &mut impl Blocks) {
        if self.sealed.is_empty() {
            return;
        }
        let sealed = self.sealed.seal(&self.context);
        if out.in_thinking() {
            out.signature(&sealed);
        } else {
            out.redacted(&sealed);
        }
    }
}

impl Open {
    fn new(index: u32, kind: Kind) -> Self {
        Self {
            index,
            kind,
            waiting: Vec::new(),
            came: String::new(),
            passed: 0,
            odd: false,
            id: String::new(),
            name: String::new(),
            phase: None,
            item: None,
            begun: false,
            part: None,
            done: false,
            differs: false,
        }
    }

    fn push(&mut self, piece: &str) {
        if piece.is_empty() {
            return;
        }
        self.came.push_str(piece);
        if self.kind == Kind::Call && !self.odd && self.passed < BEGINNING {
            self.odd = begins_oddly(&self.plain());
        }
        if !self.odd {
            self.passed = self.came.len();
            self.waiting.push(piece.to_owned());
        }
    }

    /// All that came, without escapes.
    fn plain(&self) -> String {
        Escaped::verbatim(&self.came).unescape().into_owned()
    }

    /// Keeps back arguments of which nothing was written yet and that are not to be written as they are.
    fn keep_back(&mut self) {
        self.waiting.clear();
        self.passed = 0;
        self.odd = true;
    }

    /// What is to be written beside what was passed on, so that the arguments are what they mean. Errors: they
    /// cannot become an object.
    fn mended(&self) -> Result<String, Failure> {
        let plain = self.plain();
        let passed = Escaped::verbatim(&self.came[..self.passed]);
        let passed = passed.unescape();
        let (opens, closes) = (plain.trim().starts_with('{'), plain.trim().ends_with('}'));
        let rest = |mended: String| Some(mended.strip_prefix(passed.trim_start())?.to_owned());
        match mend(&plain).map(rest) {
            Some(Some(rest)) => Ok(rest),
            _ if opens && !closes => Err(failure::upstream(CUT_CALL)),
            // Only what was not begun can still become an object.
            None if passed.is_empty() => Ok("{}".to_owned()),
            _ => Err(failure::upstream(NO_JSON)),
        }
    }

    /// What did not come of a whole text.
    fn rest(&mut self, whole: &Escaped<'_>) {
        let plain = whole.unescape();
        let came = self.plain();
        if let Some(rest) = plain.strip_prefix(came.as_str()) {
            let rest = Escaped::plain(rest);
            let at_once = self.came.is_empty();
            self.push(rest.get());
            if at_once && self.kind == Kind::Call && !self.is_object() {
                self.keep_back();
            }
        } else {
            self.differs |= differs(self.kind, &came, &plain);
        }
    }

    /// Id and name of a call.
    fn called(&mut self, item: &Item<'_>) {
        let id = [&item.call_id, &item.id].into_iter().flatten();
        let mut id = id.filter(|id| !id.is_empty());
        if let Some(id) = id.next().filter(|_| self.id.is_empty()) {
            self.id = id.to_string();
        }
        if let Some(name) = item.name.as_deref().filter(|_| self.name.is_empty()) {
            name.clone_into(&mut self.name);
        }
    }

    fn phase(&mut self, item: &Item<'_>) {
        let phase = item.phase.map(RawValue::get);
        let phase = phase.filter(|phase| phase.starts_with('"') && self.kind == Kind::Message);
        self.phase = phase.map(str::to_owned).or(self.phase.take());
    }

    /// Whether the arguments that came are an object, or none.
    fn is_object(&self) -> bool {
        let came = self.plain();
        let came = came.trim();
        came.is_empty() || (came.starts_with('{') && sdk::json::from_str::<&RawValue>(came).is_ok())
    }
}

/// Whether arguments begin as no object in JSON does. Where that is not known yet, they do not.
fn begins_oddly(text: &str) -> bool {
    let Some(inside) = text.trim_start().strip_prefix('{') else {
        return !text.trim().is_empty();
    };
    let first = inside.trim_start().chars().next();
    first.is_some_and(|first| !matches!(first, '"' | '}'))
}

/// Whether a text or arguments that came are others than what is told as the whole. Servers that tell nothing there,
/// without the white space at the end, or with arguments spelt otherwise, mean the same.
fn differs(kind: Kind, came: &str, whole: &str) -> bool {
    let (came, whole) = (came.trim(), whole.trim());
    if came.starts_with(whole) && kind != Kind::Call || whole.is_empty() || came == whole {
        return false;
    }
    let read = |text| sdk::json::from_str::<&RawValue>(text);
    match (kind, read(came), read(whole)) {
        (Kind::Call, Ok(came), Ok(whole)) => !means_the_same(came, whole),
        _ => true,
    }
}

fn means_the_same(one: &RawValue, other: &RawValue) -> bool {
    if let (Some(one), Some(other)) = (Escaped::of(one), Escaped::of(other)) {
        return one.unescape() == other.unescape();
    }
    let objects = (
        sdk::json::from_str::<Members<'_>>(one.get()),
        sdk::json::from_str::<Members<'_>>(other.get()),
    );
    if let (Ok(one), Ok(other)) = objects {
        let same = |(name, value): (&str, &RawValue)| {
            let twin = other.get(name);
            twin.is_some_and(|twin| means_the_same(value, twin))
        };
        return one.iter().count() == other.iter().count() && one.iter().all(same);
    }
    let items = |raw| sdk::json::from_str::<Vec<&RawValue>>(raw);
    if let (Ok(one), Ok(other)) = (items(one.get()), items(other.get())) {
        let mut pairs = one.iter().zip(&other);
        return one.len() == other.len() && pairs.all(|(one, other)| means_the_same(one, other));
    }
    let number = |raw: &RawValue| raw.get().parse::<f64>().ok();
    one.get() == other.get() || number(one).is_some_and(|one| number(other) == Some(one))
}

fn kind(kind: &str) -> Kind {
    match kind {
        "reasoning" => Kind::Reasoning,
        "message" => Kind::Message,
        "function_call" => Kind::Call,
        other => {
            let message = format!("an item of the answer has no block: {other}");
            log(Level::Warn, &message);
            Kind::Other
        }
    }
}
