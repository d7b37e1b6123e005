//! Leaks made on purpose, one in each place: a search that does not find them is blind.

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokenex_testkit::canary::Canary;

use super::{
    files,
    finds::{Finds, Place},
    folder::Folder,
    processes::{ARGUMENTS, ENVIRONMENT},
    run::run_one,
    search::What,
};
use crate::{Failure, workspace::Workspace};

/// What leaks, and where it must be found.
const PLACES: [(&str, Place); 12] = [
    ("standard-output", Place::Output),
    ("standard-error", Place::Output),
    ("panic", Place::Output),
    ("panic-of-a-thread", Place::Output),
    ("log", Place::Log),
    ("span", Place::Log),
    ("error", Place::Text),
    ("debug", Place::Text),
    ("arguments", Place::Arguments),
    ("environment", Place::Environment),
    ("temporary-file", Place::LeftBehind),
    ("workspace-file", Place::Workspace),
];

/// Secrets that do not leak: the one of the process that leaks nothing, and the one that a clean canary looked for.
const INNOCENT: usize = 2;

/// How long a leak in a process waits to be seen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Plants all of them, beside innocent secrets, and demands that exactly the leaks are found.
pub(super) fn check(workspace: &Workspace) -> Result<(), Failure> {
    let folder = Folder::make(workspace)?;
    let begin = std::time::SystemTime::now();
    let beside = folder.part("workspace");
    fs::create_dir(&beside)?;
    for (name, _) in PLACES.iter().chain([&("nothing", Place::Output)]) {
        // This very program: where it stood, a stage before may have built another one.
        let mut command = Command::new("/proc/self/exe");
        command.arg0("xtask");
        command.args(["canary", "leak", name]);
        // A leak by panic fails, and is to.
        run_one(&folder, name, command)?;
    }
    let finds = Finds::of(&folder, &files::written_since(begin, &[beside], &[]))?;
    let found: BTreeSet<(String, Place)> =
        finds.leaks.keys().filter_map(|leak| Some((label(&leak.what)?, leak.place))).collect();
    let planted: BTreeSet<(String, Place)> = PLACES.iter().map(|(name, place)| (name.to_string(), *place)).collect();
    if finds.leaks.len() != found.len() || found != planted || finds.secrets != PLACES.len() + INNOCENT {
        return Err(format!(
            "the canary is blind, or sees what is not there. Of {PLACES:?} it found\n{finds}",
            PLACES = PLACES.map(|(name, _)| name)
        )
        .into());
    }
    println!("canary: {} planted leaks found, in {} kinds of places", planted.len(), Place::ALL.len());
    Ok(())
}

fn label(what: &What) -> Option<String> {
    match what {
        What::Secret { label, .. } => Some(label.clone()),
        What::Mark(_) | What::Look(..) => None,
    }
}

/// Leaks a secret there. Runs in a process of its own.
pub(super) fn leak(place: &str) -> Result<(), Failure> {
    let folder = PathBuf::from(std::env::var_os("TOKENEX_CANARY").ok_or("a leak wants a run to leak into")?);
    // What a test begins with makes the log of this process be heard.
    drop(tokenex_testkit::issuer::IssuerKeys::new("https://issuer.test"));
    let canary = Canary::new();
    let secret = canary.secret(place);
    match place {
        "standard-output" => println!("leaked: {secret}"),
        "standard-error" => eprintln!("leaked: {secret}"),
        "panic" => panic!("leaked: {secret}"),
        "panic-of-a-thread" => drop(std::thread::spawn(move || panic!("leaked: {secret}")).join()),
        "log" => tracing::trace!(token = %secret, "leaked"),
        "span" => drop(tracing::trace_span!("leaked", %secret)),
        "error" | "debug" => leak_past_a_canary(place, &secret),
        "arguments" => {
            let mut command = Command::new("sh");
            command.args(["-c", "read line", "sh", &secret]);
            show(&mut command, &folder, ARGUMENTS, &secret)?;
        }
        "environment" => {
            let mut command = Command::new("sh");
            command.args(["-c", "read line"]).env("LEAKED", &secret);
            show(&mut command, &folder, ENVIRONMENT, &secret)?;
        }
        "temporary-file" => fs::write(std::env::temp_dir().join("leaked"), secret)?,
        "workspace-file" => fs::write(folder.join("workspace/leaked"), secret)?,
        _ => {}
    }
    Ok(())
}

/// As a test does that looks for other secrets than the one that shows.
fn leak_past_a_canary(place: &str, secret: &str) {
    #[derive(Debug)]
    struct Holder(#[expect(dead_code, reason = "shown by Debug")] String);
    let other = Canary::new();
    other.watch("innocent", "looks like nothing else at all");
    match place {
        "error" => other.search_error("an error", &std::io::Error::other(std::io::Error::other(secret.to_owned()))),
        _ => other.search_debug("a value", &Holder(secret.to_owned())),
    }
    other.assert_clean();
}

/// Runs it until somebody has seen the secret.
fn show(command: &mut Command, folder: &Path, file: &str, secret: &str) -> Result<(), Failure> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let records = folder.join(Folder::PROCESSES).join(file);
    let until = Instant::now() + PATIENCE;
    loop {
        let mut seen = String::new();
        fs::File::open(&records)?.read_to_string(&mut seen)?;
        if seen.contains(secret) || Instant::now() > until {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    // The end of its input is the end of the shell.
    drop(child.stdin.take());
    child.wait()?;
    Ok(())
}
