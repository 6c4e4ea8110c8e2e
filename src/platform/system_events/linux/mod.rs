//! Netlink tells changes of the network, and a timer that a sleep ends tells the sleep.

mod known;
mod sleep;

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use self::known::{KNOWN_FIRST, Known, Told};
use super::SystemChange;

type Sender = mpsc::Sender<SystemChange>;

/// `RTMGRP_LINK`, and of IPv4 and IPv6 `…_IFADDR` and `…_ROUTE`, of linux/rtnetlink.h.
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
/// No message of the kernel is longer (linux/netlink.h, `NLMSG_GOODSIZE`, and dumps).
const LONGEST: usize = 32 << 10;

/// The tasks that follow them; ended when dropped.
#[derive(Debug)]
pub(super) struct Watch {
    _tasks: Vec<AbortOnDropHandle<()>>,
}

impl Watch {
    /// What the system does not give, a container for example, is done without.
    pub(super) fn begin(sender: &Sender) -> Option<Self> {
        let mut tasks = Vec::new();
        match open() {
            Ok(socket) => tasks.push(tokio::spawn(follow(socket, sender.clone()))),
            Err(error) => tracing::info!(%error, "the system does not tell changes of the network"),
        }
        match sleep::open() {
            Ok(timer) => tasks.push(tokio::spawn(sleep::follow(timer, sender.clone()))),
            Err(error) => tracing::info!(%error, "the system does not tell when it has slept"),
        }
        Some(Self { _tasks: tasks.into_iter().map(AbortOnDropHandle::new).collect() })
    }
}

/// A socket of `NETLINK_ROUTE`, the protocol 0.
fn open() -> io::Result<AsyncFd<OwnedFd>> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    watched(socket)
}

async fn follow(socket: AsyncFd<OwnedFd>, sender: Sender) {
    let (mut known, mut buffer) = (Known::default(), vec![0; LONGEST]);
    // One after the other: the kernel answers one at a time.
    let mut asked = 1_usize;
    ask(&socket, KNOWN_FIRST.first());
    loop {
        let told = match read(&socket, &mut buffer).await {
            Ok(length) => known.take(&buffer[..length]),
            // More came than there is room for: what is known may be wrong.
            Err(error) if error.raw_os_error() == Some(Errno::NOBUFS.raw_os_error()) => {
                (known, asked) = (Known::default(), 0);
                Told { changed: true, answered: true, busy: false }
            }
            Err(error) => {
                return tracing::warn!(%error, "changes of the network are not told any more");
            }
        };
        // It is asked again when the one before is answered.
        if told.busy {
            asked = asked.saturating_sub(1);
        }
        if told.answered {
            ask(&socket, KNOWN_FIRST.get(asked));
            asked += 1;
        }
        if told.changed {
            // One that waits already stands for this one too.
            sender.try_send(SystemChange::Network).unwrap_or_default();
        }
    }
}

/// Without an answer, what is there already counts as new when it is told again.
fn ask(socket: &AsyncFd<OwnedFd>, question: Option<&[u8; 20]>) {
    if let Some(question) = question
        && let Err(error) = rustix::io::write(socket.get_ref(), question)
    {
        tracing::debug!(%error, "the system does not tell what its network is");
    }
}

/// `file` as Tokio waits for it; it does not block.
fn watched(file: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` has the same open descriptor until it is dropped.
    #[expect(unsafe_code, reason = "Tokio wants to be promised that")]
    let watched = unsafe { AsyncFd::register(file) };
    Ok(watched?)
}

/// The next bytes of `file`, as one read gives them.
async fn read(file: &AsyncFd<OwnedFd>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let mut ready = file.readable().await?;
        let read = ready.try_io(|file| Ok(rustix::io::read(file.get_ref(), &mut *buffer)?));
        if let Ok(read) = read {
            return read;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    /// An answer to a question, of linux/netlink.h: a kind and an error.
    fn answer(kind: u16, error: i32) -> [u8; 20] {
        let mut bytes = [0; 20];
        bytes[0..4].copy_from_slice(&20_u32.to_ne_bytes());
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[16..20].copy_from_slice(&error.to_ne_bytes());
        bytes
    }

    #[tokio::test]
    async fn every_question_is_asked_until_the_kernel_takes_it() {
        let (near, kernel) = UnixDatagram::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        kernel.set_nonblocking(true).unwrap();
        let kernel = tokio::net::UnixDatagram::from_std(kernel).unwrap();
        let (sender, _changes) = mpsc::channel(1);
        let near = watched(near.into()).unwrap();
        let _follows = AbortOnDropHandle::new(tokio::spawn(follow(near, sender)));
        let asked = async || {
            let mut question = [0; 20];
            kernel.recv(&mut question).await.unwrap();
            question
        };
        let [links, addresses, routes] = KNOWN_FIRST;
        let done = answer(3, 0);
        assert_eq!(asked().await, links);
        kernel.send(&answer(2, -Errno::BUSY.raw_os_error())).await.unwrap();
        kernel.send(&done).await.unwrap();
        assert_eq!(asked().await, links, "again, now that it is not busy");
        kernel.send(&answer(2, -Errno::OPNOTSUPP.raw_os_error())).await.unwrap();
        assert_eq!(asked().await, addresses, "without the one it refuses");
        kernel.send(&done).await.unwrap();
        assert_eq!(asked().await, routes);
    }
}
