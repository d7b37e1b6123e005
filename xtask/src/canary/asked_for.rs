//! Where a secret may be seen, because somebody asked for it to be there.

use super::finds::Place;

/// Arguments that hold a secret, and why.
struct Argument {
    /// What the file name of the program begins with: any of these.
    programs: &'static [&'static str],
    /// What the arguments hold: any of these.
    what: &'static [&'static str],
    why: &'static str,
}

const ARGUMENTS: [Argument; 2] = [
    Argument {
        programs: &["tokenex"],
        what: &["inspect eyJ", "--field eyJ", "tokenex eyJ"],
        why: "a token is given as an argument, to see that it is refused and not repeated",
    },
    Argument {
        programs: &["echo", "sh"],
        what: &["echo hunter"],
        why: "a program that prints a made-up token stands in for somebody's own",
    },
];

/// Variables that hold a secret, and why. In whatever program: it goes on to all that the program starts (Python asks `uname` what
/// it runs on), and which of them live long enough to be seen is luck.
struct Variables {
    names: &'static [&'static str],
    why: &'static str,
}

const VARIABLES: [Variables; 6] = [
    Variables {
        names: &[
            "TOKENEX_TEST_ID_TOKEN",
            "TOKENEX_TEST_TEXT",
            "TOKENEX_TEST_SECRET",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "HTTPS_PROXY",
            "https_proxy",
        ],
        why: "sources and proxies that are read from the environment",
    },
    Variables {
        names: &["CLIENT_SECRET", "OCI_CLIENT_SECRET", "JOB_TOKEN", "T"],
        why: "inputs that the file of the program names by their variables",
    },
    Variables { names: &["P", "PGPASSWORD", "KEY"], why: "what `exec --env` gives to a command" },
    Variables { names: &["SECRET", "TEXT", "ANSWER"], why: "what a source that is a program is given, or prints" },
    Variables {
        names: &["BAO_DEV_ROOT_TOKEN_ID", "VAULT_DEV_ROOT_TOKEN_ID"],
        why: "how a real server is told its root token, so that no argument holds it",
    },
    Variables {
        names: &[
            "AWS_SECRET_ACCESS_KEY",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN",
            "IDENTITY_HEADER",
            "MSI_SECRET",
            "OCI_RESOURCE_PRINCIPAL_RPST",
            "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM",
        ],
        why: "what platforms give to the clients of the clouds",
    },
];

/// Why this was asked for, if it was. `record` is what follows the program's name: its arguments, or a variable with its value.
pub(super) fn why(place: Place, program: &str, record: &[u8]) -> Option<&'static str> {
    match place {
        Place::Arguments => {
            let covers = |one: &&Argument| {
                one.programs.iter().any(|begin| program.starts_with(begin))
                    && one.what.iter().any(|part| contains(record, part.as_bytes()))
            };
            ARGUMENTS.iter().find(covers).map(|one| one.why)
        }
        Place::Environment => {
            let name = record.split(|&byte| byte == b'=').next().unwrap_or_default();
            let covers = |one: &&Variables| one.names.iter().any(|variable| name == variable.as_bytes());
            VARIABLES.iter().find(covers).map(|one| one.why)
        }
        _ => None,
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_variable_of_that_name_is_asked_for() {
        assert!(why(Place::Environment, "sh", b"PGPASSWORD=x").is_some());
        assert!(why(Place::Environment, "sh", b"PGPASSWORD2=x").is_none());
        assert!(why(Place::Environment, "cut", b"PGPASSWORD=x").is_some(), "inherited");
        assert!(why(Place::Environment, "uname", b"AWS_SECRET_ACCESS_KEY=x").is_some(), "inherited");
        assert!(why(Place::Arguments, "sh", b"PGPASSWORD=x").is_none());
        assert!(why(Place::Output, "tokenex", b"").is_none());
    }
}
