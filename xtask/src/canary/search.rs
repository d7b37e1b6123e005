//! One search for all secrets at once.

use std::{
    collections::HashMap,
    io::{self, Read},
};

use aho_corasick::AhoCorasick;

use super::{
    forms,
    secrets::{MARKS, Secret, fingerprint},
};
use crate::Failure;

/// How many secrets one automaton looks for: it takes some kilobytes for each.
const AT_ONCE: usize = 10_000;

/// How much of what was read stays, so that nothing is missed between two reads, and a match can be seen where it stands.
const OVERLAP: usize = 64 * 1024;

const AT_A_TIME: usize = 8 * 1024 * 1024;

/// Looks for all secrets, for what is written by hand, and for what looks like a secret.
pub(super) struct Search<'s> {
    secrets: &'s [Secret],
    automata: Vec<Automaton>,
}

struct Automaton {
    finder: AhoCorasick,
    needles: Vec<Needle>,
}

#[derive(Clone, Copy)]
enum Needle {
    /// The number of the secret, and the form.
    Secret(usize, &'static str),
    Mark(usize),
    Look(usize),
}

/// Something that was found.
pub(super) struct Match {
    pub(super) what: What,
    /// Counted from 1.
    pub(super) line: usize,
    /// What stands between the zero bytes around it, cut: a record, where there are any.
    pub(super) record: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum What {
    Secret {
        label: String,
        fingerprint: String,
        form: &'static str,
    },
    /// Written by hand.
    Mark(&'static str),
    /// What it looks like, and its fingerprint.
    Look(&'static str, String),
}

impl<'s> Search<'s> {
    pub(super) fn new(secrets: &'s [Secret]) -> Result<Self, Failure> {
        let mut automata = Vec::new();
        for (batch, some) in secrets.chunks(AT_ONCE).enumerate() {
            let needles = some.iter().enumerate().flat_map(|(at, secret)| {
                let forms = forms::of(&secret.text).into_iter();
                forms.map(move |(form, needle)| (Needle::Secret(batch * AT_ONCE + at, form), needle))
            });
            automata.push(Automaton::new(needles)?);
        }
        let marks = MARKS.iter().enumerate().map(|(at, mark)| (Needle::Mark(at), mark.as_bytes().to_vec()));
        let looks = LOOKS.iter().enumerate().map(|(at, look)| (Needle::Look(at), look.begins.as_bytes().to_vec()));
        automata.push(Automaton::new(marks.chain(looks))?);
        Ok(Self { secrets, automata })
    }

    /// Reads to the end; returns how much that was.
    pub(super) fn read(&self, mut from: impl Read, mut found: impl FnMut(Match)) -> io::Result<u64> {
        let (mut text, mut old, mut lines, mut total) = (Vec::new(), 0, 0, 0);
        loop {
            let new = from.by_ref().take(AT_A_TIME as u64).read_to_end(&mut text)?;
            total += new as u64;
            let is_end = new < AT_A_TIME;
            // What begins near the end may go on: it is looked at with what follows.
            let until = if is_end { text.len() } else { text.len().saturating_sub(OVERLAP / 2) };
            for automaton in &self.automata {
                for hit in
                    automaton.finder.find_overlapping_iter(&text).filter(|hit| (old..until).contains(&hit.start()))
                {
                    if let Some(what) = self.what(automaton.needles[hit.pattern().as_usize()], &text[hit.start()..]) {
                        let line = 1 + lines + count_lines(&text[..hit.start()]);
                        found(Match { what, line, record: record(&text, hit.start()).to_vec() });
                    }
                }
            }
            if is_end {
                return Ok(total);
            }
            let keep_from = until.saturating_sub(OVERLAP / 2);
            lines += count_lines(&text[..keep_from]);
            text.drain(..keep_from);
            old = until - keep_from;
        }
    }

    fn what(&self, needle: Needle, text: &[u8]) -> Option<What> {
        match needle {
            Needle::Secret(at, form) => {
                let Secret { label, text } = &self.secrets[at];
                Some(What::Secret { label: label.clone(), fingerprint: fingerprint(text), form })
            }
            Needle::Mark(at) => Some(What::Mark(MARKS[at])),
            Needle::Look(at) => {
                let look = &LOOKS[at];
                (look.length)(text).map(|length| What::Look(look.name, fingerprint(&text[..length])))
            }
        }
    }
}

impl Automaton {
    fn new(needles: impl Iterator<Item = (Needle, Vec<u8>)>) -> Result<Self, Failure> {
        let mut by_text: HashMap<Vec<u8>, Needle> = HashMap::new();
        needles.for_each(|(needle, text)| _ = by_text.entry(text).or_insert(needle));
        let (texts, needles): (Vec<_>, Vec<_>) = by_text.into_iter().unzip();
        Ok(Self { finder: AhoCorasick::new(texts)?, needles })
    }
}

/// What looks like a secret, whoever made it.
struct Look {
    name: &'static str,
    begins: &'static str,
    /// How long it is, if the text begins with one.
    length: fn(&[u8]) -> Option<usize>,
}

const LOOKS: [Look; 4] = [
    Look { name: "a signed JWT", begins: "eyJ", length: jwt },
    Look { name: "a token of Vault", begins: "hvs.", length: vault_token },
    Look { name: "a token of Vault", begins: "hvb.", length: vault_token },
    Look { name: "a private key", begins: "PRIVATE KEY-----", length: private_key },
];

fn run(text: &[u8], of: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|&byte| !of(byte)).unwrap_or(text.len())
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Header, claims, and a signature that could be one.
fn jwt(text: &[u8]) -> Option<usize> {
    let header = run(text, is_base64url);
    let claims = text.get(header..).and_then(|rest| rest.strip_prefix(b".")).map(|rest| run(rest, is_base64url))?;
    let end = header + 1 + claims;
    let signature = text.get(end..).and_then(|rest| rest.strip_prefix(b".")).map(|rest| run(rest, is_base64url))?;
    (header > 10 && claims > 10 && signature >= 43).then_some(end + 1 + signature)
}

fn vault_token(text: &[u8]) -> Option<usize> {
    let random = run(&text[4..], is_base64url);
    (random >= 24).then_some(4 + random)
}

/// The line that follows the frame, whichever way the end of a line is written.
fn private_key(text: &[u8]) -> Option<usize> {
    let frame = "PRIVATE KEY-----".len();
    let gap = frame + run(&text[frame..], |byte| matches!(byte, b'\n' | b'\r' | b'\\' | b'n' | b'r' | b' '));
    let body = run(&text[gap..], |byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/');
    (body >= 40).then_some(gap + body)
}

fn count_lines(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte == b'\n').count()
}

fn record(text: &[u8], at: usize) -> &[u8] {
    let begin = text[..at].iter().rev().take(OVERLAP / 2).position(|&byte| byte == 0).map_or(at, |back| at - back);
    let end = text[at..].iter().take(256).position(|&byte| byte == 0).map_or(text.len().min(at + 256), |on| at + on);
    &text[begin..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(secrets: &[&str], text: &[u8]) -> Vec<(What, usize)> {
        let secrets: Vec<_> =
            secrets.iter().map(|text| Secret { label: "planted".to_owned(), text: text.as_bytes().to_vec() }).collect();
        let mut found = Vec::new();
        let read = Search::new(&secrets).unwrap().read(text, |hit| found.push((hit.what, hit.line))).unwrap();
        assert_eq!(read, text.len() as u64);
        found
    }

    const SECRET: &str = "0123456789-the-secret-0123456789";

    #[test]
    fn a_secret_is_found_wherever_two_reads_meet() {
        let mut text = vec![b'.'; 2 * AT_A_TIME + OVERLAP];
        for at in [
            AT_A_TIME - 1,
            AT_A_TIME - SECRET.len() / 2,
            AT_A_TIME - OVERLAP / 2 - 3,
            AT_A_TIME - OVERLAP / 2,
            AT_A_TIME - OVERLAP - 5,
        ] {
            text[at..at + SECRET.len()].copy_from_slice(SECRET.as_bytes());
            text[10] = b'\n';
            let found = search(&[SECRET], &text);
            assert!(
                matches!(found.as_slice(), [(What::Secret { form: "plain", .. }, 2)]),
                "{at}: {} times",
                found.len()
            );
            text[at..at + SECRET.len()].fill(b'.');
        }
    }

    #[test]
    fn what_looks_like_a_secret_is_found_and_what_only_begins_so_is_not() {
        let signature = "s".repeat(43);
        let looks = |text: &str| search(&[], text.as_bytes()).iter().any(|(what, _)| matches!(what, What::Look(..)));
        assert!(looks(&format!("token=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.{signature}&")));
        assert!(!looks("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"));
        assert!(
            !looks("eyJ")
                && !looks("eyJhbGciOiJFUzI1NiJ9.")
                && !looks("hvs.hunter")
                && !looks("-----BEGIN PRIVATE KEY-----\n")
        );
        assert!(looks(&format!("hvs.{signature}")) && looks(&format!("hvb.{signature}")));
        assert!(looks(&format!("-----BEGIN RSA PRIVATE KEY-----\\n{signature}")));
    }

    #[test]
    fn what_is_written_by_hand_is_found_by_its_mark() {
        let found = search(&[], b"a\nb user:hunter22@host");
        assert!(matches!(found.as_slice(), [(What::Mark("hunter2"), 2)]));
    }

    #[test]
    fn a_match_comes_with_the_record_around_it() {
        let secrets = [Secret { label: "planted".to_owned(), text: SECRET.as_bytes().to_vec() }];
        let text = format!("sh\tA=1\0curl\tTOKEN={SECRET}!\0sh\tB=2\0");
        let mut records = Vec::new();
        Search::new(&secrets).unwrap().read(text.as_bytes(), |hit| records.push(hit.record)).unwrap();
        assert_eq!(records, [format!("curl\tTOKEN={SECRET}!").into_bytes()]);
    }

    #[test]
    fn more_secrets_than_one_automaton_takes_are_all_found() {
        let many: Vec<_> = (0..AT_ONCE + 5).map(|at| format!("planted-secret-number-{at:08}")).collect();
        let texts: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(search(&texts, format!("{} {}", many[3], many[AT_ONCE + 3]).as_bytes()).len(), 2);
    }
}
