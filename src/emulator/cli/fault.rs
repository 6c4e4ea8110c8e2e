//! `relay-emulator fault …`.

use clap::Subcommand;

use super::azure_fault::AzureFaultArguments;
use crate::emulator::{AzureFault, InjectedFault};

#[derive(Debug, Subcommand)]
pub(super) enum FaultArguments {
    /// Closes control channels without a Close frame.
    Drop {
        /// The streams too.
        #[arg(long)]
        streams: bool,
    },
    /// Resets control channels.
    Reset {
        /// The streams too.
        #[arg(long)]
        streams: bool,
    },
    /// Goes silent until `clear`: nothing is answered, nothing is closed.
    BlackHole,
    /// Answers every handshake later, until `clear`.
    Delay {
        /// Milliseconds.
        millis: u64,
    },
    /// Refuses listeners, until `clear`.
    RefuseListens {
        /// HTTP status.
        #[arg(default_value_t = 503)]
        status: u16,
        /// What the service says.
        #[arg(default_value = "The service is unavailable.")]
        reason: String,
        /// Only so often.
        #[arg(long)]
        times: Option<u32>,
    },
    /// Refuses listeners as a namespace's IP firewall does, until `clear`.
    IpFirewall {
        /// Only so often.
        #[arg(long)]
        times: Option<u32>,
    },
    /// Refuses management requests, until `clear`.
    RefuseManagement {
        /// HTTP status.
        #[arg(default_value_t = 503)]
        status: u16,
        /// What the service says.
        #[arg(default_value = "The service is unavailable.")]
        detail: String,
        /// Only so often.
        #[arg(long)]
        times: Option<u32>,
    },
    /// Sends control messages in fragments, until `clear`.
    FragmentMessages {
        /// Bytes of each fragment.
        bytes: usize,
    },
    /// Closes control channels with 1008, as when their token ends.
    ExpireTokens,
    /// Closes control channels with 1011, as the service does about once a day.
    Recycle,
    /// Closes control channels with 1001, as when the hybrid connection is removed.
    EntityRemoved,
    /// Sends a control message that no listener knows.
    UnknownMessage,
    /// Sends a control message of this size.
    OversizedMessage {
        /// Bytes.
        bytes: usize,
    },
    /// Sends pings one after the other.
    PingFlood {
        /// How many.
        count: u32,
    },
    /// Something in Microsoft Entra or Azure Resource Manager.
    #[command(subcommand)]
    Azure(AzureFaultArguments),
}

/// What is to go wrong where.
pub(super) enum Order {
    Relay(InjectedFault),
    Azure(AzureFault),
}

impl FaultArguments {
    pub(super) fn order(self) -> Order {
        Order::Relay(match self {
            Self::Drop { streams } => InjectedFault::Drop { streams },
            Self::Reset { streams } => InjectedFault::Reset { streams },
            Self::BlackHole => InjectedFault::BlackHole,
            Self::Delay { millis } => InjectedFault::Delay { millis },
            Self::RefuseListens { status, reason, times } => {
                InjectedFault::RefuseListens { status, reason, times }
            }
            Self::IpFirewall { times } => InjectedFault::IpFirewall { times },
            Self::RefuseManagement { status, detail, times } => {
                InjectedFault::RefuseManagement { status, detail, times }
            }
            Self::FragmentMessages { bytes } => InjectedFault::FragmentMessages { bytes },
            Self::ExpireTokens => InjectedFault::ExpireTokens,
            Self::Recycle => InjectedFault::Recycle,
            Self::EntityRemoved => InjectedFault::EntityRemoved,
            Self::UnknownMessage => InjectedFault::UnknownMessage,
            Self::OversizedMessage { bytes } => InjectedFault::OversizedMessage { bytes },
            Self::PingFlood { count } => InjectedFault::PingFlood { count },
            Self::Azure(fault) => return Order::Azure(fault.into()),
        })
    }
}

/// What a fault did, in words.
pub(super) fn told(met: Option<usize>) -> String {
    match met {
        None => "It lasts until: relay-emulator clear".to_owned(),
        Some(0) => "There was no open channel or stream to meet.".to_owned(),
        Some(1) => "It met 1 channel or stream.".to_owned(),
        Some(met) => format!("It met {met} channels and streams."),
    }
}

/// What a fault of Azure did, in words.
pub(super) fn told_of_azure(met: Option<usize>) -> String {
    match met {
        None => told(None),
        Some(0) => "There was nothing to end.".to_owned(),
        Some(1) => "It ended 1 code or token.".to_owned(),
        Some(met) => format!("It ended {met} codes or tokens."),
    }
}
