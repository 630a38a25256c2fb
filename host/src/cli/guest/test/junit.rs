//! A report in the XML that JUnit began and that CI services read: one suite, a case each.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::Session;
use crate::testing::{Finding, Outcome};

type Xml = Writer<Vec<u8>>;

/// The whole file.
pub(super) fn report(session: &Session) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let counts = [
        ("tests", session.outcomes.len().to_string()),
        ("failures", session.failed().to_string()),
        ("errors", "0".to_owned()),
        ("time", seconds(session.took)),
    ];
    element(&mut xml, "testsuites", &counts, |xml| {
        let named = [("name", clean(&session.name))];
        let skipped = [("skipped", "0".to_owned())];
        let attributes = [&named[..], &counts, &skipped].concat();
        element(xml, "testsuite", &attributes, |xml| {
            properties(xml, session)?;
            let mut cases = session.outcomes.iter();
            cases.try_for_each(|outcome| case(xml, session, outcome))
        })
    })?;
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn properties(xml: &mut Xml, session: &Session) -> io::Result<()> {
    let properties = [
        ("seed", session.seed.to_string()),
        ("sha256", session.sha256.clone()),
        ("origin", session.origin.clone()),
        ("folder", session.folder.display().to_string()),
        ("compile_ms", session.compiled.as_millis().to_string()),
    ];
    element(xml, "properties", &[], |xml| {
        properties.iter().try_for_each(|(name, value)| {
            let attributes = [("name", (*name).to_owned()), ("value", clean(value))];
            let attributes = attributes.iter();
            let attributes = attributes.map(|(name, value)| (*name, value.as_str()));
            let property = xml.create_element("property");
            property.with_attributes(attributes).write_empty().map(drop)
        })
    })
}

fn case(xml: &mut Xml, session: &Session, outcome: &Outcome) -> io::Result<()> {
    let attributes = [
        ("name", clean(&outcome.name)),
        ("classname", clean(&session.name)),
        ("time", seconds(outcome.took)),
    ];
    element(xml, "testcase", &attributes, |xml| {
        // One is what readers of such reports expect; it has all findings.
        if let Some(first) = outcome.failures.first() {
            let kind = [
                ("message", clean(&first.to_string())),
                ("type", first.kind.word().to_owned()),
            ];
            let all: Vec<String> = outcome.failures.iter().map(Finding::lines).collect();
            let text = format!("{}\nagain: {}", all.join("\n"), session.repeat(outcome));
            content(xml, "failure", &kind, &text)?;
        }
        if outcome.notes.is_empty() {
            return Ok(());
        }
        let notes = outcome.notes.iter();
        let notes = notes.map(|note| format!("{} {}: {}\n", note.action, note.path, note.why));
        content(xml, "system-out", &[], &notes.collect::<String>())
    })
}

fn element(
    xml: &mut Xml,
    name: &str,
    attributes: &[(&str, String)],
    inner: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<()> {
    let attributes = attributes
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    let element = xml.create_element(name).with_attributes(attributes);
    element.write_inner_content(inner).map(drop)
}

fn content(xml: &mut Xml, name: &str, attributes: &[(&str, String)], text: &str) -> io::Result<()> {
    let attributes = attributes
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    let element = xml.create_element(name).with_attributes(attributes);
    element
        .write_text_content(BytesText::new(&clean(text)))
        .map(drop)
}

fn seconds(took: std::time::Duration) -> String {
    format!("{:.6}", took.as_secs_f64())
}

/// Without the characters that XML has no way to write.
fn clean(text: &str) -> String {
    let legal = |char: char| matches!(char, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars()
        .map(|char| if legal(char) { char } else { '\u{fffd}' })
        .collect()
}
