use tokenex_testkit::servers::{LoginError, Postgres};

#[tokio::test]
async fn postgres_lets_in_who_knows_the_password() {
    let postgres = Postgres::start().await.unwrap();
    let superuser = postgres.superuser();
    postgres.login(superuser, postgres.password()).await.unwrap();

    let refusal = postgres.login(superuser, "wrong").await.unwrap_err();

    assert!(matches!(&refusal, LoginError::Refused { code, .. } if code == "28P01"), "{refusal}");
}

#[tokio::test]
async fn postgres_keeps_data_and_port_across_a_stop() {
    let postgres = Postgres::start().await.unwrap();
    postgres.query("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('here')").await.unwrap();
    let open = postgres.session(postgres.superuser(), postgres.password()).await.unwrap();

    postgres.stop().await.unwrap();
    let while_stopped = postgres.query("SELECT 1").await.unwrap_err();
    postgres.start_again().await.unwrap();

    assert!(!while_stopped.is_refused(), "{while_stopped}");
    assert!(open.query("SELECT 1").await.is_err());
    assert_eq!(postgres.query("SELECT word FROM kept").await.unwrap(), [[Some("here".to_owned())]]);
}

#[tokio::test]
async fn the_password_is_in_no_argument_and_no_debug_output() {
    let postgres = Postgres::start().await.unwrap();
    let processes = std::process::Command::new("ps").args(["-A", "-o", "args"]).output().unwrap();
    let arguments = String::from_utf8_lossy(&processes.stdout);

    assert!(arguments.contains(&format!("-p {}", postgres.port())));
    assert!(!arguments.contains(postgres.password()));
    assert!(!format!("{postgres:?}").contains(postgres.password()));
}
