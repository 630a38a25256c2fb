//! What guests log is bounded in length and number.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_log_flood_is_cut_after_its_allowance_and_said_once() {
    let upstream = upstream().await;
    let host = host_of(&upstream, &["log-flood"])
        .set("limits", json!({ "log_lines": 50 }))
        .start();
    let reply = client::messages(host.base(), &scene::ask("log-flood", "hi")).await;
    let (_, message) = error_of("log-flood", &reply.json());
    assert!(message.contains("log flood"), "{message}");
    let exchange_ended = |_: &Value| host.log().contains("exchange");
    host.wait_for_status("the exchange is logged", exchange_ended)
        .await;
    let log = host.log();
    let lines = log.lines().filter(|line| line.contains(" line ")).count();
    assert_eq!(lines, 50, "{log}");
    let said = log
        .matches("further lines are dropped: limits.log_lines is 50")
        .count();
    assert_eq!(said, 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_line_of_a_megabyte_is_cut_and_hurts_nothing() {
    let upstream = upstream().await;
    let host = host_of(&upstream, &["log-long"]).start();
    let reply = client::messages(host.base(), &scene::ask("log-long", "hi")).await;
    assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    let cut = |_: &Value| host.log().contains("[cut]");
    host.wait_for_status("the line is cut", cut).await;
    let log = host.log();
    let longest = log.lines().map(str::len).max().unwrap_or_default();
    assert!(longest < 9000, "a line of {longest} bytes");
}
