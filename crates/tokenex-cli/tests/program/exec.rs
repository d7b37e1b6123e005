//! `tokenex exec`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::program::Program;
use crate::terminal::Terminal;
use crate::world::{SECOND, World, eventually};

/// What the test's shell does when it is asked to end: nothing, until it is ended.
const WAIT: &str = "while :; do sleep 0.05; done";

impl World {
    /// A shell with this script as the command.
    fn exec(&self, options: &[&str], script: &str) -> Program {
        let arguments = [&["exec"], options, &["--", "sh", "-c", script]].concat();
        self.tokenex(&arguments)
    }
}

#[tokio::test]
async fn the_command_has_what_was_asked_for_and_everything_is_taken_back_at_its_end() {
    let world = World::new().await;
    let options = ["--env", "PGUSER=db.username", "--env", "PGPASSWORD=db.password"];
    let script =
        r#"printf '%s\n%s\n%s\n' "$PGUSER" "$PGPASSWORD" "$OTHER"; env | sort | cut -d= -f1 | tr '\n' ' '; read go"#;
    let mut run = world.exec(&options, script).env("OTHER", "inherited").input("").start();
    let (user, password) = (run.line().await.unwrap(), run.line().await.unwrap());
    assert!(user.starts_with("v-") || !user.is_empty());
    assert!(!password.is_empty());
    assert_eq!(run.line().await.as_deref(), Some("inherited"));
    let end = run.end().await;
    assert!(end.stdout.contains("OTHER PATH PGPASSWORD PGUSER PWD"), "{end:?}");
    assert!(!world.database.accepts(&user, &password));
    assert_eq!((world.users(), world.vault.logins().len()), (Vec::new(), 0));
    assert!(end.stderr.is_empty(), "{end:?}");
}

#[tokio::test]
async fn the_credential_works_while_the_command_runs() {
    let world = World::new().await;
    let options = ["--env", "U=db.username", "--env", "P=db.password"];
    let mut run = world.exec(&options, &format!(r#"echo "$U"; echo "$P"; {WAIT}"#)).start();
    let (user, password) = (run.line().await.unwrap(), run.line().await.unwrap());
    assert!(world.database.accepts(&user, &password));
    run.signal("TERM");
    assert_eq!(run.end().await.code(), Some(143));
    assert!(!world.database.accepts(&user, &password));
}

#[tokio::test]
async fn the_exit_code_is_that_of_the_command() {
    let world = World::new().await;
    let kv = ["--env", "KEY=kv.key"];
    for code in [0, 1, 42, 255] {
        world.exec(&kv, &format!("exit {code}")).run().await.expect(code).silent();
    }
    world.exec(&kv, "kill -s KILL $$").run().await.expect(128 + 9);
    world.exec(&kv, "kill -s USR1 $$").run().await.expect(128 + 10);
    let end = world.exec(&kv, "cat; echo to stderr >&2").input("through").run().await.expect(0);
    assert_eq!((end.stdout.trim_end(), end.stderr.trim_end()), ("through", "to stderr"));
}

#[tokio::test]
async fn a_command_that_cannot_be_started_is_another_exit_code_and_nothing_stays() {
    let world = World::new().await;
    let plain = world.folder.write("plain", "no program");
    for (program, why) in [("no-such-program", "no such program"), (plain.to_str().unwrap(), "may not be executed")] {
        let end = world.tokenex(&["exec", "--env", "P=db.password", "--", program]).run().await.expect(7);
        end.says(why).says(program);
    }
    assert_eq!((world.users(), world.vault.logins().len()), (Vec::new(), 0));
}

#[tokio::test]
async fn signals_reach_the_command() {
    let world = World::new().await;
    for name in ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "WINCH"] {
        let script = format!("trap 'echo got {name}; exit 3' {name}; echo ready; {WAIT}");
        let mut run = world.exec(&["--env", "KEY=kv.key"], &script).start();
        run.line_with("ready").await;
        run.signal(name);
        run.line_with(&format!("got {name}")).await;
        run.end().await.expect(3);
    }
}

#[tokio::test]
async fn a_command_that_ignores_to_be_ended_is_killed_after_the_grace() {
    let world = World::new().await;
    let script = format!("trap '' TERM; echo ready; {WAIT}");
    let mut run = world.exec(&["--env", "P=db.password", "--grace", "300ms"], &script).start();
    run.line_with("ready").await;
    run.signal("TERM");
    run.end().await.expect(128 + 9).says("SIGKILL");
    assert_eq!(world.users(), Vec::<String>::new());
}

#[tokio::test]
async fn a_signal_before_the_command_runs_ends_it_all() {
    let world = World::new().await;
    world.vault.seal();
    let run = world.exec(&["--env", "P=db.password"], "echo started").start();
    eventually("it asks", || !world.vault.exchanges().is_empty()).await;
    run.signal("TERM");
    let end = run.end().await.expect(143).says("SIGTERM");
    assert!(end.stdout.is_empty());
}

#[tokio::test]
async fn what_may_pass_by_itself_is_waited_for_and_that_is_said() {
    let world = World::new().await;
    let (file, token) =
        (world.folder.path("vault.jwt"), std::fs::read_to_string(world.folder.path("vault.jwt")).unwrap());
    std::fs::remove_file(&file).unwrap();
    let mut run = world.exec(&["--env", "KEY=kv.key"], "echo started").start();
    // Whoever puts it there may be late: kubelet, a CI runner.
    let waiting = run.error_line_with("the command waits for \"kv\"").await;
    assert!(waiting.contains("vault.jwt"), "{waiting}");
    std::fs::write(&file, token).unwrap();
    run.line_with("started").await;
    run.end().await.expect(0);
}

/// Keys of a terminal go to all programs in its foreground; what is forwarded would come twice.
#[tokio::test]
async fn in_a_terminal_the_command_talks_to_the_person_and_gets_ctrl_c_once() {
    let world = World::new().await;
    let file = world.folder.path("tokenex.toml");
    let script = r#"trap 'n=$((n+1))' INT; echo ready; until read line; do :; done; echo "count $n, $line, $KEY""#;
    let arguments = ["-c", file.to_str().unwrap(), "exec", "--env", "KEY=kv.level", "--", "sh", "-c", script];
    let path = std::env::var("PATH").unwrap();
    let mut terminal = Terminal::start(arguments, (24, 100), &[("PATH", &path)]);
    terminal.shows("ready").await;
    terminal.types("\x03").await;
    terminal.shows("^C").await;
    terminal.types("hello\n").await;
    terminal.shows("count 1, hello, 3").await;
    terminal.end().await.expect(0);
}

#[tokio::test]
async fn the_key_that_ends_the_command_does_not_cut_the_revocation_short() {
    let world = World::new().await;
    let file = world.folder.path("tokenex.toml");
    let path = std::env::var("PATH").unwrap();
    // The command's end and our own signal race each other.
    for _ in 0..5 {
        let arguments = ["-c", file.to_str().unwrap(), "exec", "--env", "P=db.password", "--", "sleep", "1000"];
        let mut terminal = Terminal::start(arguments, (24, 100), &[("PATH", &path)]);
        eventually("the command has its user", || world.users().len() == 1).await;
        eventually("the command runs", || sleeps(terminal.id())).await;
        terminal.types("\x03").await;
        let left = terminal.end().await.expect(130);
        assert_eq!(left.count("not waited for"), 0);
        assert_eq!((world.users(), world.vault.logins().len()), (Vec::new(), 0));
    }
}

/// Whether the command of this process has begun.
fn sleeps(parent: u32) -> bool {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let is_sleep = |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sleep\n");
    children.split_whitespace().any(is_sleep)
}

#[tokio::test]
async fn two_values_for_one_place_are_refused() {
    let world = World::new().await;
    let end = world.exec(&["--env", "P=db.username", "--env", "P=db.password"], "true").run().await.expect(2);
    end.says("--env names \"P\" twice");
    let end = world.exec(&["--file", "a=db.username", "--file", "a=db.password"], "true").run().await.expect(2);
    end.says("--file names \"a\" twice");
    assert!(world.vault.exchanges().is_empty());
}

#[tokio::test]
async fn a_refused_identity_ends_it_at_once() {
    let world = World::new().await;
    world.present("repo:acme/other");
    let end = world.exec(&["--env", "P=db.password"], "echo started").run().await.expect(4).says("repo:acme/other");
    assert!(end.stdout.is_empty());
}

#[tokio::test]
async fn files_are_private_replaced_whole_and_removed() {
    let world = World::new().await;
    world.database_role.ttl(2 * SECOND).max_ttl(2 * SECOND);
    let file = world.folder.path("password=1");
    let option = format!("{}=db.password", file.display());
    let mut run = world.exec(&["--file", &option], &format!("echo ready; {WAIT}")).start();
    run.line_with("ready").await;
    let mode = file.metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o600);
    let first = std::fs::read_to_string(&file).unwrap();
    assert!(!first.is_empty() && !first.ends_with('\n'));
    eventually("the file holds a new password", || std::fs::read_to_string(&file).is_ok_and(|now| now != first)).await;
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    run.signal("TERM");
    run.end().await.expect(143);
    let left: Vec<_> = world.folder.names().into_iter().filter(|name| name.contains("password")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_signal_tells_the_command_that_its_files_are_new() {
    let world = World::new().await;
    world.database_role.ttl(3 * SECOND).max_ttl(3 * SECOND);
    let file = world.folder.path("password");
    let option = format!("{}=db.password", file.display());
    let script = format!("trap 'echo again $(cat {0})' HUP; echo first $(cat {0}); {WAIT}", file.display());
    let mut run = world.exec(&["--file", &option, "--on-refresh", "signal:HUP"], &script).start();
    let first = run.line_with("first").await;
    let again = run.line_with("again").await;
    assert_ne!(first.trim_start_matches("first "), again.trim_start_matches("again "));
    run.signal("TERM");
    run.end().await.expect(143);
}

#[tokio::test]
async fn a_restart_keeps_the_old_credential_until_the_old_command_has_ended() {
    let world = World::new().await;
    world.database_role.ttl(9 * SECOND).max_ttl(9 * SECOND);
    let options = ["--env", "U=db.username", "--env", "P=db.password", "--on-refresh", "restart", "--grace", "2s"];
    let script = format!(r#"trap 'echo ending "$U" "$P"; sleep 0.5; exit 0' TERM; echo running "$U" "$P"; {WAIT}"#);
    let mut run = world.exec(&options, &script).start();
    let words = |line: &str| line.split(' ').skip(1).map(str::to_owned).collect::<Vec<_>>();
    let first = words(&run.line_with("running").await);
    let ending = words(&run.line_with("ending").await);
    assert_eq!(first, ending);
    assert!(world.database.accepts(&ending[0], &ending[1]), "the old user works while the old command ends");
    let second = words(&run.line_with("running").await);
    assert_ne!(first, second);
    assert!(world.database.accepts(&second[0], &second[1]));
    run.signal("TERM");
    run.line_with("ending").await;
    run.end().await.expect(0);
    assert_eq!(world.users(), Vec::<String>::new());
}

#[tokio::test]
async fn a_command_that_ignores_the_restart_is_killed_and_started_anew() {
    let world = World::new().await;
    world.database_role.ttl(4 * SECOND).max_ttl(4 * SECOND);
    let options = ["--env", "P=db.password", "--on-refresh", "restart", "--grace", "200ms"];
    let script = format!(r#"trap '' TERM; echo running "$P"; {WAIT}"#);
    let mut run = world.exec(&options, &script).start();
    let first = run.line_with("running").await;
    assert_ne!(run.line_with("running").await, first);
    run.signal("TERM");
    run.end().await.expect(137).says("SIGKILL");
}

#[tokio::test]
async fn an_ended_credential_in_an_environment_is_told() {
    let world = World::new().await;
    world.database_role.ttl(2 * SECOND).max_ttl(2 * SECOND);
    let waiting = world.folder.path("go");
    let script = format!("while ! [ -e {} ]; do sleep 0.05; done", waiting.display());
    let run = world.exec(&["--env", "PGPASSWORD=db.password"], &script).start();
    eventually("there was a second user", || world.database.users().len() > 2).await;
    std::fs::write(&waiting, "").unwrap();
    let end = run.end().await.expect(0).says("\"db\" has ended").says("PGPASSWORD").says("--on-refresh restart");
    assert_eq!(end.stderr.matches("has ended").count(), 1, "{end:?}");
}

#[tokio::test]
async fn the_identity_is_not_handed_on_unless_that_is_asked_for() {
    let world = World::new().await;
    let token = std::fs::read_to_string(world.folder.path("vault.jwt")).unwrap();
    let file = world.folder.path("tokenex.toml");
    let by_variable = std::fs::read_to_string(&file).unwrap();
    let by_variable =
        by_variable.replacen("source = \"file\"\npath = \"vault.jwt\"", "source = \"env\"\nvar = \"JOB_TOKEN\"", 1);
    std::fs::write(&file, by_variable).unwrap();
    let script = r#"echo "[$JOB_TOKEN]""#;
    let end = world.exec(&["--env", "KEY=kv.key"], script).env("JOB_TOKEN", &token).run().await.expect(0);
    assert_eq!(end.stdout, "[]\n");
    let options = ["--env", "KEY=kv.key", "--keep-env", "JOB_TOKEN"];
    let end = world.exec(&options, script).env("JOB_TOKEN", &token).run().await.expect(0);
    assert_eq!(end.stdout, format!("[{token}]\n"));
}

#[tokio::test]
async fn what_cannot_be_is_refused_before_anything_is_asked_for() {
    let world = World::new().await;
    let folder = world.folder.path("folder");
    std::fs::create_dir(&folder).unwrap();
    let link = world.folder.path("link");
    std::os::unix::fs::symlink("elsewhere", &link).unwrap();
    let refuse = async |options: &[&str], part: &str| {
        let end = world.exec(options, "echo started").run().await.expect(2).says(part);
        assert!(end.stdout.is_empty());
    };
    let file = |path: &Path| format!("{}=db.password", path.display());
    refuse(&[], "--env VAR=NAME.FIELD").await;
    refuse(&["--env", "P=db"], "NAME.FIELD").await;
    refuse(&["--env", "P=dp.password"], "it has: db").await;
    refuse(&["--env", "P=db.password", "--on-refresh", "signal:HUP"], "--file").await;
    refuse(&["--env", "P=db.password", "--on-refresh", "signal:KILL"], "USR1").await;
    refuse(&["--env", "P=db.password", "--grace", "10"], "90s").await;
    refuse(&["--file", &file(&folder)], "no plain file").await;
    refuse(&["--file", &file(&link)], "no plain file").await;
    refuse(&["--file", &file(&world.folder.path("no/where"))], "folder").await;
    assert!(world.vault.exchanges().is_empty());
    refuse(&["--env", "P=db.passwort"], "password").await;
    world.tokenex(&["exec", "--env", "P=db.password"]).run().await.expect(2).says("CMD");
}
