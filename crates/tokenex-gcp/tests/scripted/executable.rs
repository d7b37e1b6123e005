//! Programs that print tokens, really run. What they may do depends on a variable of the environment, so each test runs itself
//! once more in a process of its own, with the variable and without.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tokenex_core::{
    AnyTokenSource, Attempt, Clock, ErrorKind, IdentityToken, Input, Result, Secret, Source as _, TokenRequest,
    TokenSource as _,
};
use tokenex_gcp::ExecutableSource;
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::transport::InMemory;

const ALLOW: &str = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";
const CHILD: &str = "TOKENEX_TEST_CHILD";

/// Runs one test again in a process of its own, which must pass.
pub(crate) fn run_again(test: &str, environment: impl FnOnce(&mut Command) -> &mut Command) {
    let mut command = Command::new(env::current_exe().unwrap());
    let output = environment(command.args(["--exact", test]).env(CHILD, "1")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// Whether this is such a process.
pub(crate) fn is_run_again() -> bool {
    env::var_os(CHILD).is_some()
}

/// Whether this is the process in which programs may be run. If not, it starts that one.
pub(crate) fn in_allowed_process(test: &str) -> bool {
    if !is_run_again() {
        run_again(test, |command| command.env(ALLOW, "1"));
    }
    is_run_again()
}

/// A directory of this test.
pub(crate) fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("gcp-{name}-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// A shell script, and the command that runs it.
pub(crate) fn script(directory: &Path, text: &str) -> String {
    let path = directory.join("print-token.sh");
    fs::write(&path, text).unwrap();
    format!("sh {}", path.display())
}

fn attempt() -> Attempt {
    Attempt::detached(Clock::system(), InMemory::new().transport(), Duration::from_secs(30))
}

fn jwt() -> String {
    IssuerKeys::new("https://issuer.test").token().audience("vault").sign()
}

fn in_seconds(seconds: i64) -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap() + seconds
}

async fn token(source: &ExecutableSource) -> Result<Input<IdentityToken>> {
    let cx = attempt();
    AnyTokenSource::new(source.clone()).token(&TokenRequest::new(&cx).audience("vault")).await
}

#[tokio::test]
async fn nothing_is_run_without_the_consent_of_the_environment() {
    if !is_run_again() {
        return run_again("executable::nothing_is_run_without_the_consent_of_the_environment", |it| {
            it.env_remove(ALLOW)
        });
    }
    let directory = directory("consent");
    let mark = directory.join("ran");
    let source = ExecutableSource::new(&script(&directory, &format!("touch {}", mark.display()))).unwrap();
    let error = token(&source).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("executables_not_allowed")));
    assert!(!mark.exists());
    fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn the_program_learns_what_is_wanted_and_its_token_is_taken() {
    if !in_allowed_process("executable::the_program_learns_what_is_wanted_and_its_token_is_taken") {
        return;
    }
    let directory = directory("environment");
    let seen = directory.join("environment");
    let answer =
        json!({"version": 1, "success": true, "token_type": "urn:ietf:params:oauth:token-type:jwt", "id_token": jwt()});
    let text = format!(
        "env | grep ^GOOGLE_EXTERNAL | sort > {}\necho noise >&2\ncat <<'END'\n{answer}\nEND\n",
        seen.display()
    );
    let command = script(&directory, &text);
    let source = ExecutableSource::new(&command)
        .unwrap()
        .audience("//iam.googleapis.com/x")
        .token_type("urn:ietf:params:oauth:token-type:id_token")
        .impersonated_email("app@p.iam.gserviceaccount.com");
    let input = token(&source).await.unwrap();
    assert_eq!(input.value().claims().audiences(), ["vault"]);
    assert!(input.issued_at().is_some());
    let seen_text = fs::read_to_string(&seen).unwrap();
    for line in [
        "GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE=//iam.googleapis.com/x",
        "GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE=urn:ietf:params:oauth:token-type:id_token",
        "GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL=app@p.iam.gserviceaccount.com",
        "GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE=0",
    ] {
        assert!(seen_text.lines().any(|one| one == line), "{line} is not in {seen_text}");
    }
    assert!(!seen_text.contains("OUTPUT_FILE"));

    // As a source of its own it passes on what the target wants.
    token(&ExecutableSource::new(&command).unwrap()).await.unwrap();
    assert!(fs::read_to_string(&seen).unwrap().contains("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE=vault\n"));
    fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn a_token_in_the_output_file_is_taken_until_it_ends() {
    if !in_allowed_process("executable::a_token_in_the_output_file_is_taken_until_it_ends") {
        return;
    }
    let directory = directory("output");
    let (kept, ran) = (directory.join("kept.json"), directory.join("ran"));
    let answer = |text: &str, end: i64| {
        json!({"version": 1, "success": true, "token_type": "urn:ietf:params:oauth:token-type:saml2",
            "saml_response": text, "expiration_time": end})
        .to_string()
    };
    let command = script(
        &directory,
        &format!("echo x >> {}\ncat <<'END'\n{}\nEND\n", ran.display(), answer("fresh", in_seconds(600))),
    );
    let source = ExecutableSource::new(&command).unwrap().output_file(&kept);
    let runs = || fs::read_to_string(&ran).unwrap_or_default().lines().count();
    let text = async || -> Result<String> {
        let input: Input<Secret> = source.fetch(&attempt()).await?;
        Ok(input.value().expose().to_owned())
    };
    // No file, a file that is empty, one that has ended, one that tells of a failure: it is time for a run.
    assert_eq!((text().await.unwrap().as_str(), runs()), ("fresh", 1));
    for old in
        [String::new(), answer("old", in_seconds(-1)), json!({"version": 1, "success": false, "code": "1"}).to_string()]
    {
        fs::write(&kept, old).unwrap();
        let before = runs();
        assert_eq!((text().await.unwrap().as_str(), runs()), ("fresh", before + 1));
    }
    fs::write(&kept, answer("kept", in_seconds(60))).unwrap();
    let before = runs();
    assert_eq!((text().await.unwrap().as_str(), runs()), ("kept", before));
    // What is no answer is told of, since somebody else writes there.
    fs::write(&kept, "hunter22").unwrap();
    let error = text().await.unwrap_err();
    assert!(error.to_string().contains("kept.json") && !format!("{error:?}").contains("hunter22"), "{error}");
    fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn a_program_that_fails_is_told_of_in_its_own_words() {
    if !in_allowed_process("executable::a_program_that_fails_is_told_of_in_its_own_words") {
        return;
    }
    let directory = directory("failing");
    let failed = json!({"version": 1, "success": false, "code": "401", "message": "log in first"});
    for (text, code, word) in [
        (format!("echo '{failed}'"), "401", "log in first"),
        ("exit 3".to_owned(), "exit", "exit code 3"),
        ("echo hunter22".to_owned(), "executable_answer", "no JSON object"),
        ("true".to_owned(), "empty", "empty"),
        ("head -c 100000 /dev/zero | tr '\\0' 'x'".to_owned(), "too_long", "64 KiB"),
    ] {
        let error = token(&ExecutableSource::new(&script(&directory, &text)).unwrap()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some(code)), "{text}: {error}");
        assert!(error.to_string().contains(word) && !format!("{error:?}").contains("hunter22"), "{error}");
        assert!(error.advice().is_some(), "{error}");
    }
    let error = token(&ExecutableSource::new("/no/such/program").unwrap()).await.unwrap_err();
    assert_eq!(error.code(), Some("missing"));
    fs::remove_dir_all(directory).unwrap();
}
