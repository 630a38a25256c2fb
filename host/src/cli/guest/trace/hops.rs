//! The hops of an exchange as text. All of it is what was recorded while it ran; nothing is computed
//! again.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use super::changed::told;
use super::shown::{Length, body, part, size};
use crate::recorder::{Attempt, End, Recording, Step};
use crate::wasm::bindings::Ending;

/// More steps are left out in the middle.
const STEPS: usize = 12;

/// The whole exchange.
pub(super) fn text(recording: &Recording, length: Length) -> String {
    let mut text = String::new();
    let written = write(recording, length, &mut text);
    debug_assert!(written.is_ok(), "a string takes everything");
    text
}

fn write(recording: &Recording, length: Length, out: &mut String) -> std::fmt::Result {
    let context = &recording.context;
    writeln!(
        out,
        "exchange {}, {} ago, {} by {}",
        recording.id(),
        age(recording.at),
        context.requested_model,
        served_by(recording)
    )?;
    client(recording, length, out)?;
    let several = recording.attempts.len() > 1;
    for (number, attempt) in recording.attempts.iter().enumerate() {
        if several {
            writeln!(out, "  attempt {}", number + 1)?;
        }
        request(recording, attempt, length, out)?;
        answer(attempt, length, out)?;
    }
    if recording.attempts.is_empty() {
        writeln!(out, "  guest -> upstream  nothing was sent")?;
    }
    steps(recording, length, out)?;
    ends(recording, length, out)
}

fn age(at: SystemTime) -> String {
    let age = at.elapsed().unwrap_or_default().as_secs();
    match age {
        0..120 => format!("{age} s"),
        120..7200 => format!("{} min", age / 60),
        _ => format!("{} h", age / 3600),
    }
}

fn served_by(recording: &Recording) -> String {
    let label = |stage: &crate::recorder::Stage| {
        let sha256 = stage.sha256.get(..8).unwrap_or_default();
        format!("{}@{} sha256:{sha256}", stage.name, stage.generation)
    };
    let stages: Vec<String> = recording.stages.iter().map(label).collect();
    stages.join(" > ")
}

fn client(recording: &Recording, length: Length, out: &mut String) -> std::fmt::Result {
    let context = &recording.context;
    let wants = if context.streaming {
        "a stream"
    } else {
        "a whole message"
    };
    writeln!(
        out,
        "  client -> guest    {}, wants {wants}, about {} tokens",
        size(recording.request.len()),
        context.input_estimate
    )?;
    headers(&context.headers, out)?;
    out.push_str(&body(&recording.request, length));
    Ok(())
}

fn request(
    recording: &Recording,
    attempt: &Attempt,
    length: Length,
    out: &mut String,
) -> std::fmt::Result {
    let sent = &attempt.sent;
    writeln!(
        out,
        "  guest -> upstream  POST {}, {}",
        sent.path,
        size(sent.body.len())
    )?;
    headers(&sent.headers, out)?;
    if sent.body == recording.request {
        writeln!(out, "      the client's body, unchanged")?;
        return Ok(());
    }
    out.push_str(&told(&recording.request, &sent.body));
    out.push_str(&body(&sent.body, length));
    Ok(())
}

fn answer(attempt: &Attempt, length: Length, out: &mut String) -> std::fmt::Result {
    let Some(answer) = &attempt.answer else {
        return writeln!(out, "  upstream -> guest  no answer came");
    };
    let ending = match &answer.ending {
        Ending::Complete => "complete".to_owned(),
        Ending::Broken(how) => format!("BROKEN: {how}"),
    };
    writeln!(
        out,
        "  upstream -> guest  {}, {}, {ending}",
        answer.head.status,
        size(answer.body.len())
    )?;
    headers(&answer.head.headers, out)?;
    out.push_str(&body(&answer.body, length));
    Ok(())
}

fn headers(headers: &[(String, String)], out: &mut String) -> std::fmt::Result {
    for (name, value) in headers {
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        writeln!(out, "      {name}: {value}")?;
    }
    Ok(())
}

/// What came out, step by step: with the time since the request, in milliseconds.
fn steps(recording: &Recording, length: Length, out: &mut String) -> std::fmt::Result {
    let steps = &recording.steps;
    if steps.is_empty() {
        return Ok(());
    }
    let total: usize = steps.iter().map(|step| step.out).sum();
    writeln!(
        out,
        "  guest -> client    {} in {} step{}",
        size(total),
        steps.len(),
        if steps.len() == 1 { "" } else { "s" }
    )?;
    let shown =
        |at: usize| length == Length::Whole || at < STEPS / 2 || at + STEPS / 2 >= steps.len();
    for (at, step) in steps.iter().enumerate() {
        if shown(at) {
            one_step(recording, at, *step, length, out)?;
        } else if shown(at - 1) {
            writeln!(
                out,
                "    … {} more steps, shown with --full",
                steps.len() - STEPS
            )?;
        }
    }
    Ok(())
}

fn one_step(
    recording: &Recording,
    at: usize,
    step: Step,
    length: Length,
    out: &mut String,
) -> std::fmt::Result {
    let spliced = match step.spliced {
        0 => String::new(),
        1 => ", 1 frame spliced".to_owned(),
        many => format!(", {many} frames spliced"),
    };
    writeln!(
        out,
        "    {} at {}: {} in, {} out{spliced}",
        at + 1,
        ms(step.at),
        size(step.read),
        size(step.out)
    )?;
    let made = recording.client.body.get(step.from..step.from + step.out);
    out.push_str(&part(made.unwrap_or_default(), length));
    Ok(())
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

fn ends(recording: &Recording, length: Length, out: &mut String) -> std::fmt::Result {
    let client = &recording.client;
    let end = match &client.end {
        End::Complete => "complete".to_owned(),
        End::Failed(kind, words) => format!("ended by an error, {kind}: {words}"),
        End::Broken(how) => format!("aborted: {how}"),
    };
    writeln!(
        out,
        "  client got         {}, {} in {}, {end}",
        client.status,
        size(client.body.len()),
        ms(client.took)
    )?;
    // What is no step's: an error, a guest's own answer.
    if recording.steps.is_empty() {
        out.push_str(&body(&client.body, length));
    }
    Ok(())
}
