//! No server outlives the process that started it.

use std::{
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokenex_testkit::servers::{OpenBao, Postgres};

/// Set in the child process that is going to be killed.
const HOLD: &str = "TOKENEX_TEST_HOLD_SERVERS";
const ANNOUNCEMENT: &str = "held: ";

/// Also the program of the child process: there it stops in the middle and
/// waits to be killed.
#[tokio::test]
async fn servers_run_as_long_as_they_are_held() {
    let (postgres, bao) = tokio::join!(Postgres::start(), OpenBao::start());
    let (postgres, bao) = (postgres.unwrap(), bao.unwrap());
    let ports = [postgres.port(), bao.port()];
    let directories = [postgres.directory(), bao.directory()].map(ToOwned::to_owned);
    assert!(ports.map(is_listening).iter().all(|listening| *listening));
    if std::env::var_os(HOLD).is_some() {
        for (port, directory) in ports.iter().zip(&directories) {
            announce(&format!("{ANNOUNCEMENT}{port} {}", directory.display()));
        }
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }

    drop((postgres, bao));

    assert!(!ports.map(is_listening).iter().any(|listening| *listening));
    assert!(directories.iter().all(|directory| !directory.exists()));
}

#[test]
fn servers_end_when_their_holder_is_killed() {
    let mut holder = Holder::start();
    let held = holder.announced(2);
    for (port, directory) in &held {
        assert!(is_listening(*port));
        assert!(directory.exists());
    }

    holder.0.kill().unwrap(); // SIGKILL: nothing in the process can react

    let until = Instant::now() + Duration::from_secs(20);
    for (port, directory) in &held {
        while is_listening(*port) || directory.exists() {
            assert!(Instant::now() < until, "port {port} or {} is left", directory.display());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// This test program once more, as a process of its own.
struct Holder(Child);

impl Holder {
    fn start() -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "lifetime::servers_run_as_long_as_they_are_held", "--nocapture"])
            .env(HOLD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn announced(&mut self, servers: usize) -> Vec<(u16, PathBuf)> {
        let lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
        let held: Vec<_> = lines
            .map_while(Result::ok)
            .filter_map(|line| {
                // The test harness may have begun the line.
                let (_, held) = line.split_once(ANNOUNCEMENT)?;
                let (port, directory) = held.split_once(' ')?;
                Some((port.parse().ok()?, PathBuf::from(directory)))
            })
            .take(servers)
            .collect();
        assert_eq!(held.len(), servers, "the holder ended early");
        held
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn is_listening(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Speaks to the parent process, which reads standard output.
#[allow(clippy::print_stdout)]
fn announce(line: &str) {
    println!("{line}");
}
