//! Everything that is tested through the library's public face or its programs.

#[cfg(test)]
#[cfg(feature = "emulator")]
mod bed;
#[cfg(test)]
#[cfg(feature = "emulator")]
mod emulator_client;
#[cfg(test)]
#[cfg(feature = "emulator")]
mod emulator_listen;
#[cfg(test)]
#[cfg(feature = "emulator")]
mod emulator_sender;
#[cfg(test)]
#[cfg(feature = "emulator")]
mod emulator_stream;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod ipc;
#[cfg(test)]
mod platform;
#[cfg(test)]
#[cfg(feature = "emulator")]
mod service_endpoint;
#[cfg(test)]
#[cfg(feature = "emulator")]
mod service_manage;
#[cfg(test)]
#[cfg(all(unix, feature = "emulator"))]
mod service_processes;
#[cfg(test)]
#[cfg(feature = "emulator")]
mod service_shared;
#[cfg(test)]
#[cfg(feature = "emulator")]
mod service_status;
#[cfg(test)]
#[cfg(feature = "emulator")]
mod service_stop;
#[cfg(test)]
#[cfg(feature = "emulator")]
mod service_streams;
#[cfg(test)]
mod store;
