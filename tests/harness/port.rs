//! Ports for programs that must be told theirs before they take it.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what the system hands out to whoever asks for any port, so that none of them takes it meanwhile.
static NEXT: AtomicU16 = AtomicU16::new(20_000);

/// A free one of loopback, given to no other test of this binary.
pub(crate) fn free() -> u16 {
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(port < 32_000, "no port is free");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
