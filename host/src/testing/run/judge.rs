//! Compares what came of a case with what is expected of it. Runs nothing.

use std::sync::PoisonError;

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::{Value, json};

use super::Notes;
use crate::chain::{Chain, Outbound, Planned};
use crate::error::ApiError;
use crate::http::error_json;
use crate::testing::case::{Case, EndingPlan, Ends, FailsPlan};
use crate::testing::compare::{Event, difference, events, stream_difference};
use crate::testing::grammar::violations;
use crate::upstream::joined;

/// What a stream gave.
pub(super) struct Streamed {
    pub(super) bytes: Vec<u8>,
    pub(super) ends: Ends,
    pub(super) error: Option<ApiError>,
}

/// Checks what `request` returned. True when the exchange goes on to the upstream.
pub(super) fn check_request(
    case: &Case,
    chain: &Chain,
    planned: Result<Planned, ApiError>,
    failures: &mut Vec<String>,
) -> anyhow::Result<bool> {
    let plan = &case.plan.request;
    match planned {
        Err(error) => {
            match &plan.fails {
                Some(fails) => check_failure(fails, &error, failures),
                None => failures.push(format!("request failed: {error}")),
            }
            Ok(false)
        }
        Ok(_) if plan.fails.is_some() => {
            failures.push("request should have failed".to_owned());
            Ok(false)
        }
        Ok(Planned::Unsupported) => {
            if !plan.unsupported {
                failures.push("request: the operation is unsupported".to_owned());
            }
            Ok(false)
        }
        Ok(Planned::Answer(answer)) => {
            if !plan.answer {
                failures.push("request was answered locally".to_owned());
            }
            check_whole(case, Ok(answer), failures)?;
            Ok(false)
        }
        Ok(Planned::Forward(outbound)) => {
            if plan.answer || plan.unsupported {
                failures.push("request was forwarded".to_owned());
            }
            check_forward(case, chain, &outbound, failures)?;
            Ok(true)
        }
    }
}

fn check_failure(fails: &FailsPlan, error: &ApiError, failures: &mut Vec<String>) {
    let differs = fails.status.is_some_and(|status| status != error.status)
        || fails.kind.as_ref().is_some_and(|kind| kind != error.kind)
        || fails
            .message
            .as_ref()
            .is_some_and(|message| *message != error.message);
    if differs {
        failures.push(format!("request failed with {error}, expected {fails:?}"));
    }
}

fn check_forward(
    case: &Case,
    chain: &Chain,
    outbound: &Outbound,
    failures: &mut Vec<String>,
) -> anyhow::Result<()> {
    let plan = &case.plan.request;
    if plan
        .path
        .as_ref()
        .is_some_and(|path| *path != outbound.path)
    {
        failures.push(format!(
            "path {} where {:?} is expected",
            outbound.path, plan.path
        ));
    }
    for (name, expected) in &plan.headers {
        let got = outbound
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok());
        if got != expected.as_deref() {
            failures.push(format!(
                "header {name}: {got:?} where {expected:?} is expected"
            ));
        }
    }
    let reply = chain.reply();
    if plan
        .reply
        .as_ref()
        .is_some_and(|expected| *expected != reply)
    {
        failures.push(format!("reply {reply} where {:?} is expected", plan.reply));
    }
    if let Some(expected) = case.file("request.upstream.json")? {
        let expected: Value = serde_json::from_slice(&expected)
            .with_context(|| format!("{}/request.upstream.json", case.name))?;
        let body = joined(outbound.body.clone());
        match serde_json::from_slice::<Value>(&body) {
            Ok(got) => failures.extend(difference("request.upstream.json", &expected, &got)),
            Err(error) => failures.push(format!("the upstream's request is not JSON: {error}")),
        }
    }
    Ok(())
}

pub(super) fn check_whole(
    case: &Case,
    result: Result<Bytes, ApiError>,
    failures: &mut Vec<String>,
) -> anyhow::Result<()> {
    let got: Value = match result {
        Ok(body) => serde_json::from_slice(&body)
            .unwrap_or_else(|error| json!(format!("not JSON: {error}"))),
        Err(error) => {
            check_error(case, &error, failures);
            envelope(&error)
        }
    };
    if let Some(expected) = case.file("response.client.json")? {
        let expected: Value = serde_json::from_slice(&expected)
            .with_context(|| format!("{}/response.client.json", case.name))?;
        failures.extend(difference("response.client.json", &expected, &got));
    }
    Ok(())
}

fn check_error(case: &Case, error: &ApiError, failures: &mut Vec<String>) {
    let expect = &case.plan.expect;
    if expect.status.is_some_and(|status| status != error.status) {
        failures.push(format!(
            "status {} where {:?} is expected",
            error.status, expect.status
        ));
    }
    for (name, expected) in &expect.headers {
        let got = match name.as_str() {
            "retry-after" => error.retry_after_ms.map(|ms| ms.div_ceil(1000).to_string()),
            "x-should-retry" => error.should_retry.map(|retry| retry.to_string()),
            _ => None,
        };
        if got.as_ref() != Some(expected) {
            failures.push(format!(
                "header {name}: {got:?} where {expected:?} is expected"
            ));
        }
    }
}

fn envelope(error: &ApiError) -> Value {
    let mut value: Value = serde_json::from_str(&error_json(error, "")).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("request_id");
    }
    value
}

pub(super) fn check_streamed(
    case: &Case,
    streamed: &Streamed,
    failures: &mut Vec<String>,
) -> anyhow::Result<()> {
    let before_any_event = case.dir.join("response.client.json").exists();
    let usual = match case.plan.ending {
        _ if before_any_event => Ends::Error,
        EndingPlan::Complete => Ends::Complete,
        EndingPlan::Broken(_) => Ends::Cut,
    };
    let expected_end = case.plan.expect.ends.unwrap_or(usual);
    if streamed.ends != expected_end {
        failures.push(format!(
            "the stream ends {:?} where {expected_end:?} is expected: {:?}",
            streamed.ends, streamed.error
        ));
    }
    let mut got: Vec<Event> = match events(&streamed.bytes) {
        Ok(got) => got,
        Err(why) => {
            failures.push(why);
            return Ok(());
        }
    };
    if let (Some(error), Ends::Error) = (&streamed.error, streamed.ends) {
        if got.is_empty() {
            check_error(case, error, failures);
            if let Some(expected) = case.file("response.client.json")? {
                failures.extend(difference(
                    "response.client.json",
                    &serde_json::from_slice(&expected)?,
                    &envelope(error),
                ));
            }
            return Ok(());
        }
        got.push(("error".to_owned(), envelope(error)));
    }
    failures.extend(violations(&got, streamed.ends));
    if let Some(expected) = case.file("response.client.sse")? {
        let expected = events(&expected)
            .map_err(|why| anyhow::anyhow!("{}/response.client.sse: {why}", case.name))?;
        failures.extend(stream_difference("response.client.sse", &expected, &got));
    }
    Ok(())
}

pub(super) fn check_notes(case: &Case, notes: &Notes, failures: &mut Vec<String>) {
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    for expected in &case.plan.notes {
        if !notes
            .iter()
            .any(|(action, path, _)| *action == expected.action && *path == expected.path)
        {
            failures.push(format!(
                "no note `{} {}`; notes are {notes:?}",
                expected.action, expected.path
            ));
        }
    }
}
