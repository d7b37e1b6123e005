//! Files that are none, that are hostile, or that come another way.

use std::fs::File;
use std::os::unix::fs::symlink;

use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::vault::VaultTwin;

use crate::program::{End, tokenex};
use crate::world::Folder;

const GOOD: &str = "version = 1\n[identity.job]\nsource = \"env\"\nvar = \"T\"\n[credential.t]\nprovider = \"passthrough\"\nidentity = \"job\"\n";

async fn check(folder: &Folder, bytes: &[u8]) -> End {
    std::fs::write(folder.path("tokenex.toml"), bytes).unwrap();
    tokenex(["check"]).folder(folder).run().await
}

#[tokio::test]
async fn each_command_refuses_a_file_that_is_not_there_in_the_same_words() {
    let folder = Folder::new();
    for command in
        [&["check"][..], &["get", "x"], &["watch", "--format", "jsonl"], &["exec", "--env", "A=x.y", "--", "true"]]
    {
        let end = tokenex(command).folder(&folder).run().await.expect(2);
        end.says("tokenex: there is no file tokenex.toml").says("name one with -c or TOKENEX_CONFIG");
        let named = ["-c", "no/such.toml"].iter().chain(command);
        tokenex(named).folder(&folder).run().await.expect(2).says("there is no file no/such.toml");
    }
}

#[tokio::test]
async fn what_is_no_readable_text_is_refused_with_what_it_is() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).to_str().unwrap().to_owned();
    tokenex(["check", "-c", &path(".")]).run().await.expect(2).says("is a folder").says("name a file");
    symlink("round", folder.path("round")).unwrap();
    tokenex(["check", "-c", &path("round")]).run().await.expect(2).says("cannot be read");
    symlink("gone", folder.path("dangling")).unwrap();
    tokenex(["check", "-c", &path("dangling")]).run().await.expect(2).says("there is no file");
    File::create(folder.path("huge.toml")).unwrap().set_len(100 * 1024 * 1024).unwrap();
    tokenex(["check", "-c", &path("huge.toml")]).run().await.expect(2).says("is longer than 1 MiB");
    check(&folder, b"version = 1\n[http]\n\xff\xfe\x00").await.expect(2).says("no text in UTF-8: see line 3");
    let program = std::fs::read(env!("CARGO_BIN_EXE_tokenex")).unwrap();
    check(&folder, &program[..4096]).await.expect(2).says("tokenex.toml");
    check(&folder, &[0; 1000]).await.expect(2).says("this is no TOML");
}

#[tokio::test]
async fn an_empty_file_lacks_its_version() {
    let folder = Folder::new();
    for text in ["", "\n\n", "# nothing\n", "\u{feff}"] {
        check(&folder, text.as_bytes()).await.expect(2).says("`version` is missing").says("has a problem");
    }
}

#[tokio::test]
async fn marks_and_line_ends_of_windows_do_no_harm() {
    let folder = Folder::new();
    let text = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    check(&folder, text.as_bytes()).await.expect(0).says("is in order");
    let end = check(&folder, text.replace("\"env\"", "\"evn\"").as_bytes()).await.expect(2);
    end.says("--> tokenex.toml:3:10");
}

#[tokio::test]
async fn a_file_can_come_through_a_pipe() {
    tokenex(["check", "-c", "/dev/stdin"]).input(GOOD).run().await.expect(0).says("/dev/stdin is in order");
}

#[tokio::test]
async fn deep_and_wide_files_end_in_words() {
    let folder = Folder::new();
    for text in [
        format!("x = {}", "[".repeat(100_000)),
        format!("x = {}", "{a=".repeat(50_000)),
        format!("{}x = 1", "a.".repeat(100_000)),
        "[a]\n".repeat(50_000),
        "\u{1b}[2J".repeat(10_000),
    ] {
        let end = check(&folder, text.as_bytes()).await.expect(2);
        assert!(!end.stderr.contains('\u{1b}') && !end.stderr.contains("panic"), "{:.300}", end.stderr);
    }
}

#[tokio::test]
async fn a_secret_in_the_file_is_not_repeated_by_any_command() {
    let folder = Folder::new();
    folder.write(
        "tokenex.toml",
        &format!("{GOOD}[credential.a]\nprovider = \"azure\"\ntenant_id = \"t\"\nclient_id = \"c\"\nscope = \"s\"\nclient_secret = \"hunter22\"\n"),
    );
    for command in [&["check"][..], &["get", "t"], &["--log", "trace", "watch"]] {
        let end = tokenex(command).folder(&folder).run().await.expect(2);
        assert!(!end.stderr.contains("hunter22") && !end.stdout.contains("hunter22"), "{end:?}");
        end.says("client_secret = ...").says("this file is no place for one");
    }
}

#[tokio::test]
async fn a_variable_that_is_missing_is_named_with_its_line() {
    let folder = Folder::new();
    let text = GOOD.replace("\"T\"", "\"${WHICH}\"");
    check(&folder, text.as_bytes()).await.expect(2).says("names the variable WHICH").says("tokenex.toml:4:7");
    let program = tokenex(["check"]).folder(&folder).env("WHICH", "T");
    program.run().await.expect(0).says("is in order");
}

#[tokio::test]
async fn relative_paths_begin_at_the_files_folder() {
    let folder = Folder::new();
    let text = GOOD.replace("source = \"env\"\nvar = \"T\"", "source = \"file\"\npath = \"token\"");
    let file = folder.write("tokenex.toml", &text);
    let end = tokenex(["-c", file.to_str().unwrap(), "get", "t"]).run().await.expect(3);
    end.says(folder.path("token").to_str().unwrap());
}

#[tokio::test]
async fn only_the_certificates_of_the_file_are_trusted() {
    let (folder, certificates, vault) = (Folder::new(), Certificates::for_loopback(), VaultTwin::new());
    vault.jwt_auth("jwt", "https://issuer.test");
    let server = vault.serve_tls(&certificates).await.unwrap();
    let (url, pem) = (server.url(), folder.write("ca.pem", certificates.ca_pem()));
    let file = |http: &str| {
        folder.write(
            "tokenex.toml",
            &format!(
                "version = 1\n[identity.job]\nsource = \"env\"\nvar = \"T\"\n[credential.db]\nprovider = \"vault\"\nidentity = \"job\"\naddress = \"{url}\"\nrole = \"app\"\npath = \"database/creds/app\"\n{http}"
            ),
        );
        let token = IssuerKeys::new("https://issuer.test").token().subject("s").audience("vault").sign();
        tokenex(["get", "db"]).folder(&folder).env("T", token).run()
    };
    // The server knows no such role, and whoever hears that has trusted it.
    file("[http]\nca_file = \"ca.pem\"\n").await.expect(4).says("no such role");
    file("").await.expect(5).says("certificate");
    std::fs::write(pem, "nothing").unwrap();
    file("[http]\nca_file = \"ca.pem\"\n").await.expect(2).says("[http]");
}
