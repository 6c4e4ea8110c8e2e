//! Arguments of `firewall`.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use super::ByOptions;
use crate::cli::namespace::Named;
use crate::model::Stamp;
use crate::reach::firewall::Format;

/// What `hcm help firewall` says.
pub(crate) const ABOUT: &str = "\
List what a firewall must let out, with the gateways of the namespace.

Streams go through gateways beside the namespace: 256 names, of which Azure uses any. They are
those of the stamp on which the namespace lives, and DNS tells that. hcm asks the resolver of
this machine for the namespace and each gateway, at most 20 seconds long, and writes the list:

  text            every host with its addresses
  csv             a row for each address
  windows         PowerShell that makes one rule of Windows Firewall, by address
  nftables        sets and a chain for nft -f, by address
  azure-firewall  a template for az deployment group create, by name

Addresses change: where a firewall knows names, let it have those. Behind a proxy, it is the
proxy that has to reach all this; make the list where DNS knows the names. With a private
endpoint a listener needs the ports 9400 to 9599 of it besides.

It needs no service where a namespace is named. Ends with 14 when the list is not whole, because
DNS does not tell a name or the stamp.";

/// Arguments of `firewall`.
#[derive(Args, Debug)]
pub(crate) struct Firewall {
    /// A hybrid connection, or a namespace: contoso/sql, contoso, contoso.servicebus.windows.net
    #[arg(
        value_name = "NAMESPACE[/NAME]",
        required_unless_present = "namespace",
        conflicts_with_all = ["namespace", "name"]
    )]
    pub(crate) named: Option<Named>,
    #[command(flatten)]
    pub(crate) by_options: ByOptions,
    /// How the list is written: text, csv, windows, nftables or azure-firewall
    #[arg(long, value_name = "FORMAT", value_parser = formats(), hide_possible_values = true)]
    pub(crate) format: Option<Format>,
    /// The stamp, where DNS does not tell it here: sn3-010 for example
    #[arg(long, value_name = "STAMP")]
    pub(crate) stamp: Option<Stamp>,
}

fn formats() -> impl clap::builder::TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::as_str)).map(|text| {
        Format::ALL.into_iter().find(|format| format.as_str() == text).unwrap_or_default()
    })
}
