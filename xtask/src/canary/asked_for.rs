//! Where a secret may be seen, because somebody asked for it to be there.

use super::finds::Place;

/// Such places, and why.
struct AskedFor {
    place: Place,
    /// What the file name of the program begins with: any of these.
    programs: &'static [&'static str],
    /// What the arguments or the name of the variable are: any of these.
    what: &'static [&'static str],
    why: &'static str,
}

/// A variable goes on to whatever a program starts, and which of them are seen is a matter of moments.
const ANY: &[&str] = &[""];

/// Every exception there is.
const ALL: [AskedFor; 8] = [
    AskedFor {
        place: Place::Arguments,
        programs: &["tokenex"],
        what: &["inspect eyJ", "--field eyJ", "tokenex eyJ"],
        why: "a token is given as an argument, to see that it is refused and not repeated",
    },
    AskedFor {
        place: Place::Arguments,
        programs: &["echo", "sh"],
        what: &["echo hunter"],
        why: "a program that prints a made-up token stands in for somebody's own",
    },
    AskedFor {
        place: Place::Environment,
        programs: ANY,
        what: &[
            "TOKENEX_TEST_ID_TOKEN",
            "TOKENEX_TEST_TEXT",
            "TOKENEX_TEST_SECRET",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "HTTPS_PROXY",
            "https_proxy",
        ],
        why: "sources and proxies that are read from the environment",
    },
    AskedFor {
        place: Place::Environment,
        programs: ANY,
        what: &["CLIENT_SECRET", "OCI_CLIENT_SECRET", "JOB_TOKEN", "T"],
        why: "inputs that the file of the program names by their variables",
    },
    AskedFor {
        place: Place::Environment,
        programs: ANY,
        what: &["P", "PGPASSWORD", "KEY", "JOB_TOKEN"],
        why: "what `exec --env` gives to a command",
    },
    AskedFor {
        place: Place::Environment,
        programs: ANY,
        what: &["SECRET", "TEXT", "ANSWER"],
        why: "what a source that is a program is given, or prints",
    },
    AskedFor {
        place: Place::Environment,
        programs: ANY,
        what: &["BAO_DEV_ROOT_TOKEN_ID", "VAULT_DEV_ROOT_TOKEN_ID"],
        why: "how a real server is told its root token, so that no argument holds it",
    },
    AskedFor {
        place: Place::Environment,
        programs: &["python"],
        what: &[
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
    let is_it = |one: &AskedFor| match place {
        Place::Arguments => one.what.iter().any(|part| contains(record, part.as_bytes())),
        Place::Environment => {
            let name = record.split(|&byte| byte == b'=').next().unwrap_or_default();
            one.what.iter().any(|variable| name == variable.as_bytes())
        }
        _ => false,
    };
    let covers = |one: &&AskedFor| {
        one.place == place && one.programs.iter().any(|begin| program.starts_with(begin)) && is_it(one)
    };
    ALL.iter().find(covers).map(|one| one.why)
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
        assert!(why(Place::Arguments, "sh", b"PGPASSWORD=x").is_none());
        assert!(why(Place::Output, "tokenex", b"").is_none());
    }
}
