//! The vocabulary of `wit/transformer` as the host uses it: the types of the newest version. Other
//! modules name them from here, and know of no version.

pub(crate) use super::interface::v0_1::exports::transom::transformer::transformer::{
    Draft, Ending, Forward, Manifest, Next, Plan, Pushed, Reply, SpliceRule, Verdict,
};
pub(crate) use super::interface::v0_1::transom::transformer::types::{
    Auth, Context, Edit, Failure, Head, Output,
};
