//! Each thing that can be wrong, and the words for it.

use std::os::unix::fs::PermissionsExt as _;

use super::{Folder, SAMPLE, file, is_sound, read, told};
use crate::config::{Place, parse, report};

/// A credential `it` of Entra with these lines more.
fn azure(more: &str) -> String {
    file(&format!("[credential.it]\nprovider = \"azure\"\ntenant_id = \"t\"\nclient_id = \"c\"\nscope = \"s\"\n{more}"))
}

/// A credential `it` of Vault with these lines more.
fn vault(more: &str) -> String {
    file(&format!("[credential.it]\nprovider = \"vault\"\nidentity = \"job\"\nrole = \"app\"\n{more}"))
}

fn aws(more: &str) -> String {
    file(&format!(
        "[credential.it]\nprovider = \"aws\"\nidentity = \"job\"\nrole_arn = \"r\"\nregion = \"eu-central-1\"\n{more}"
    ))
}

fn gcp(more: &str) -> String {
    file(&format!("[credential.it]\nprovider = \"gcp\"\n{more}"))
}

/// Files with one problem: the words that must be there, and the line that is shown.
#[test]
fn each_problem_is_named_with_its_line_and_with_what_to_do() {
    let command = |more: &str| format!("version = 1\n[identity.job]\nsource = \"command\"\n{more}");
    for (text, parts) in [
        // The file as a whole.
        ("".to_owned(), &["`version` is missing", "write `version = 1`"][..]),
        ("version = 2".to_owned(), &["version 1 alone", "1 | version = 2"]),
        ("version = \"1\"".to_owned(), &["version 1 alone"]),
        ("version = 1\nidentitys = 1".to_owned(), &["a file has no \"identitys\"", "did you mean `identity`?"]),
        ("version = 1\nzzz = 1".to_owned(), &["a file has no \"zzz\"", "there are `version`, `identity`"]),
        ("version = 1\nidentity = 1".to_owned(), &["`identity` is no table: write [identity.NAME]"]),
        ("version = 1\n[identity]\nx = 1".to_owned(), &["`identity.x` is no table", "the keys stand below"]),
        ("version = 1\nhttp = 1".to_owned(), &["`http` is no table: write [http]"]),
        ("version = 1\n[[credential]]\nx = 1".to_owned(), &["`credential` is no table"]),
        ("version = 1\n[identity.\"a b\"]\nsource = \"env\"\nvar = \"X\"".to_owned(), &["\"a b\" is no name"]),
        // Syntax.
        ("version = 1\n[credential.x\n".to_owned(), &["this is no TOML", "2 | [credential.x"]),
        ("version = 1\nversion = 1".to_owned(), &["this is no TOML", "duplicate key", "2 | version = 1"]),
        ("version = 1\n[http]\n[http]\n".to_owned(), &["this is no TOML", "duplicate", "3 | [http]"]),
        ("version =\n".to_owned(), &["this is no TOML", "1 | version ="]),
        // Words.
        (
            "version = 1\n[identity.a]\n".to_owned(),
            &["`source` is missing", "one of `file`, `env`", "2 | [identity.a]"],
        ),
        (
            "version = 1\n[identity.a]\nsorce = \"file\"".to_owned(),
            &["there is no key \"sorce\"", "did you mean `source`?", "3 | sorce"],
        ),
        (file("[credential.a]\nprofider = \"gcp\""), &["there is no key \"profider\"", "did you mean `provider`?"]),
        ("version = 1\n[identity.a]\nsource = \"fil\"".to_owned(), &["no such `source`", "did you mean `file`?"]),
        ("version = 1\n[identity.a]\nsource = 7".to_owned(), &["no such `source`", "one of `file`"]),
        (file("[credential.a]\nprovider = \"gpc\""), &["no such `provider`", "did you mean `gcp`?"]),
        // Keys.
        (azure("identity = \"job\"\nauthority = \"x\""), &["\"azure\" has no key \"authority\"", "`authority_host`?"]),
        (azure("identity = \"job\"\nzzz = 1"), &["has no key \"zzz\"", "it has: tenant_id, client_id"]),
        ("version = 1\n[identity.a]\nsource = \"github-actions\"\nvar = 1".to_owned(), &["has no key \"var\""]),
        ("version = 1\n[http]\ntimout = \"1s\"".to_owned(), &["[http] has no key \"timout\"", "`timeout`?"]),
        ("version = 1\n[policy]\nbackof_max = \"1s\"".to_owned(), &["[policy] has no key", "`backoff_max`?"]),
        (file("[credential.a]\nprovider = \"aws\"\nidentity = \"job\""), &["`role_arn`, `region` are missing"]),
        (azure(""), &["one of `identity`, `from`, `client_secret` is missing", "[credential.it]"]),
        (azure("identity = \"job\"\nclient_secret = { env = \"X\" }"), &["exclude each other", "give one of them"]),
        // Types.
        (azure("identity = 5"), &["`identity` is a whole number, and must be a text in quotes"]),
        (aws("policy_arns = \"x\""), &["`policy_arns` is a text, and must be a list of texts"]),
        (aws("policy_arns = [1]"), &["`policy_arns` is a whole number, and must be a text in quotes"]),
        (aws("fips = \"yes\""), &["`fips` is a text, and must be true or false"]),
        (aws("duration = 3600"), &["`duration` is a whole number", "\"90s\", \"15m\", \"1h\""]),
        (aws("duration = \"soon\""), &["`duration` is no duration"]),
        (aws("duration = \"60\""), &["`duration` has no unit"]),
        (aws("duration = \"0s\""), &["`duration` is no time at all"]),
        (aws("duration = \"99999999999999999999h\""), &["`duration` is longer than a year"]),
        (aws("session_name = \" \""), &["`session_name` is empty"]),
        (aws("session_name = \"a\\u0000b\""), &["`session_name` holds a control character"]),
        ("version = 1\n[policy]\njitter = 2".to_owned(), &["`jitter` goes from 0 to 1"]),
        ("version = 1\n[policy]\njitter = nan".to_owned(), &["`jitter` goes from 0 to 1"]),
        ("version = 1\n[policy]\njitter = true".to_owned(), &["`jitter` is a truth value, and must be a number"]),
        ("version = 1\n[policy]\nattempts_per_lifetime = 0".to_owned(), &["`attempts_per_lifetime` goes from 1"]),
        ("version = 1\n[policy]\nattempts_per_lifetime = 1.5".to_owned(), &["and must be a whole number"]),
        (vault("address = \"https://x\"\npath = \"x\"\nparameters = 1"), &["`parameters` is a whole number"]),
        (vault("address = \"https://x\"\npath = \"x\"\nparameters = { a = 1979-05-27 }"), &["holds a date"]),
        (vault("address = \"https://x\"\npath = \"x\"\nparameters = { a = inf }"), &["must be a finite number"]),
        // Variables.
        (
            azure("identity = \"job\"\naudience = \"${NOPE}\""),
            &["names the variable NOPE, which is not set", "set NOPE"],
        ),
        (azure("identity = \"job\"\naudience = \"${\""), &["holds a `${` that begins no variable"]),
        // Addresses.
        (
            vault("path = \"x\"\naddress = \"vault.example\""),
            &["`address` is no http or https address", "https://host:port"],
        ),
        (
            vault("path = \"x\"\naddress = \"http://vault.example\""),
            &["would travel unencrypted", "dangerous_allow_http = true"],
        ),
        (
            aws("endpoint_url = \"http://sts.example\""),
            &["would travel unencrypted", "no way to allow plain http here"],
        ),
        (aws("probe = \"http://sts.example\""), &["`probe` is plain http to another machine"]),
        (
            vault("path = \"x\"\naddress = \"https://v\"\nprobe = \"http://v\"\ndangerous_allow_http = true"),
            &["`probe` is plain http to another machine", "no way to allow"],
        ),
        // Paths of Vault.
        (vault("address = \"https://x\"\npath = \"v1/a\""), &["`path` begins with v1/"]),
        (vault("address = \"https://x\"\npath = \"a/../b\""), &["`path` is not the path of a secret"]),
        (vault("address = \"https://x\"\npath = \"a\"\nengine = \"kv1\""), &["`path` lacks the mount"]),
        (vault("address = \"https://x\"\npath = \"a/b\"\nengine = \"kv3\""), &["`engine` is none of", "did you mean"]),
        // Google.
        (gcp("identity = \"job\""), &["`audience` is missing", "//iam.googleapis.com/projects/NUMBER"]),
        (
            gcp("identity = \"job\"\naudience = \"a\"\nlifetime = \"1h\""),
            &["`lifetime` has no meaning here", "`service_account`"],
        ),
        (
            gcp("service_account_key = { env = \"X\" }\naudience = \"a\""),
            &["`audience` has no meaning here", "a key needs none"],
        ),
        // Commands.
        (command("argv = []"), &["`argv` names no program"]),
        (command("argv = \"gcloud\""), &["`argv` is a text, and must be a list: the program"]),
        (command("argv = [\"x\"]\nformat = \"json\""), &["`format` is none of `text`, `google-executable`"]),
        // Files that are needed at once.
        ("version = 1\n[http]\nca_file = \"none.pem\"".to_owned(), &["`ca_file` cannot be read: /nowhere/none.pem"]),
        ("version = 1\n[http]\nproxy = \"x\"".to_owned(), &["`proxy` is no address", "or \"none\""]),
    ] {
        let report = told(&text);
        for part in parts {
            assert!(report.contains(part), "{part:?} is not said of\n{text}\nbut\n{report}");
        }
        assert_eq!(report.matches("error: ").count(), 1, "{text}\n{report}");
        assert!(!is_sound(&text), "{text}");
    }
}

#[test]
fn all_problems_are_told_at_once_in_the_files_order() {
    let report = told(
        "version = 3\n[policy]\njitter = 7\n[identity.a]\nsource = \"env\"\n[credential.b]\nprovider = \"vault\"\nidentity = \"nobody\"\n",
    );
    let places: Vec<_> = report.lines().filter_map(|line| line.trim().strip_prefix("--> tokenex.toml:")).collect();
    assert_eq!(places, ["1:11", "3:10", "4:11", "6:13", "8:1"], "{report}");
    assert_eq!(report.matches("error: ").count(), 5);
}

#[test]
fn a_report_shows_the_line_and_marks_the_place() {
    assert_eq!(
        told("version = 1\n[http]\ntimeout = \"fast\"\n"),
        "error: `timeout` is no duration; write a whole number and a unit: 90s, 15m, 1h
 --> tokenex.toml:3:11
  |
3 | timeout = \"fast\"
  |           ^^^^^^"
    );
}

#[test]
fn a_secret_in_the_file_is_refused_with_the_reason_and_never_shown() {
    for (text, reason) in [
        (azure("client_secret = \"hunter22\""), "holds a secret, and this file is no place for one"),
        (azure("client_secret = '''\nhunter22\n'''"), "holds a secret"),
        (azure("client_secret = \"hunter22"), "this is no TOML"),
        (azure("client_secret = hunter22"), "this is no TOML"),
        (azure("client_secret = [\"hunter22\"]"), "does not say where a secret is"),
        (azure("client_secret = { value = \"hunter22\" }"), "knows no place \"value\""),
        (azure("client_secret = { env = \"hunter22-\" }"), "names no variable"),
        (azure("client_secret = { env = \"X\", file = \"hunter22\" }"), "says not in one way"),
        (azure("client_secret = { credential = \"hunter22\" }"), "does not name a field"),
        (azure("client_secert = \"hunter22\""), "has no key \"client_secert\""),
        (azure("secret = { hunter22 = 1 }"), "has no key \"secret\""),
        (azure("identity = \"job\"\nauthority_host = \"https://u:hunter22@login.example\""), "names a user"),
        ("version = 1\n[http]\nproxy = \"http://u:hunter22@proxy\"".to_owned(), "no place for a password"),
        ("version = 1\n[http]\nclient_key = \"-----BEGIN PRIVATE KEY-----hunter22\"".to_owned(), "holds a key"),
        (
            "version = 1\n[identity.a]\nsource = \"url\"\nurl = \"https://x\"\nheaders = { a = \"hunter22\" }".to_owned(),
            "holds a secret",
        ),
        (
            "version = 1\n[identity.a]\nsource = \"url\"\nurl = \"https://x\"\n[identity.a.headers]\na = \"hunter22\"".to_owned(),
            "holds a secret",
        ),
        (
            "version = 1\n[identity.a]\nsource = \"url\"\nurl = \"https://x\"\nheaders.authorization = \"Bearer hunter22\"".to_owned(),
            "holds a secret",
        ),
    ] {
        let report = told(&text);
        assert!(report.contains(reason), "{text}\n{report}");
        assert!(!report.contains("hunter22"), "{text}\n{report}");
    }
}

#[test]
fn what_a_variable_holds_is_not_shown_either() {
    let text = vault("path = \"x\"\naddress = \"http://${HOST}\"");
    let report = told(&text);
    assert!(report.contains("${HOST}") && !report.contains("vault.example"), "{report}");
}

#[test]
fn names_that_are_not_there_or_do_not_fit_are_explained() {
    for (rest, parts) in [
        (
            "[credential.a]\nprovider = \"passthrough\"\nidentity = \"jbo\"",
            &["\"jbo\", which is not there", "did you mean `job`?"][..],
        ),
        (
            "[credential.a]\nprovider = \"passthrough\"\nfrom = \"job\"",
            &["the credential \"job\", which is not there", "write `identity`"],
        ),
        (
            "[credential.a]\nprovider = \"passthrough\"\nidentity = \"a\"",
            &["the identity \"a\", which is not there", "write `from`"],
        ),
        ("[credential.a]\nprovider = \"passthrough\"\nfrom = \"zzz\"", &["there are a"]),
        (
            "[identity.c]\nsource = \"credential\"\nfrom = \"x\"",
            &["the credential \"x\", which is not there", "add [credential.x]"],
        ),
    ] {
        let report = told(&file(rest));
        for part in parts {
            assert!(report.contains(part), "{rest}\n{report}");
        }
    }
    let kv = "[credential.kv]\nprovider = \"vault\"\nidentity = \"job\"\naddress = \"https://v\"\nrole = \"r\"\npath = \"secret/data/x\"\n";
    let keys = "[credential.keys]\nprovider = \"aws\"\nidentity = \"job\"\nrole_arn = \"r\"\nregion = \"e\"\n";
    for (rest, parts) in [
        (
            format!("{kv}[credential.a]\nprovider = \"passthrough\"\nfrom = \"kv\""),
            &["\"kv\", which is of vault", "no identity token"][..],
        ),
        (
            format!("{kv}[identity.a]\nsource = \"credential\"\nfrom = \"kv\""),
            &["\"kv\", which is of vault", "no identity token"],
        ),
        (
            format!("{keys}[credential.a]\nprovider = \"passthrough\"\nfrom = \"keys\""),
            &["of aws", "source = \"aws-outbound\""],
        ),
        (
            "[credential.t]\nprovider = \"passthrough\"\nidentity = \"job\"\n[credential.a]\nprovider = \"aws-assume-role\"\nfrom = \"t\"\nrole_arn = \"r\"\nregion = \"e\"".to_owned(),
            &["of passthrough", "no key of AWS"],
        ),
        (
            "[credential.t]\nprovider = \"gcp\"\nidentity = \"job\"\naudience = \"a\"\n[credential.a]\nprovider = \"gcp\"\nfrom = \"t\"".to_owned(),
            &["`service_account` is missing", "a token of Google already"],
        ),
    ] {
        let report = told(&file(&rest));
        for part in parts {
            assert!(report.contains(part), "{rest}\n{report}");
        }
        assert_eq!(report.matches("error: ").count(), 1, "{report}");
    }
}

#[test]
fn a_name_whose_table_is_broken_is_not_missing_as_well() {
    let report =
        told(&file("[credential.a]\nprovider = \"nope\"\n[credential.b]\nprovider = \"passthrough\"\nfrom = \"a\""));
    assert_eq!(report.matches("error: ").count(), 1, "{report}");
}

#[test]
fn a_circle_is_told_once_with_its_way_round() {
    let own = "[credential.a]\nprovider = \"passthrough\"\nfrom = \"a\"";
    assert!(told(&file(own)).contains("made from itself: credential.a -> credential.a"));
    let long = "[identity.i]\nsource = \"aws-outbound\"\nfrom = \"b\"\nregion = \"e\"
[credential.b]\nprovider = \"aws-assume-role\"\nfrom = \"v\"\nrole_arn = \"r\"\nregion = \"e\"
[credential.v]\nprovider = \"vault\"\nidentity = \"i\"\naddress = \"https://v\"\nrole = \"r\"\npath = \"aws/creds/x\"";
    let report = told(&file(long));
    assert!(report.contains("identity.i -> credential.b -> credential.v -> identity.i"), "{report}");
    assert_eq!(report.matches("error: ").count(), 1, "{report}");
    let by_secret = azure("client_secret = { credential = \"it.access_token\" }");
    assert!(told(&by_secret).contains("credential.it -> credential.it"));
}

#[test]
fn a_long_chain_is_no_circle_and_no_burden() {
    let mut text = file("[credential.c0]\nprovider = \"passthrough\"\nidentity = \"job\"\n");
    for number in 1..3000 {
        text.push_str(&format!("[credential.c{number}]\nprovider = \"passthrough\"\nfrom = \"c{}\"\n", number - 1));
    }
    assert!(is_sound(&text));
}

#[test]
fn after_an_error_in_the_syntax_only_what_stands_before_it_is_judged() {
    let report = told("version = 1\n[http]\ntimeout = 5\n[credential.a]\nprovider = \n[credential.b]\nx = 1\n");
    assert!(report.contains("`timeout` is a whole number") && report.contains("5 | provider = "), "{report}");
    assert!(!report.contains("missing") && !report.contains("credential.b"), "{report}");
    // What the broken line was to say is not missing as well.
    let report = told("version = 1\n[identity.a]\nsource = \"env\"\nva r = \"x\"\n");
    assert!(report.contains("4 | ...") && !report.contains("missing"), "{report}");
}

#[test]
fn files_that_others_may_write_to_are_refused_where_they_are_trusted() {
    let folder = Folder::new("permissions");
    let path = |name: &str, mode: u32| {
        let path = folder.0.join(name);
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    path("open.secret", 0o666);
    path("closed.secret", 0o640);
    path("open.sh", 0o775);
    path("closed.sh", 0o755);
    let told = |text: &str| {
        let text = crate::config::SourceText::new("tokenex.toml", text);
        let parsed = parse(&text, &Place { folder: &folder.0, variable: &|_| None });
        report(&parsed.problems, &text, false)
    };
    let report = told(&azure("client_secret = { file = \"open.secret\" }"));
    assert!(
        report.contains("others may write to") && report.contains("(mode 666)") && report.contains("chmod go-w"),
        "{report}"
    );
    assert!(!told(&azure("client_secret = { file = \"closed.secret\" }")).contains("error"));
    let command =
        |name: &str| format!("version = 1\n[identity.a]\nsource = \"command\"\nargv = [\"./{name}\", \"\"]\n");
    assert!(told(&command("open.sh")).contains("`argv`: others may write to"));
    assert!(!told(&command("closed.sh")).contains("error"));
}

#[test]
fn the_sample_has_no_problems() {
    let (text, parsed) = read(SAMPLE);
    assert!(parsed.problems.is_empty(), "{}", report(&parsed.problems, &text, false));
}

#[test]
fn line_ends_of_windows_are_line_ends() {
    assert!(is_sound(&SAMPLE.replace('\n', "\r\n")));
    let report = told("version = 1\r\n[http]\r\ntimeout = 5\r\n");
    assert!(report.contains("tokenex.toml:3:11") && !report.contains('\r'), "{report}");
}

#[test]
fn very_many_problems_are_cut_short() {
    let text: String = (0..500).map(|number| format!("k{number} = 1\n")).collect();
    let report = told(&text);
    assert!(report.ends_with("... and 401 more"), "{}", &report[report.len() - 100..]);
}
