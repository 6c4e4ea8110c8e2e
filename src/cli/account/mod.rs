//! A person's Azure account, at the command line: signing in, reading what it sees, and
//! asking which of it is meant.

pub(super) mod ask;
pub(super) mod numbers;
pub(super) mod read;
pub(super) mod setup;
pub(super) mod sign_in;
pub(super) mod subscription;
