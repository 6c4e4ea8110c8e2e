//! Everything that is tested through the library's public face or its programs.
#![cfg(test)]

mod architecture;
#[cfg(feature = "emulator")]
mod azure_account;
#[cfg(feature = "emulator")]
mod azure_browse;
#[cfg(feature = "emulator")]
mod azure_keys;
#[cfg(feature = "emulator")]
mod azure_sign_in;
#[cfg(feature = "emulator")]
mod azure_speed;
#[cfg(feature = "emulator")]
mod bed;
#[cfg(feature = "emulator")]
mod cli_apply;
#[cfg(all(unix, feature = "emulator"))]
mod cli_azure;
#[cfg(all(unix, feature = "emulator"))]
mod cli_azure_terminal;
mod cli_commands;
mod cli_import;
#[cfg(unix)]
mod cli_pty;
#[cfg(feature = "emulator")]
mod cli_reach;
mod cli_support;
#[cfg(unix)]
mod cli_terminal;
#[cfg(unix)]
mod cli_upgrade;
mod cli_version_skew;
#[cfg(unix)]
mod cli_watch;
#[cfg(feature = "emulator")]
mod demo;
mod desktop_files;
mod diagnosis_page;
#[cfg(feature = "emulator")]
mod emulator_azure;
#[cfg(feature = "emulator")]
mod emulator_client;
#[cfg(feature = "emulator")]
mod emulator_entra;
#[cfg(feature = "emulator")]
mod emulator_faults;
#[cfg(feature = "emulator")]
mod emulator_feed;
#[cfg(feature = "emulator")]
mod emulator_listen;
#[cfg(feature = "emulator")]
mod emulator_management;
#[cfg(feature = "emulator")]
mod emulator_program;
#[cfg(feature = "emulator")]
mod emulator_rendezvous;
#[cfg(feature = "emulator")]
mod emulator_request;
#[cfg(feature = "emulator")]
mod emulator_resource_manager;
#[cfg(feature = "emulator")]
mod emulator_sender;
#[cfg(feature = "emulator")]
mod emulator_stream;
mod faults;
#[cfg(all(target_os = "linux", feature = "emulator"))]
mod fleet;
mod golden;
mod installer;
mod ipc;
mod platform;
#[cfg(unix)]
mod platform_window;
mod policy_template;
#[cfg(feature = "emulator")]
mod proxy;
mod sealer;
#[cfg(all(target_os = "linux", feature = "emulator"))]
mod service_bad_input;
#[cfg(feature = "emulator")]
mod service_check;
#[cfg(all(unix, feature = "emulator"))]
mod service_declared;
#[cfg(feature = "emulator")]
mod service_diagnosis;
#[cfg(feature = "emulator")]
mod service_endpoint;
#[cfg(feature = "emulator")]
mod service_events;
#[cfg(feature = "emulator")]
mod service_manage;
#[cfg(feature = "emulator")]
mod service_metrics;
#[cfg(feature = "emulator")]
mod service_policy;
#[cfg(feature = "emulator")]
mod service_probes;
#[cfg(all(unix, feature = "emulator"))]
mod service_processes;
mod service_readers;
#[cfg(feature = "emulator")]
mod service_sealed;
#[cfg(feature = "emulator")]
mod service_shared;
#[cfg(feature = "emulator")]
mod service_status;
#[cfg(feature = "emulator")]
mod service_stop;
#[cfg(feature = "emulator")]
mod service_streams;
#[cfg(target_os = "linux")]
mod service_systemd;
mod store;
mod store_sealed;
mod systemd_unit;
#[cfg(all(unix, feature = "emulator"))]
mod upgrade_release;
#[cfg(feature = "emulator")]
mod version_skew;
