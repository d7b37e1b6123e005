//! What the arguments of `exec` ask for.

use std::path::PathBuf;
use std::str::FromStr;

use super::signals::Signal;

/// `NAME.FIELD`: one field of one credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// The credential's name in the file.
    pub(crate) name: String,
    pub(crate) field: String,
}

/// `VAR=NAME.FIELD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) variable: String,
    pub(crate) from: Field,
}

/// `PATH=NAME.FIELD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) from: Field,
}

/// What happens to the command when something that was handed to it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnRefresh {
    /// Nothing; its files change under it.
    Ignore,
    /// It is ended and started anew.
    Restart,
    /// It gets a signal once its files are new.
    Signal(Signal),
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('.') {
            Some((name, field)) if !name.is_empty() && !field.is_empty() => {
                Ok(Self { name: name.to_owned(), field: field.to_owned() })
            }
            _ => Err("the credential is named as NAME.FIELD, such as db.password".to_owned()),
        }
    }
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((variable, from)) if !variable.is_empty() && !variable.contains('\0') => {
                Ok(Self { variable: variable.to_owned(), from: from.parse()? })
            }
            _ => Err("it is written as VAR=NAME.FIELD, such as PGPASSWORD=db.password".to_owned()),
        }
    }
}

impl FromStr for File {
    type Err = String;

    /// A path may hold an equals sign, and a name may not.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once('=') {
            Some((path, from)) if !path.is_empty() && !path.contains('\0') => {
                Ok(Self { path: PathBuf::from(path), from: from.parse()? })
            }
            _ => Err("it is written as PATH=NAME.FIELD, such as /run/app/token=api.access_token".to_owned()),
        }
    }
}

impl FromStr for OnRefresh {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("signal:")) {
            ("ignore", _) => Ok(Self::Ignore),
            ("restart", _) => Ok(Self::Restart),
            (_, Some(name)) => Signal::named(name).map(Self::Signal).ok_or_else(|| {
                format!("{name:?} is no signal that can be sent here; these can: {}", Signal::names().join(", "))
            }),
            _ => Err("it is one of: ignore, restart, signal:NAME".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_the_first_point_and_paths_at_the_last_equals_sign() {
        let field = |name: &str, field: &str| Field { name: name.to_owned(), field: field.to_owned() };
        let variable: Variable = "A=db.user.name".parse().unwrap();
        assert_eq!((variable.variable.as_str(), variable.from), ("A", field("db", "user.name")));
        let file: File = "/run/a=b/c=db.password".parse().unwrap();
        assert_eq!((file.path, file.from), (PathBuf::from("/run/a=b/c"), field("db", "password")));
    }

    #[test]
    fn what_is_written_otherwise_is_refused_with_an_example() {
        for text in ["", "A", "=db.x", "A=db", "A=.x", "A=db."] {
            assert!(text.parse::<Variable>().unwrap_err().contains("such as"), "{text}");
            assert!(text.parse::<File>().unwrap_err().contains("such as"), "{text}");
        }
    }

    #[test]
    fn a_signal_has_its_name_with_or_without_sig() {
        assert_eq!("signal:HUP".parse(), Ok(OnRefresh::Signal(Signal::named("SIGHUP").unwrap())));
        for text in ["signal:KILL", "signal:", "signal:9", "reload"] {
            assert!(text.parse::<OnRefresh>().is_err(), "{text}");
        }
    }
}
