//! What a path of Vault says about how to read it.

use super::model::Engine;

/// Whether this is the path of a secret.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn check(path: &str) -> Result<(), &'static str> {
    if path.starts_with("v1/") {
        return Err("begins with v1/, which is not part of it");
    }
    if path.contains(['?', '#', '\\']) || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("is not the path of a secret; write it as database/creds/app");
    }
    Ok(())
}

/// How a path is read: as `word` says, else as the path itself shows.
///
/// # Errors
/// When the two do not fit.
pub(super) fn engine(word: Option<&str>, written: bool, path: &str) -> Result<Engine, &'static str> {
    if written {
        return match word {
            None | Some("any") => Ok(Engine::Any),
            Some(_) => Err("`engine` is one that is read, and `parameters` are written"),
        };
    }
    let split = |by: &str| {
        let (mount, rest) = path.split_once(by)?;
        (!mount.is_empty() && !rest.is_empty()).then(|| (mount.to_owned(), rest.to_owned()))
    };
    match word {
        Some("any") => Ok(Engine::Any),
        Some("kv1") => match split("/") {
            Some((mount, path)) => Ok(Engine::Kv1 { mount, path }),
            None => Err("`path` lacks the mount or the secret's name: secret/app"),
        },
        Some("kv2") => match split("/data/").or_else(|| split("/")) {
            Some((mount, path)) => Ok(Engine::Kv2 { mount, path }),
            None => Err("`path` lacks the mount or the secret's name: secret/data/app"),
        },
        Some(_) => match split("/static-creds/") {
            Some((mount, role)) => Ok(Engine::StaticDatabase { mount, role }),
            None => Err("`path` is not that of a static role: database/static-creds/app"),
        },
        None => Ok(match (split("/data/"), split("/static-creds/")) {
            (Some((mount, path)), _) => Engine::Kv2 { mount, path },
            (None, Some((mount, role))) => Engine::StaticDatabase { mount, role },
            (None, None) => Engine::Any,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_shows_how_it_is_read() {
        let text = str::to_owned;
        for (word, path, engine_of) in [
            (None, "database/creds/app", Engine::Any),
            (None, "secret/data/app/db", Engine::Kv2 { mount: text("secret"), path: text("app/db") }),
            (None, "team/kv/data/app", Engine::Kv2 { mount: text("team/kv"), path: text("app") }),
            (None, "db/static-creds/app", Engine::StaticDatabase { mount: text("db"), role: text("app") }),
            (Some("any"), "secret/data/app", Engine::Any),
            (Some("kv1"), "kv/app/db", Engine::Kv1 { mount: text("kv"), path: text("app/db") }),
            (Some("kv2"), "secret/app", Engine::Kv2 { mount: text("secret"), path: text("app") }),
        ] {
            assert_eq!(engine(word, false, path), Ok(engine_of), "{path}");
        }
        assert_eq!(engine(None, true, "pki/data/issue"), Ok(Engine::Any));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(engine(Some("kv1"), false, "app").is_err() && engine(Some("kv2"), true, "secret/data/app").is_err());
        assert!(engine(Some("static-database"), false, "database/creds/app").is_err());
        for path in ["", "a//b", "../x", "a/./b", "a?x=1", "v1/secret/app"] {
            assert!(check(path).is_err(), "{path}");
        }
        assert_eq!(check("database/creds/app"), Ok(()));
    }
}
