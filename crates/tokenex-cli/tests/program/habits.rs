//! What holds for all commands.

use tokenex_testkit::canary::Canary;

use crate::program::tokenex;
use crate::world::{World, eventually};

#[tokio::test]
async fn global_options_stand_before_and_after_the_command() {
    let world = World::new().await;
    let file = world.folder.path("tokenex.toml");
    let file = file.to_str().unwrap();
    for arguments in [["-c", file, "get", "jwt"], ["get", "-c", file, "jwt"], ["get", "jwt", "--config", file]] {
        tokenex(arguments).run().await.expect(0).silent();
    }
    tokenex(["get", "jwt"]).env("TOKENEX_CONFIG", file).run().await.expect(0);
    for arguments in [["--log", "debug", "get", "jwt"], ["get", "jwt", "--log", "debug"]] {
        let end = tokenex(arguments).env("TOKENEX_CONFIG", file).run().await.expect(0);
        assert!(end.stderr.contains("DEBUG") && !end.stdout.contains("DEBUG"), "{end:?}");
    }
}

#[tokio::test]
async fn help_and_version_go_to_standard_output_and_mistakes_to_standard_error() {
    let end = tokenex(["--help"]).run().await.expect(0).silent();
    for command in ["get", "watch", "exec", "inspect", "check", "completions", "man"] {
        assert!(end.stdout.contains(command), "{command}");
        tokenex([command, "--help"]).run().await.expect(0).silent();
    }
    assert!(tokenex(["--version"]).run().await.expect(0).stdout.starts_with("tokenex "));
    let end = tokenex(["gett"]).run().await.expect(2).says("get");
    assert!(end.stdout.is_empty());
    tokenex::<&str>([]).run().await.expect(2);
}

#[tokio::test]
async fn colours_are_only_for_terminals() {
    for program in [tokenex(["gett"]), tokenex(["gett"]).env("NO_COLOR", "1")] {
        let end = program.run().await.expect(2);
        assert!(!end.stderr.contains('\u{1b}'), "{end:?}");
    }
}

#[tokio::test]
async fn shells_read_the_completions_and_man_reads_the_pages() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(tokenex(["completions", shell]).run().await.expect(0).stdout.contains("tokenex"), "{shell}");
    }
    let script = tokenex(["completions", "bash"]).run().await.stdout;
    let checked = std::process::Command::new("bash").args(["-n", "-c", &script]).status().unwrap();
    assert!(checked.success());
    let page = tokenex(["man"]).run().await.expect(0).stdout;
    assert!(page.contains(".TH tokenex 1") && page.contains("exec"));
    let page = tokenex(["man", "exec"]).run().await.expect(0).stdout;
    assert!(page.contains("on\\-refresh"));
    let title = format!(".TH tokenex-exec 1  \"tokenex {}\" \"User Commands\"", env!("CARGO_PKG_VERSION"));
    assert!(page.contains(&title), "{page}");
    tokenex(["man", "nothing"]).run().await.expect(2).says("nothing");
}

/// Every command, with everything traced: what is secret appears only where it was asked for.
#[tokio::test]
async fn nothing_that_is_said_holds_a_secret() {
    let world = World::new().await;
    let canary = Canary::new();
    for file in ["vault.jwt", "aws.jwt", "google.jwt"] {
        canary.watch(file, &std::fs::read_to_string(world.folder.path(file)).unwrap());
    }
    world.vault.kv2("secret").put("app", serde_json::json!({ "key": canary.secret("a stored secret") }));
    let mut lines = 0;
    for name in ["db", "kv", "deploy", "pool", "robot", "jwt"] {
        let end = world.tokenex(&["get", name, "--log", "trace"]).run().await.expect(0);
        let line = end.json();
        for (field, value) in line["credential"].as_object().unwrap() {
            if !["access_key_id", "token_type", "username"].contains(&field.as_str()) {
                canary.watch(&format!("{field} of {name}"), value.as_str().unwrap());
            }
        }
        lines += end.stderr.lines().count();
        canary.search(&format!("standard error of get {name}"), end.stderr);
    }
    assert!(lines > 100, "everything is traced: {lines} lines");

    let mut watch = world.tokenex(&["watch", "--format", "jsonl", "--log", "trace"]).start();
    let mut shown = String::new();
    for _ in 0..6 {
        shown += &watch.line_with("\"updated\"").await;
    }
    watch.signal("INT");
    let end = watch.end().await.expect(0);
    canary.search("standard output of watch", shown + &end.stdout);
    canary.search("standard error of watch", end.stderr);

    let arguments = ["exec", "--log", "trace", "--env", "KEY=kv.key", "--", "sleep", "60"];
    let exec = world.tokenex(&arguments).start();
    eventually("the command runs", || world.vault.exchanges().iter().any(|one| one.path.ends_with("data/app"))).await;
    exec.signal("TERM");
    canary.search("standard error of exec", exec.end().await.stderr);

    for file in ["vault.jwt", "aws.jwt", "google.jwt"] {
        let token = std::fs::read_to_string(world.folder.path(file)).unwrap();
        canary.search("inspect", tokenex(["inspect", "--log", "trace"]).input(token).run().await.expect(0).stdout);
    }
    world.vault.seal();
    canary.search("a failure", world.tokenex(&["get", "kv", "--log", "trace"]).run().await.expect(5).stderr);
    canary.assert_clean();
    // It would have found what is there on purpose.
    canary.search("standard output of get", world.tokenex(&["get", "jwt"]).run().await.expect(0).stdout);
    assert!(!canary.findings().leaks.is_empty());
}
