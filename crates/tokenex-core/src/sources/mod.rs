//! Ready-made sources: where the text of an identity token, or of any other secret input, comes from.
//!
//! | source | where the text is |
//! |---|---|
//! | [`StaticText`] | in the program, replaceable at run time |
//! | [`EnvVar`] | in an environment variable |
//! | [`File`] | in a file, which somebody else replaces (Kubernetes does) |
//! | [`Command`] | on the standard output of a program |
//! | [`Url`] | in the answer of a web server: the whole body, or one JSON field |
//! | [`Closure`] | wherever your own code finds it |
//!
//! Each is a [`TokenSource`](crate::TokenSource), and a [`Source<Secret>`](crate::Source) for inputs that are not
//! tokens. All of them look anew at each attempt and keep nothing. White space around the text is dropped, since files
//! and outputs end in a line feed; an empty text is refused, and so is one beyond 64 KiB.
//!
//! # Errors
//!
//! What is wrong with the text is [`ErrorKind::Identity`](crate::ErrorKind::Identity) with one of these codes:
//!
//! | code | meaning |
//! |---|---|
//! | `missing` | there is no such variable, file, program or JSON field |
//! | `empty` | it is there and holds nothing but white space |
//! | `too_long` | it is longer than 64 KiB |
//! | `not_utf8` | it is not UTF-8 |
//! | `unreadable` | it cannot be read: permissions, a directory, an I/O error |
//! | `changing` | the file was written to during each of several readings |
//! | `exit` | the program said that it failed |
//! | `time_limit` | the program took too long and was killed |
//! | `refused` | the web server answered with a status that is not a success |
//! | `not_json` | the answer is not JSON and a field of it was asked for, or it is a web page |
//! | `not_a_token` | the text is not a JWT, and an identity token was asked for |
//!
//! A [`Url`] source passes on the errors of the transport and answers 429 and 5xx with
//! [`Throttled`](crate::ErrorKind::Throttled) and [`Unavailable`](crate::ErrorKind::Unavailable).

mod closure;
mod command;
mod env_var;
mod file;
mod static_text;
mod text;
mod url;

pub use closure::Closure;
pub use command::Command;
pub use env_var::EnvVar;
pub use file::File;
pub use static_text::StaticText;
pub use url::Url;
