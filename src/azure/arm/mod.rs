//! Azure Resource Manager: its addresses, its pages, its errors, and the patience that it
//! asks for.

mod address;
mod client;
mod pages;
mod patience;
mod refusal;
mod wire;

pub(super) use address::{
    RELAY, SUBSCRIPTIONS, check_resource_id, of_path, of_resource, part_of, relay_name,
    resource_name,
};
pub(super) use client::{Arm, Call};
pub(super) use pages::Pages;
pub(super) use wire::{
    HybridConnectionItem, Lenient, NamespaceItem, RuleItem, SubscriptionItem, TenantItem,
};
