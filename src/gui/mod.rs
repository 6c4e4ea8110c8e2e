//! The window: "Hybrid Connection Manager GUI".
