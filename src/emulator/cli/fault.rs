//! `relay-emulator fault …`.

use clap::Subcommand;

use crate::emulator::InjectedFault;

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
}

impl From<FaultArguments> for InjectedFault {
    fn from(arguments: FaultArguments) -> Self {
        match arguments {
            FaultArguments::Drop { streams } => Self::Drop { streams },
            FaultArguments::Reset { streams } => Self::Reset { streams },
            FaultArguments::BlackHole => Self::BlackHole,
            FaultArguments::Delay { millis } => Self::Delay { millis },
            FaultArguments::RefuseListens { status, reason, times } => {
                Self::RefuseListens { status, reason, times }
            }
            FaultArguments::IpFirewall { times } => Self::IpFirewall { times },
            FaultArguments::RefuseManagement { status, detail, times } => {
                Self::RefuseManagement { status, detail, times }
            }
            FaultArguments::FragmentMessages { bytes } => Self::FragmentMessages { bytes },
            FaultArguments::ExpireTokens => Self::ExpireTokens,
            FaultArguments::Recycle => Self::Recycle,
            FaultArguments::EntityRemoved => Self::EntityRemoved,
            FaultArguments::UnknownMessage => Self::UnknownMessage,
            FaultArguments::OversizedMessage { bytes } => Self::OversizedMessage { bytes },
            FaultArguments::PingFlood { count } => Self::PingFlood { count },
        }
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
