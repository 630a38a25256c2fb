//! A listening socket on its way from one process to another, over a Unix socket between them.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// Goes with the socket: a message must have a byte.
const WITH_IT: &[u8] = b"\n";

/// Sends a socket. The sender keeps its own.
pub(super) fn send(stream: &UnixStream, socket: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    let sockets = [socket];
    if !beside.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(io::Error::other("no room for a socket"));
    }
    sendmsg(
        stream,
        &[IoSlice::new(WITH_IT)],
        &mut beside,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}

/// Receives what [`send`] sent.
pub(super) fn receive(stream: &UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(
        stream,
        &mut [IoSliceMut::new(&mut byte)],
        &mut beside,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let sockets = beside.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
        _ => None,
    });
    sockets
        .flatten()
        .next()
        .ok_or_else(|| io::Error::other("the running service sent no listener"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;

    #[test]
    fn a_listener_that_was_sent_takes_the_connections_that_wait() {
        let (one, other) = UnixStream::pair().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).unwrap();
        send(&one, listener.as_fd()).unwrap();
        let received = TcpListener::from(receive(&other).unwrap());
        drop(listener);
        let (mut accepted, _) = received.accept().unwrap();
        accepted.write_all(b"here").unwrap();
        drop(accepted);
        let mut said = String::new();
        client.read_to_string(&mut said).unwrap();
        assert_eq!(said, "here");
    }

    #[test]
    fn nothing_sent_is_an_error() {
        let (one, other) = UnixStream::pair().unwrap();
        drop(one);
        assert!(receive(&other).is_err());
    }
}
