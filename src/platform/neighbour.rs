//! Whose the other end of a connection on loopback is.

use std::net::SocketAddr;

/// Whether the program at `peer`, which is connected to `own` on this machine, is of another
/// account. What the system does not tell counts as no: so does root, who may do everything,
/// and everybody where this program is root.
pub fn is_of_another_account(own: SocketAddr, peer: SocketAddr) -> bool {
    os::is_of_another_account(own, peer)
}

#[cfg(target_os = "linux")]
mod os {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

    pub(super) fn is_of_another_account(own: SocketAddr, peer: SocketAddr) -> bool {
        let me = rustix::process::geteuid().as_raw();
        let table = std::fs::read_to_string(table_of(peer)).unwrap_or_default();
        let owner = owner_in(&table, peer, own);
        me != 0 && owner.is_some_and(|owner| owner != me && owner != 0)
    }

    /// The kernel's table of the sockets like `peer`'s. Its usual name, `/proc/net`, is not there for a
    /// service that sees its own processes alone (`ProcSubset=pid`).
    fn table_of(peer: SocketAddr) -> &'static str {
        if peer.is_ipv4() { "/proc/self/net/tcp" } else { "/proc/self/net/tcp6" }
    }

    /// The account of the socket from `local` to `remote` in a table of the kernel's
    /// (proc_pid_net(5)): its columns are number, local, remote, state, queues, timer,
    /// retransmissions, uid.
    fn owner_in(table: &str, local: SocketAddr, remote: SocketAddr) -> Option<u32> {
        table.lines().find_map(|line| {
            let mut columns = line.split_whitespace().skip(1);
            let is_it = address(columns.next()?)? == local && address(columns.next()?)? == remote;
            is_it.then(|| columns.nth(4)?.parse().ok()).flatten()
        })
    }

    /// Words of 32 bits in the machine's order, as hexadecimal digits, and the port.
    fn address(text: &str) -> Option<SocketAddr> {
        let (ip, port) = text.split_once(':')?;
        let word = |at: usize| {
            let word = u32::from_str_radix(ip.get(at * 8..at * 8 + 8)?, 16).ok()?;
            Some(word.to_ne_bytes())
        };
        let ip = match ip.len() {
            8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
            32 => {
                let words = [word(0)?, word(1)?, word(2)?, word(3)?];
                let bytes: [u8; 16] = words.concat().try_into().ok()?;
                IpAddr::V6(Ipv6Addr::from(bytes))
            }
            _ => return None,
        };
        Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_owner_is_in_the_kernels_table() {
            // 127.0.0.1 in the order of this machine.
            let here = format!("{:08X}", u32::from_ne_bytes([127, 0, 0, 1]));
            let table = format!(
                "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                 \x20  0: {here}:1F90 {here}:C000 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0\n\
                 \x20  1: {here}:C000 {here}:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 0\n"
            );
            let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
            assert_eq!(owner_in(&table, at(0xC000), at(0x1F90)), Some(1001));
            assert_eq!(owner_in(&table, at(0x1F90), at(0xC000)), Some(0));
            assert_eq!(owner_in(&table, at(1), at(0x1F90)), None);
        }

        #[test]
        fn a_real_connection_is_found_on_both_loopbacks() {
            for host in ["127.0.0.1", "::1"] {
                let Ok(listener) = std::net::TcpListener::bind((host, 0)) else { continue };
                let own = listener.local_addr().unwrap();
                let stream = std::net::TcpStream::connect(own).unwrap();
                let peer = stream.local_addr().unwrap();
                let table = std::fs::read_to_string(table_of(own)).unwrap();
                let me = rustix::process::geteuid().as_raw();
                assert_eq!(owner_in(&table, peer, own), Some(me), "{host}");
                assert!(!is_of_another_account(own, peer));
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    use std::net::SocketAddr;

    pub(super) fn is_of_another_account(_: SocketAddr, _: SocketAddr) -> bool {
        false
    }
}
