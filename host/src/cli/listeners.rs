//! Who listens at an address of this machine: the user, and where the system lets this user know the
//! process. By the kernel's tables, since what a listener says of itself can be made up.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// `TCP_LISTEN` of the kernel's `tcp_states.h`.
const LISTEN: &str = "0A";

/// Files with the sockets of each family. Every user can read them.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// A socket that listens.
#[derive(Debug, PartialEq, Eq)]
struct Listener {
    address: SocketAddr,
    user: u32,
    inode: String,
}

/// The users who have a socket that listens at this address. None: the tables cannot be read.
pub(super) fn users_at(address: SocketAddr) -> Option<Vec<u32>> {
    let mut users: Vec<u32> = all()?
        .filter(|listener| listener.takes(address))
        .map(|listener| listener.user)
        .collect();
    users.sort_unstable();
    users.dedup();
    Some(users)
}

/// Another user than this process's who listens at this address, root aside, who is every user. None also
/// where nobody listens, and where the system does not tell.
pub(super) fn stranger_at(address: SocketAddr) -> Option<u32> {
    users_at(address)?
        .into_iter()
        .find(|user| *user != own() && *user != 0)
}

/// This process's user.
pub(super) fn own() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Name and number of the process that listens on a port, if the system lets this user know.
pub(super) fn process_at(port: u16) -> Option<String> {
    let sockets: Vec<String> = all()?
        .filter(|listener| listener.address.port() == port)
        .map(|listener| format!("socket:[{}]", listener.inode))
        .collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let holder: u32 = numbers.find(|number| holds(*number, &sockets))?;
    let name = fs::read_to_string(format!("/proc/{holder}/comm")).unwrap_or_default();
    Some(format!("`{}`, process {holder},", name.trim()))
}

/// The name of a user, else the number.
pub(super) fn name_of(user: u32) -> String {
    let number = user.to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(&*number)).then(|| name.to_owned())
    });
    named.unwrap_or(number)
}

impl Listener {
    /// Connections to this address are its.
    fn takes(&self, address: SocketAddr) -> bool {
        let (own, asked) = (self.address.ip(), address.ip());
        let everywhere = match own {
            // One of IPv6 may take those of IPv4 too.
            IpAddr::V6(ip) => ip.is_unspecified(),
            IpAddr::V4(ip) => ip.is_unspecified() && asked.is_ipv4(),
        };
        self.address.port() == address.port()
            && (everywhere || own.to_canonical() == asked.to_canonical())
    }
}

fn all() -> Option<impl Iterator<Item = Listener>> {
    let tables: Vec<String> = TABLES
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();
    if tables.is_empty() {
        return None;
    }
    let listeners: Vec<Listener> = tables.iter().flat_map(|table| listeners(table)).collect();
    Some(listeners.into_iter())
}

fn listeners(table: &str) -> impl Iterator<Item = Listener> {
    table.lines().filter_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        (fields.get(3) == Some(&LISTEN)).then_some(())?;
        Some(Listener {
            address: address(fields.get(1)?)?,
            user: fields.get(7)?.parse().ok()?,
            inode: (*fields.get(9)?).to_owned(),
        })
    })
}

/// `0100007F:0D80`: the bytes of the address as words of this machine, and the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |text: &str| Some(u32::from_str_radix(text, 16).ok()?.to_ne_bytes());
    let ip = match ip.len() {
        8 => Ipv4Addr::from(word(ip)?).into(),
        32 => {
            let mut bytes = [0; 16];
            for (at, part) in bytes.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(ip.get(at * 8..at * 8 + 8)?)?);
            }
            Ipv6Addr::from(bytes).into()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
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
    use std::net::TcpListener;

    #[test]
    fn process_and_user_of_a_listener_are_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let process = process_at(address.port()).unwrap();
        assert!(
            process.contains(&std::process::id().to_string()),
            "{process}"
        );
        assert_eq!(users_at(address), Some(vec![own()]));
        assert_eq!(stranger_at(address), None);
        drop(listener);
        assert_eq!(users_at(address), Some(vec![]));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn only_sockets_that_listen_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
            0: 0100007F:0D80 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0\n   \
            1: 0100007F:0D80 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 222 1 0\n   \
            2: 00000000000000000000000000000000:0D80 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  7        0 333 1 0\n";
        let found: Vec<_> = listeners(table).collect();
        let seen: Vec<_> = found
            .iter()
            .map(|one| (one.address.to_string(), one.user, one.inode.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                ("127.0.0.1:3456".to_owned(), 1000, "111"),
                ("[::]:3456".to_owned(), 7, "333")
            ]
        );
        let asked = "127.0.0.1:3456".parse().unwrap();
        assert!(found.iter().all(|one| one.takes(asked)), "of IPv6 too");
        let other = "127.0.0.2:3456".parse().unwrap();
        assert!(!found[0].takes(other) && found[1].takes(other));
    }
}
