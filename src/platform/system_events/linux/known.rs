//! What netlink has told of the network. Much is told again and again, as an address at each
//! router advertisement, or is of no concern, as the ends of containers at a bridge: only addresses
//! that reach further than their link, the ways to everywhere, and the interfaces with such an
//! address count, a bridge that has one too, and each of them once. All of linux/rtnetlink.h,
//! `rtnetlink(7)`.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_GETADDR: u16 = 22;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const RTM_GETROUTE: u16 = 26;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_MULTI: u16 = 0x2;
const NLM_F_DUMP: u16 = 0x300;

/// Length of `nlmsghdr`.
const HEADER: usize = 16;
const EBUSY: i32 = 16;
const IFF_RUNNING: u8 = 0x40;
/// An address that is not in use before it is known to be nobody else's.
const IFA_F_TENTATIVE: u8 = 0x40;
/// `RT_SCOPE_LINK`; a higher one reaches no further.
const SCOPE_LINK: u8 = 253;
const RTN_UNICAST: u8 = 1;
/// `IFA_ADDRESS` and `IFA_LOCAL`.
const OF_ADDRESS: &[u16] = &[1, 2];
const RTA_OIF: u16 = 4;
/// With `RTA_GATEWAY`, `RTA_PRIORITY`, `RTA_MULTIPATH` and `RTA_VIA`.
const OF_ROUTE: &[u16] = &[RTA_OIF, 5, 6, 9, 18];

/// What is asked first, so that what is there is known.
pub(super) const KNOWN_FIRST: [[u8; 20]; 3] =
    [question(RTM_GETLINK), question(RTM_GETADDR), question(RTM_GETROUTE)];

/// A request for all of a kind: the header, and any family with what fills its word.
const fn question(kind: u16) -> [u8; 20] {
    let (length, kind) = (20_u32.to_ne_bytes(), kind.to_ne_bytes());
    let flags = (NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes();
    let mut bytes = [0; 20];
    (bytes[0], bytes[1], bytes[2], bytes[3]) = (length[0], length[1], length[2], length[3]);
    (bytes[4], bytes[5], bytes[6], bytes[7]) = (kind[0], kind[1], flags[0], flags[1]);
    bytes
}

/// An interface, by its index.
type Interface = [u8; 4];

/// What is known of the network.
#[derive(Debug, Default)]
pub(super) struct Known {
    addresses: BTreeSet<(Interface, Vec<u8>)>,
    /// Those over several interfaces have none.
    routes: BTreeSet<(Option<Interface>, Vec<u8>)>,
    /// Whether each interface carries anything.
    running: BTreeMap<Interface, bool>,
}

/// What bytes of the kernel say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Something counts as a change.
    pub(super) changed: bool,
    /// A question is answered to its end, or never will be.
    pub(super) answered: bool,
    /// The last question was not taken, since the one before is not answered to its end.
    pub(super) busy: bool,
}

impl Known {
    /// Takes messages as they come out of the socket.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Told {
        let mut told = Told::default();
        while let Some((kind, flags, body, rest)) = message(bytes) {
            let changed = self.take_one(kind, body).unwrap_or_default();
            // What belongs to an answer was there before.
            told.changed |= changed && flags & NLM_F_MULTI == 0;
            let is_busy =
                kind == NLMSG_ERROR && body.first_chunk() == Some(&(-EBUSY).to_ne_bytes());
            told.busy |= is_busy;
            told.answered |= matches!(kind, NLMSG_DONE | NLMSG_ERROR) && !is_busy;
            bytes = rest;
        }
        told
    }

    /// Whether a message counts; nothing where it is too short for its kind.
    fn take_one(&mut self, kind: u16, body: &[u8]) -> Option<bool> {
        match kind {
            RTM_NEWLINK | RTM_DELLINK => {
                let (interface, flags) = (interface(body)?, *body.get(8)?);
                let runs = kind == RTM_NEWLINK && flags & IFF_RUNNING != 0;
                Some(self.take_link(interface, runs, kind == RTM_DELLINK))
            }
            RTM_NEWADDR | RTM_DELADDR => {
                let (flags, scope, interface) = (*body.get(2)?, *body.get(3)?, interface(body)?);
                if scope >= SCOPE_LINK {
                    return Some(false);
                }
                let address = (interface, parts(&body[..1], body.get(8..)?, OF_ADDRESS));
                Some(match kind {
                    RTM_NEWADDR => flags & IFA_F_TENTATIVE == 0 && self.addresses.insert(address),
                    _ => self.addresses.remove(&address) && self.forget_routes(interface),
                })
            }
            RTM_NEWROUTE | RTM_DELROUTE => {
                let (prefix, which) = (*body.get(1)?, *body.get(7)?);
                if prefix != 0 || which != RTN_UNICAST {
                    return Some(false);
                }
                let attributes = body.get(12..)?;
                let over = each(attributes).find(|(kind, _)| *kind == RTA_OIF);
                let over = over.and_then(|(_, index)| index.try_into().ok());
                // By family and table.
                let route = (over, parts(&[body[0], body[4]], attributes, OF_ROUTE));
                Some(match kind {
                    RTM_NEWROUTE => self.routes.insert(route),
                    _ => self.routes.remove(&route),
                })
            }
            _ => None,
        }
    }

    /// The first that is told of an interface is no change of it.
    fn take_link(&mut self, interface: Interface, runs: bool, is_gone: bool) -> bool {
        let before = self.running.insert(interface, runs);
        if is_gone {
            self.running.remove(&interface);
        }
        let counts = self.addresses.iter().any(|(of, _)| *of == interface);
        counts && before.is_some_and(|before| before != runs) && self.forget_routes(interface)
    }

    /// The kernel says nothing of ways that go with an interface or an address of it. True.
    fn forget_routes(&mut self, interface: Interface) -> bool {
        self.routes.retain(|(over, _)| over.is_some_and(|over| over != interface));
        true
    }
}

/// The first message: its kind, its flags and what it says; and all behind it.
fn message(bytes: &[u8]) -> Option<(u16, u16, &[u8], &[u8])> {
    let length = usize::try_from(u32::from_ne_bytes(*bytes.first_chunk()?)).ok()?;
    let (kind, flags) = (number(bytes, 4)?, number(bytes, 6)?);
    let body = bytes.get(HEADER..length)?;
    let rest = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((kind, flags, body, rest))
}

/// The index of an interface; links and addresses have it at the same place.
fn interface(body: &[u8]) -> Option<Interface> {
    body.get(4..8)?.try_into().ok()
}

/// What makes an address or a way itself: `start`, and those of the `attributes` that are `wanted`.
fn parts(start: &[u8], attributes: &[u8], wanted: &[u16]) -> Vec<u8> {
    let mut parts = start.to_vec();
    for (kind, value) in each(attributes).filter(|(kind, _)| wanted.contains(kind)) {
        parts.extend_from_slice(&kind.to_ne_bytes());
        parts.extend_from_slice(value);
    }
    parts
}

/// The kind and the value of each of the `attributes`.
fn each(mut attributes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    iter::from_fn(move || {
        let (length, kind) = (usize::from(number(attributes, 0)?), number(attributes, 2)?);
        let value = attributes.get(4..length)?;
        attributes = attributes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUIET: Told = Told { changed: false, answered: false, busy: false };
    const CHANGED: Told = Told { changed: true, ..QUIET };

    fn with_flags(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(HEADER + body.len()).unwrap().to_ne_bytes().to_vec();
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&flags.to_ne_bytes());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(body);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).unwrap();
        let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    /// An address of the interface `at`, 10.0.0.`last`, whose lifetime is `left`.
    fn address(kind: u16, at: u8, last: u8, flags: u8, scope: u8, left: u8) -> Vec<u8> {
        let mut body = vec![2, 24, flags, scope, at, 0, 0, 0];
        body.extend(attribute(6, &[left; 16]));
        body.extend(attribute(1, &[10, 0, 0, last]));
        with_flags(kind, 0, &body)
    }

    fn link(kind: u16, at: u8, runs: bool) -> Vec<u8> {
        let flags = if runs { 0x43 } else { 0x03 };
        with_flags(kind, 0, &[0, 0, 1, 0, at, 0, 0, 0, flags, 0x10, 0, 0, 0, 0, 0, 0])
    }

    /// A way over the interface 2.
    fn route(kind: u16, prefix: u8, which: u8, gateway: u8) -> Vec<u8> {
        route_over(2, kind, prefix, which, gateway)
    }

    fn route_over(at: u8, kind: u16, prefix: u8, which: u8, gateway: u8) -> Vec<u8> {
        let mut body = vec![2, prefix, 0, 0, 254, 3, 0, which, 0, 0, 0, 0];
        body.extend(attribute(5, &[10, 0, 0, gateway]));
        body.extend(attribute(RTA_OIF, &[at, 0, 0, 0]));
        with_flags(kind, 0, &body)
    }

    #[test]
    fn an_address_counts_once_and_until_it_goes() {
        let mut known = Known::default();
        let taken = address(RTM_NEWADDR, 2, 9, IFA_F_TENTATIVE, 0, 1);
        assert_eq!(known.take(&taken), QUIET, "it is not in use yet");
        assert_eq!(known.take(&address(RTM_NEWADDR, 2, 9, 0, 0, 1)), CHANGED);
        assert_eq!(known.take(&address(RTM_NEWADDR, 2, 9, 0, 0, 2)), QUIET, "for longer");
        assert_eq!(known.take(&address(RTM_NEWADDR, 2, 8, 0, 0, 1)), CHANGED, "another one");
        assert_eq!(known.take(&address(RTM_NEWADDR, 3, 9, 0, 0, 1)), CHANGED, "elsewhere");
        assert_eq!(known.take(&address(RTM_DELADDR, 2, 9, 0, 0, 1)), CHANGED);
        assert_eq!(known.take(&address(RTM_DELADDR, 2, 9, 0, 0, 1)), QUIET);
        assert_eq!(known.take(&address(RTM_NEWADDR, 2, 7, 0, SCOPE_LINK, 1)), QUIET, "of a link");
    }

    #[test]
    fn an_interface_counts_where_it_has_an_address() {
        let mut known = Known::default();
        known.take(&address(RTM_NEWADDR, 2, 9, 0, 0, 1));
        for (at, expected) in [(2, CHANGED), (7, QUIET)] {
            assert_eq!(known.take(&link(RTM_NEWLINK, at, true)), QUIET, "the first of {at}");
            assert_eq!(known.take(&link(RTM_NEWLINK, at, true)), QUIET, "as it was");
            assert_eq!(known.take(&link(RTM_NEWLINK, at, false)), expected);
            assert_eq!(known.take(&link(RTM_NEWLINK, at, true)), expected);
            assert_eq!(known.take(&link(RTM_DELLINK, at, true)), expected);
        }
    }

    #[test]
    fn a_way_to_everywhere_counts_again_after_its_interface_was_down() {
        let mut known = Known::default();
        let way = route(RTM_NEWROUTE, 0, RTN_UNICAST, 1);
        known.take(&address(RTM_NEWADDR, 2, 9, 0, 0, 1));
        known.take(&link(RTM_NEWLINK, 2, true));
        assert_eq!(known.take(&way), CHANGED);
        assert_eq!(known.take(&way), QUIET);
        assert_eq!(known.take(&route(RTM_NEWROUTE, 24, RTN_UNICAST, 1)), QUIET, "to somewhere");
        assert_eq!(known.take(&route(RTM_NEWROUTE, 0, 7, 1)), QUIET, "to nowhere");
        assert_eq!(known.take(&route(RTM_NEWROUTE, 0, RTN_UNICAST, 2)), CHANGED, "another one");
        known.take(&link(RTM_NEWLINK, 2, false));
        known.take(&link(RTM_NEWLINK, 2, true));
        assert_eq!(known.take(&way), CHANGED, "the kernel has dropped it without a word");
        assert_eq!(known.take(&route(RTM_DELROUTE, 0, RTN_UNICAST, 1)), CHANGED);
    }

    #[test]
    fn a_way_over_another_interface_stays_known() {
        let mut known = Known::default();
        let over = |at, kind| route_over(at, kind, 0, RTN_UNICAST, 1);
        for at in [2, 3] {
            known.take(&address(RTM_NEWADDR, at, 9, 0, 0, 1));
            known.take(&link(RTM_NEWLINK, at, true));
            assert_eq!(known.take(&over(at, RTM_NEWROUTE)), CHANGED);
        }
        known.take(&address(RTM_DELADDR, 2, 9, 0, 0, 1));
        assert_eq!(known.take(&over(3, RTM_NEWROUTE)), QUIET);
        assert_eq!(known.take(&over(2, RTM_NEWROUTE)), CHANGED, "it went with its address");
        known.take(&link(RTM_NEWLINK, 3, false));
        assert_eq!(known.take(&over(3, RTM_DELROUTE)), QUIET, "it went with its interface");
        assert_eq!(known.take(&over(2, RTM_DELROUTE)), CHANGED);
    }

    #[test]
    fn what_is_there_already_is_no_change() {
        let mut known = Known::default();
        let there = address(RTM_NEWADDR, 2, 9, 0, 0, 1);
        let answer = [
            with_flags(RTM_NEWADDR, NLM_F_MULTI, &there[HEADER..]),
            with_flags(NLMSG_DONE, NLM_F_MULTI, &[0; 4]),
        ];
        assert_eq!(known.take(&answer.concat()), Told { answered: true, ..QUIET });
        assert_eq!(known.take(&there), QUIET);
        let both = [address(RTM_NEWADDR, 2, 9, 0, 0, 3), address(RTM_NEWADDR, 2, 3, 0, 0, 3)];
        assert_eq!(known.take(&both.concat()), CHANGED, "the second of two messages");
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 16_u16..27) {
            let mut known = Known::default();
            known.take(&bytes);
            known.take(&with_flags(kind, 0, &bytes));
        }
    }
}
