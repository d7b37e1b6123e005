//! The built program among programs that are not ours: OpenBao, PostgreSQL and its `psql`, the AWS SDKs for Python and Rust,
//! and google-auth.
#![allow(missing_docs)]

mod aws;
mod database;
mod folder;
mod google;
mod program;
