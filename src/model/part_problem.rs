//! What can be wrong with the value of a connection string's part. Never shows the value
//! where it may be a key.

/// What is wrong with a part's value; `Display` follows the part's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartProblem {
    /// `EntityPath` and the path of `Endpoint` name different hybrid connections.
    #[error("differs from the name in the Endpoint's path")]
    DiffersFromPath,
    /// `Authentication` is there.
    #[error(
        "asks for an Azure identity, which a listener of this program does not use; use the connection string of a rule with the Listen right"
    )]
    AzureIdentity,
    /// More characters than Azure allows.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// A space or a line break inside a key.
    #[error("has white space in it; it was probably not copied whole")]
    WhiteSpace,
    /// No `://`.
    #[error("is not an address; it looks like sb://NAMESPACE.servicebus.windows.net/")]
    NoAddress,
    /// Another scheme than `sb`, `https` or `wss`.
    #[error("begins with a scheme other than sb://")]
    OtherScheme,
    /// The port is not a number from 1 to 65535.
    #[error("has a port that is not a number from 1 to 65535")]
    BadPort,
    /// Nothing between `://` and `/`.
    #[error("names no host")]
    NoHost,
    /// A character that no host name has.
    #[error("has a host with a character that no host name has")]
    BadHost,
    /// A character that no hybrid connection's name has.
    #[error("has the character {0:?}, which no name has")]
    BadCharacter(char),
    /// Neither `hh:mm:ss` nor seconds.
    #[error("is neither hh:mm:ss nor a number of seconds above 0")]
    NoTimeout,
    /// A signature without its first word.
    #[error("does not begin with \"SharedAccessSignature \"")]
    NoSignature,
    /// A signature without one of its fields.
    #[error("has no field {0}=")]
    NoField(&'static str),
}
