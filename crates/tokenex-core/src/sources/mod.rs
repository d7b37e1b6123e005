//! Ready-made sources: where the text of an identity token, or of any other secret input, comes from.
//!
//! | source | where the text is |
//! |---|---|
//! | [`StaticText`] | in the program, replaceable at run time |
//! | [`EnvVar`] | in an environment variable |
//! | [`GitLab`] | in the variable of a GitLab CI job |
//! | [`File`] | in a file, which somebody else replaces (Kubernetes does) |
//! | [`Command`] | on the standard output of a program, as it is or in a known JSON form ([`CommandFormat`]) |
//! | [`Url`] | in the answer of a web server: the whole body, or one JSON field |
//! | [`GitHubActions`] | at the token service of a GitHub or Forgejo Actions job |
//! | [`Closure`] | wherever your own code finds it |
//!
//! Each is a [`TokenSource`](crate::TokenSource), and all but the two of CI systems are a
//! [`Source<Secret>`](crate::Source) for inputs that are not tokens. All of them look anew at each attempt and keep nothing. White space around the text is dropped, since files
//! and outputs end in a line feed; an empty text is refused, and so is one beyond 64 KiB.
//!
//! # Errors
//!
//! What is wrong with the text is [`ErrorKind::Identity`](crate::ErrorKind::Identity) with one of these codes:
//!
//! | code | meaning |
//! |---|---|
//! | `missing` | there is no such variable, file, program or JSON field, or the JSON is of another form |
//! | `empty` | it is there and holds nothing but white space |
//! | `too_long` | it is longer than 64 KiB |
//! | `not_utf8` | it is not UTF-8 |
//! | `unreadable` | it cannot be read: permissions, a directory, an I/O error |
//! | `changing` | the file was written to during each of several readings |
//! | `exit` | the program said that it failed; in the format of Google's executables it may say so with a code of its own |
//! | `time_limit` | the program took too long and was killed |
//! | `refused` | the web server answered with a status that is not a success |
//! | `not_json` | the answer or the output is not JSON and a field of it was asked for, or it is a web page |
//! | `expired` | the program says that the text has ended, or a GitLab job outlived its token |
//! | `others_may_write` | others may write to the file or program, and that was to be refused |
//! | `not_a_token` | the text is not a JWT, and an identity token was asked for |
//!
//! A [`Url`] source passes on the errors of the transport and answers 429 and 5xx with
//! [`Throttled`](crate::ErrorKind::Throttled) and [`Unavailable`](crate::ErrorKind::Unavailable).

mod closure;
mod command;
mod env_var;
mod file;
mod format;
mod github_actions;
mod gitlab;
mod permissions;
mod static_text;
mod text;
mod url;

pub use closure::Closure;
pub use command::Command;
pub use env_var::EnvVar;
pub use file::File;
pub use format::CommandFormat;
pub use github_actions::GitHubActions;
pub use gitlab::GitLab;
pub use static_text::StaticText;
pub use url::Url;
