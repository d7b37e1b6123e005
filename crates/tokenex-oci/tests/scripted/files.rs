//! The files for Oracle's CLI.

use std::collections::BTreeMap;
use std::fs;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokenex_core::{ErrorKind, Secret};
use tokenex_oci::{KeySize, SessionFiles, SessionKey, SessionToken};

use crate::world::World;

/// A directory that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tokenex-oci-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn oci(&self) -> PathBuf {
        self.0.join("home").join(".oci")
    }

    fn config(&self) -> String {
        fs::read_to_string(self.oci().join("config")).unwrap()
    }

    fn session(&self) -> Vec<String> {
        let entries = fs::read_dir(self.oci().join("sessions/app")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn files(&self) -> SessionFiles {
        SessionFiles::at(self.oci()).profile("app").unwrap().region("eu-frankfurt-1").unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn token(name: &str, key: &SessionKey) -> SessionToken {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    let claims = format!(r#"{{"jti":"{name}","tenant":"ocid1.tenancy.oc1..a"}}"#);
    SessionToken::new(format!("e30.{}.c2ln", BASE64.encode(claims)), key.clone()).unwrap()
}

async fn key() -> SessionKey {
    SessionKey::generate(KeySize::Rsa2048).await.unwrap()
}

/// The values of the profile, as Python's `configparser` reads them.
fn profile(config: &str, name: &str) -> BTreeMap<String, String> {
    let inside = config.split_once(&format!("[{name}]\n")).unwrap().1;
    let inside = inside.split("\n[").next().unwrap();
    inside
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// What somebody reads who follows the configuration file: key and token.
fn followed(config: &str) -> (SessionKey, String) {
    let values = profile(config, "app");
    let pem = Secret::new(fs::read_to_string(&values["key_file"]).unwrap());
    (SessionKey::from_pem(&pem, None).unwrap(), fs::read_to_string(&values["security_token_file"]).unwrap())
}

#[tokio::test]
async fn the_profile_names_the_key_and_the_token_that_belong_together() {
    let (scratch, key) = (Scratch::new(), key().await);
    let token = token("1", &key);
    scratch.files().write(&token).await.unwrap();
    let (read, text) = followed(&scratch.config());
    assert_eq!((read.public_der(), text.as_str()), (key.public_der(), token.secret().expose()));
    let values = profile(&scratch.config(), "app");
    assert_eq!(values["fingerprint"], key.fingerprint());
    assert_eq!((values["tenancy"].as_str(), values["region"].as_str()), ("ocid1.tenancy.oc1..a", "eu-frankfurt-1"));
    assert!(Path::new(&values["key_file"]).is_absolute());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_whatever_was_there_before() {
    let (scratch, key) = (Scratch::new(), key().await);
    let session = scratch.oci().join("sessions/app");
    fs::create_dir_all(&session).unwrap();
    fs::write(scratch.oci().join("config"), "[DEFAULT]\n").unwrap();
    for path in [&session, &scratch.oci().join("config")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    scratch.files().write(&token("1", &key)).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&session), mode(&scratch.oci().join("config"))), (0o700, 0o600));
    let names = scratch.session();
    assert_eq!(names.len(), 2);
    assert!(names.iter().all(|name| mode(&session.join(name)) == 0o600));
}

#[tokio::test]
async fn who_has_read_the_configuration_before_still_finds_its_pair_after() {
    let (scratch, key) = (Scratch::new(), key().await);
    let files = scratch.files();
    let mut before: Option<String> = None;
    for name in ["1", "2", "3", "4"] {
        files.write(&token(name, &key)).await.unwrap();
        let config = scratch.config();
        assert_eq!(followed(&config).1, token(name, &key).secret().expose());
        if let Some(before) = before.replace(config) {
            assert_ne!(followed(&before).1, token(name, &key).secret().expose());
            assert_eq!(scratch.session().len(), 4);
        }
    }
    files.write(&token("4", &key)).await.unwrap();
    assert_eq!(scratch.session().len(), 2);
}

#[tokio::test]
async fn everything_else_in_the_configuration_stays() {
    let (scratch, key) = (Scratch::new(), key().await);
    fs::create_dir_all(scratch.oci()).unwrap();
    let others =
        "# mine\n[DEFAULT]\nuser = ocid1.user.oc1..b\nkey_file=~/.oci/mine.pem\n\n[other]\nregion=us-ashburn-1\n";
    fs::write(scratch.oci().join("config"), others).unwrap();
    fs::create_dir_all(scratch.oci().join("sessions/app")).unwrap();
    fs::write(scratch.oci().join("sessions/app/mine"), "mine").unwrap();
    let files = scratch.files();
    files.write(&token("1", &key)).await.unwrap();
    assert!(scratch.config().starts_with(others));
    files.remove().await.unwrap();
    assert_eq!(scratch.config().trim_end(), others.trim_end());
    assert_eq!(scratch.session(), ["mine"]);
}

#[tokio::test]
async fn what_was_removed_leaves_no_key_behind() {
    let (scratch, key) = (Scratch::new(), key().await);
    scratch.files().remove().await.unwrap();
    assert!(!scratch.oci().exists());
    scratch.files().write(&token("1", &key)).await.unwrap();
    scratch.files().remove().await.unwrap();
    assert!(!scratch.oci().join("sessions/app").exists());
    assert!(!scratch.config().contains("app"));
    scratch.files().remove().await.unwrap();
}

#[tokio::test]
async fn a_profile_with_a_users_key_is_not_touched() {
    let (scratch, key) = (Scratch::new(), key().await);
    fs::create_dir_all(scratch.oci()).unwrap();
    let mine = "[app]\nuser=ocid1.user.oc1..b\nkey_file=/mine.pem\n";
    fs::write(scratch.oci().join("config"), mine).unwrap();
    for done in [scratch.files().write(&token("1", &key)).await, scratch.files().remove().await] {
        let error = done.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("session_files")));
    }
    assert_eq!(scratch.config(), mine);
    assert!(!scratch.oci().join("sessions").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_written_through_a_link() {
    let key = key().await;
    for (link, is_folder) in [("config", false), ("sessions", true), ("sessions/app", true)] {
        let scratch = Scratch::new();
        let elsewhere = scratch.0.join("elsewhere");
        fs::create_dir_all(scratch.oci().join(link).parent().unwrap()).unwrap();
        if is_folder {
            fs::create_dir(&elsewhere).unwrap()
        } else {
            fs::write(&elsewhere, "mine").unwrap()
        }
        symlink(&elsewhere, scratch.oci().join(link)).unwrap();
        let error = scratch.files().write(&token("1", &key)).await.unwrap_err();
        assert!(error.to_string().contains("link"), "{error}");
        let untouched = if is_folder {
            fs::read_dir(&elsewhere).unwrap().count() == 0
        } else {
            fs::read(&elsewhere).unwrap() == b"mine"
        };
        assert!(untouched && scratch.oci().join(link).is_symlink(), "{link}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_directory_itself_may_be_a_link() {
    let (scratch, key) = (Scratch::new(), key().await);
    let real = scratch.0.join("real");
    fs::create_dir_all(scratch.oci().parent().unwrap()).unwrap();
    fs::create_dir(&real).unwrap();
    symlink(&real, scratch.oci()).unwrap();
    scratch.files().write(&token("1", &key)).await.unwrap();
    assert!(real.join("config").is_file());
}

#[tokio::test]
async fn a_disk_that_does_not_take_it_is_an_error_with_the_systems_reason_and_no_secret() {
    let (scratch, key) = (Scratch::new(), key().await);
    fs::write(scratch.0.join("home"), "a file where a directory belongs").unwrap();
    let token = token("1", &key);
    let error = scratch.files().write(&token).await.unwrap_err();
    assert_eq!((error.kind(), error.code(), error.step()), (ErrorKind::Other, Some("session_files"), Some("files")));
    assert!(!format!("{error:?}").contains(token.secret().expose()));
}

#[tokio::test]
async fn many_writers_in_one_process_leave_each_profile_whole() {
    let (scratch, key) = (Scratch::new(), key().await);
    let writers = (0..8).map(|n| {
        let (files, token) = (scratch.files().profile(&format!("p{n}")).unwrap(), token(&n.to_string(), &key));
        tokio::spawn(async move { files.write(&token).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    for n in 0..8 {
        assert!(profile(&scratch.config(), &format!("p{n}")).contains_key("security_token_file"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_handle_is_kept_written_until_it_is_closed() {
    let (scratch, world) = (Scratch::new(), World::new());
    let handle = world.session();
    let (files, kept) = (scratch.files(), handle.clone());
    let writing = tokio::spawn(async move { files.keep_written(&kept).await });
    let mut seen = Vec::new();
    for _ in 0..3 {
        let token = handle.get().await.unwrap();
        // The files are written on a thread, while no paused time passes.
        world.seconds(1).await;
        let (key, text) = followed(&scratch.config());
        assert_eq!((key.public_der(), text.as_str()), (token.key().public_der(), token.secret().expose()));
        seen.push(text);
        world.seconds(40 * 60).await;
    }
    seen.dedup();
    assert_eq!(seen.len(), 3);
    handle.close(Duration::from_secs(5)).await;
    writing.await.unwrap().unwrap();
    assert!(!scratch.session().is_empty());
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let files = || SessionFiles::at("unused");
    for bad in ["", ".", "..", "a/b", "a\\b", "a b", "a]", "a\nb", "DEFAULT", "default", "é"] {
        assert_eq!(files().profile(bad).unwrap_err().kind(), ErrorKind::Configuration, "{bad}");
    }
    for bad in ["", "eu frankfurt", "a\nkey_file=/x", "é"] {
        assert_eq!(files().region(bad).unwrap_err().kind(), ErrorKind::Configuration, "{bad}");
    }
}
