//! Why an address cannot be listened on: who has it, and what to do.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use crate::cli::code::{Answer, service_at};
use crate::cli::listeners;

/// A sentence with the remedy.
pub(in crate::cli) async fn why(listen: SocketAddr, error: &Error) -> String {
    let elsewhere = "choose another with `listen` in the configuration or --listen";
    let why = match error.kind() {
        ErrorKind::AddrInUse => return taken(listen).await,
        ErrorKind::AddrNotAvailable => {
            format!("no interface of this machine has this address; {elsewhere}")
        }
        ErrorKind::PermissionDenied => {
            format!("this user may not use this port (those below 1024 need a right); {elsewhere}")
        }
        _ => format!("{error}; {elsewhere}"),
    };
    format!("cannot listen on {listen}: {why}")
}

async fn taken(listen: SocketAddr) -> String {
    let owner = listeners::process_at(listen.port());
    let elsewhere = SocketAddr::new(listen.ip(), 0);
    let (who, remedy) = match (service_at(listen).await, owner) {
        (Answer::Transom(url), owner) => {
            let process = owner.map(|owner| format!(" ({owner})")).unwrap_or_default();
            let who = format!("a transom serves there already{process}");
            (who, format!("use it at {url}, or stop it"))
        }
        (Answer::Anothers(health), _) => {
            let user = health.others().map(listeners::name_of);
            let who = user.map_or_else(
                || "a transom that is not on this machine serves there already".to_owned(),
                |user| format!("a transom of user {user} serves there already"),
            );
            (who, "leave it to them".to_owned())
        }
        (_, Some(owner)) => (format!("{owner} has it"), "stop that".to_owned()),
        (_, None) => {
            let port = listen.port();
            let who = "another program has it, perhaps another user's".to_owned();
            (
                who,
                format!("`ss -ltnp 'sport = :{port}'` as root shows which"),
            )
        }
    };
    format!(
        "cannot listen on {listen}: {who}; {remedy}, or choose another address with --listen \
         (`--listen {elsewhere}` takes a free port)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_reason_names_the_address_and_a_remedy() {
        let listen = "127.0.0.1:80".parse().unwrap();
        for kind in [
            ErrorKind::AddrNotAvailable,
            ErrorKind::PermissionDenied,
            ErrorKind::Other,
        ] {
            let why = why(listen, &Error::from(kind)).await;
            assert!(
                why.contains("127.0.0.1:80") && why.contains("--listen"),
                "{why}"
            );
        }
    }
}
