//! What a program hears from a service, and why it hears no more.

use std::fmt;

use tokio::io::ReadHalf;

use super::client::{ClientError, Push};
use super::codec::{MessageReader, ReadError, decode};
use super::protocol::{Outcome, ServerMessage};
use crate::platform::local_socket::Stream;

/// A message of a service that has shaken hands.
pub(super) enum Message {
    /// The answer to the request with this id.
    Response(u64, Outcome),
    /// What nobody asked for just now.
    Push(Push),
}

/// Why a channel is of no more use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// It broke or was closed.
    Gone(String),
    /// What came over it is not understood.
    Strange(String),
}

impl Loss {
    /// The same as an error of a request.
    pub(super) fn error(&self) -> ClientError {
        match self {
            Self::Gone(reason) => ClientError::Lost(reason.clone()),
            Self::Strange(detail) => ClientError::NotUnderstood(detail.clone()),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Gone(text) | Self::Strange(text)) = self;
        f.write_str(text)
    }
}

/// The next message of any kind. Cancel-safe.
pub(super) async fn any(
    reader: &mut MessageReader<ReadHalf<Stream>>,
) -> Result<ServerMessage, Loss> {
    match reader.next().await {
        Ok(Some(bytes)) => decode(&bytes).map_err(|error| Loss::Strange(error.to_string())),
        Ok(None) => Err(Loss::Gone("the service closed it".to_owned())),
        Err(error @ ReadError::TooLong { .. }) => Err(Loss::Strange(error.to_string())),
        Err(error @ (ReadError::Cut | ReadError::NotEnded(_) | ReadError::Io(_))) => {
            Err(Loss::Gone(error.to_string()))
        }
    }
}

/// The next message of a service that has shaken hands; what is only for newer programs is passed
/// over. Cancel-safe.
pub(super) async fn next(reader: &mut MessageReader<ReadHalf<Stream>>) -> Result<Message, Loss> {
    loop {
        return match any(reader).await? {
            ServerMessage::Response { id, outcome } => Ok(Message::Response(id, outcome)),
            ServerMessage::Snapshot { snapshot } => Ok(Message::Push(Push::Snapshot(snapshot))),
            ServerMessage::Event { revision, event } => {
                Ok(Message::Push(Push::Event { revision, event }))
            }
            ServerMessage::Log { line } => Ok(Message::Push(Push::Log(line))),
            ServerMessage::Diagnosis { connection, step } => {
                Ok(Message::Push(Push::Diagnosis { connection, step }))
            }
            ServerMessage::Refused { error } => Err(Loss::Gone(error.message)),
            ServerMessage::Hello(_) => Err(Loss::Strange("it said hello a second time".to_owned())),
            ServerMessage::Other => continue,
        };
    }
}
