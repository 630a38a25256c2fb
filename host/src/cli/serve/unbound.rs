//! Why an address cannot be listened on: who has it, and what to do.

use std::fs;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use crate::cli::code::{Answer, service_at};

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
    let owner = owner(listen.port());
    let elsewhere = SocketAddr::new(listen.ip(), 0);
    let (who, remedy) = match (service_at(listen).await, owner) {
        (Answer::Transom(url), owner) => {
            let process = owner.map(|owner| format!(" ({owner})")).unwrap_or_default();
            let who = format!("a transom serves there already{process}");
            (who, format!("use it at {url}, or stop it"))
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

/// The name of the user whose process this is, else the number.
pub(in crate::cli) fn user_of(process: u32) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let user = fs::metadata(format!("/proc/{process}")).ok()?.uid();
    let number = user.to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(&*number)).then(|| name.to_owned())
    });
    Some(named.unwrap_or(number))
}

/// Name and number of the process that listens on a port, if the system lets this user know.
pub(in crate::cli) fn owner(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let sockets: Vec<String> = tables
        .iter()
        .flatten()
        .flat_map(|table| listeners(table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let holder: u32 = numbers.find(|number| holds(*number, &sockets))?;
    let name = fs::read_to_string(format!("/proc/{holder}/comm")).unwrap_or_default();
    Some(format!("`{}`, process {holder},", name.trim()))
}

/// The numbers of sockets that listen on a port, in the kernel's table.
fn listeners(table: &str, port: u16) -> impl Iterator<Item = &str> {
    /// `TCP_LISTEN` of the kernel's `tcp_states.h`.
    const LISTEN: &str = "0A";
    table.lines().filter_map(move |line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let (_, local) = fields.get(1)?.rsplit_once(':')?;
        let ours = u16::from_str_radix(local, 16) == Ok(port) && fields.get(3) == Some(&LISTEN);
        ours.then(|| fields.get(9).copied()).flatten()
    })
}

fn holds(process: u32, sockets: &[String]) -> bool {
    let files = fs::read_dir(format!("/proc/{process}/fd"));
    files.into_iter().flatten().flatten().any(|file| {
        let target = fs::read_link(file.path()).unwrap_or_default();
        sockets.iter().any(|socket| target.as_os_str() == &**socket)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_port_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let owner = owner(port).unwrap();
        assert!(owner.contains(&std::process::id().to_string()), "{owner}");
    }

    #[test]
    fn only_listening_sockets_of_the_port_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
            0: 0100007F:0D80 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0\n   \
            1: 0100007F:0D80 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 222 1 0\n   \
            2: 0100007F:0D81 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 333 1 0\n";
        assert_eq!(listeners(table, 3456).collect::<Vec<_>>(), ["111"]);
    }

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
