//! The crate before a scripted server in memory, on a clock moved by hand: what a real server does too seldom, too slowly
//! or not at all.
#![allow(missing_docs)]

mod answers;
mod canary;
mod leases;
mod logins;
mod redirects;
mod static_roles;
mod twin;
