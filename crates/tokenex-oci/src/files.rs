//! The files in which Oracle's CLI and SDKs find a session token.

mod disk;
mod profile;

use std::env;
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use tokenex_core::{Error, ErrorKind, Handle, Result};

use crate::session_token::SessionToken;
use disk::Disk;
use profile::Profile;

/// Writes session tokens, **with their private keys**, where Oracle's CLI and SDKs look for them: a profile of `~/.oci/config`
/// with `security_token_file` and `key_file`
/// ([token-based authentication for the CLI](https://docs.oracle.com/iaas/Content/API/SDKDocs/clitoken.htm)).
///
/// Nothing else in this crate writes files, and this does so only in [`write`](Self::write) and
/// [`keep_written`](Self::keep_written). Prefer the credential in memory; this is for programs of others:
///
/// ```text
/// oci os ns get --auth security_token --profile tokenex
/// ```
///
/// - Key and token change together: each pair has files of its own, and the configuration file, which names them, is replaced last
///   and at once. The pair before stays until the next one, for who has read the configuration a moment ago; older ones are removed.
///   So read the paths from the configuration, and do not keep them.
/// - Files are readable for their owner only (mode 0600, the folder of the session 0700; on systems without such modes, as the
///   folder has it).
/// - Other profiles of the configuration, its comments and order stay. A profile of the same name that is no session's is not
///   touched, nor is anything written through a symbolic link at these places: both are errors.
/// - Two processes that write the same configuration at the same moment can undo each other's change of it.
///
/// Most SDKs read the files once, so this keeps commands going, and not long-lived programs.
#[derive(Debug, Clone)]
pub struct SessionFiles {
    directory: PathBuf,
    profile: String,
    region: Option<String>,
}

/// Part of each name, so that nobody else's files are taken for ours.
const KEY: &str = "tokenex-key-";
const TOKEN: &str = "tokenex-token-";

impl SessionFiles {
    /// Below this directory, usually `.oci` in the home directory: `config` and `sessions`. It is made when it is not there. The
    /// profile is called `tokenex`.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), profile: "tokenex".to_owned(), region: None }
    }

    /// Below `.oci` in the home directory.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the environment does not say where that is.
    pub fn in_home() -> Result<Self> {
        let home = env::var_os("HOME").or_else(|| env::var_os("USERPROFILE")).filter(|home| !home.is_empty());
        let home = home.ok_or_else(|| {
            bad("the environment does not say where the home directory is")
                .with_advice("set HOME, or name the directory")
        })?;
        Ok(Self::at(Path::new(&home).join(".oci")))
    }

    /// Another name for the profile. `DEFAULT` is not one, since all profiles inherit what it holds.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it has other characters than letters, digits, `-`, `_` and `.`, or begins with a stop.
    pub fn profile(mut self, name: &str) -> Result<Self> {
        if name.is_empty() || name.starts_with('.') || !name.bytes().all(is_plain) {
            return Err(bad("the name of the profile is none")
                .with_advice("give letters, digits, '-', '_' and '.': it names a section and a folder"));
        }
        if name.eq_ignore_ascii_case("default") {
            return Err(bad("the profile DEFAULT is not written, since all profiles inherit what it holds")
                .with_advice("name another one, and set OCI_CLI_PROFILE to it"));
        }
        name.clone_into(&mut self.profile);
        Ok(self)
    }

    /// Names the region in the profile: `eu-frankfurt-1`. Without it, the one that is there stays.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it cannot be one.
    pub fn region(mut self, region: &str) -> Result<Self> {
        if region.is_empty() || !region.bytes().all(is_plain) {
            return Err(bad("the region is none").with_advice("give its identifier: eu-frankfurt-1"));
        }
        self.region = Some(region.to_owned());
        Ok(self)
    }

    /// Writes this token with its key.
    ///
    /// Dropping the future does not stop what has begun; the files are consistent at each moment.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when something else is where the files belong, and [`ErrorKind::Other`], with the system's
    /// reason, when they cannot be written.
    pub async fn write(&self, token: &SessionToken) -> Result<()> {
        let (files, token) = (self.clone(), token.clone());
        on_thread(move || files.write_now(&token)).await
    }

    /// Writes each new token of the handle, the present one at once, until the handle is closed or its scheduler shut down. The
    /// last pair of files stays; [`remove`](Self::remove) removes it.
    ///
    /// Cancel safe: nothing is written any more.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn keep_written(&self, handle: &Handle<SessionToken>) -> Result<()> {
        let mut changes = handle.listen();
        while let Some(event) = changes.next().await {
            if let Some(token) = event.credential.filter(|_| event.updated) {
                self.write(token.credential()).await?;
            }
        }
        Ok(())
    }

    /// Removes the files of the session and its profile, if they are there.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn remove(&self) -> Result<()> {
        let files = self.clone();
        on_thread(move || files.remove_now()).await
    }

    fn write_now(&self, token: &SessionToken) -> Result<()> {
        let disk = Disk::at(&self.directory)?;
        let _one_at_a_time = disk::one_at_a_time();
        let before = disk.read_config()?;
        let profile = Profile::find(&before, &self.profile)?;

        let session = disk.session_folder(&self.profile)?;
        let name = pair_name(token);
        let (key, text) = (format!("{KEY}{name}.pem"), format!("{TOKEN}{name}"));
        session.replace(&key, token.key().to_pkcs8_pem().expose())?;
        session.replace(&text, token.secret().expose())?;

        let (key_file, token_file) = (session.written(&key)?, session.written(&text)?);
        let after = profile.with(&[
            ("fingerprint", Some(&token.key().fingerprint())),
            ("key_file", Some(&key_file)),
            ("security_token_file", Some(&token_file)),
            ("tenancy", token.tenancy()),
            ("region", self.region.as_deref()),
        ])?;
        disk.replace_config(&after)?;
        session.keep_only(|file| {
            file == key || file == text || !(file.starts_with(KEY) || file.starts_with(TOKEN)) || profile.names(file)
        })
    }

    fn remove_now(&self) -> Result<()> {
        if !self.directory.exists() {
            return Ok(());
        }
        let disk = Disk::at(&self.directory)?;
        let _one_at_a_time = disk::one_at_a_time();
        let before = disk.read_config()?;
        let profile = Profile::find(&before, &self.profile)?;
        if profile.is_there() {
            disk.replace_config(&profile.without())?;
        }
        if self.directory.join("sessions").join(&self.profile).exists() {
            let session = disk.session_folder(&self.profile)?;
            session.keep_only(|file| !(file.starts_with(KEY) || file.starts_with(TOKEN)))?;
            session.remove_if_empty();
        }
        Ok(())
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

/// The same for the same pair only. So short a piece of a hash tells nothing about the token.
fn pair_name(token: &SessionToken) -> String {
    let hash = digest(&SHA256, token.secret().expose().as_bytes());
    hash.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

async fn on_thread(work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(Error::new(ErrorKind::Shutdown, "the runtime ended while session files were written")),
    }
}

fn bad(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what).with_provider("oci").with_step("files").with_code("session_files")
}
