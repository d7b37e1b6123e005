//! Changes inputs at random, from a seed that says all of it.
//!
//! It knows no coverage, and makes up for it with words that mean something to those who read: numbers at the edge of what fits,
//! members of JSON, marks of PEM and XML, and the secrets that must not be repeated.

use fastrand::Rng;

use crate::oracle::{ANSWERED, PASSWORD, SIGNATURE};

/// Longer inputs only repeat what shorter ones do.
const LENGTH_MAX: usize = 16 * 1024;

const WORDS: &[&str] = &[
    // Numbers.
    "0",
    "-1",
    "1",
    "4",
    "3600",
    "\"3600\"",
    "1.5",
    "1e308",
    "-1e308",
    "1e-9",
    "NaN",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "253402300799",
    "253402300800",
    "99999999999999999999999999",
    // Times.
    "1970-01-01T00:00:00Z",
    "2026-01-01T01:00:00Z",
    "9999-12-31T23:59:59Z",
    "+292277026596-12-04T15:30:07Z",
    "0000-00-00T00:00:00Z",
    "2026-01-01T01:00:00.999999999999+23:59",
    "Thu, 01 Jan 2026 00:00:30 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "1/1/2026 1:00:00 AM +00:00",
    // JSON.
    "null",
    "true",
    "false",
    "{}",
    "[]",
    "\"\"",
    "{\"",
    "\":",
    "[[[[[[[[",
    "\"a\":",
    ",",
    "\\u0000",
    "\\ud800",
    "\\u202e",
    "\\n",
    "\"expires_in\":",
    "\"expires_on\":",
    "\"error\":",
    "\"errors\":",
    "\"message\":",
    "\"token\":",
    "\"lease_duration\":",
    "\"error_description\":",
    "\"error_codes\":",
    "\"exp\":",
    "\"aud\":",
    "\"Expiration\":",
    "\"code\":",
    // HTTP.
    "200",
    "204",
    "301",
    "400",
    "401",
    "403",
    "404",
    "412",
    "429",
    "500",
    "503",
    "\n\n",
    "\n====\n",
    "\nretry-after: ",
    "\ndate: ",
    "\nlocation: https://other.test/",
    "\nwww-authenticate: Basic realm=",
    "\nx-amzn-requestid: ",
    "\ncontent-type: text/html",
    // XML, PEM, base64, paths.
    "<",
    "</",
    ">",
    "<Error><Code>",
    "</Code>",
    "<Message>",
    "<![CDATA[",
    "]]>",
    "&#0;",
    "&amp;",
    "<!DOCTYPE a [<!ENTITY b \"b\">]>",
    "-----BEGIN ",
    "-----END ",
    "PRIVATE KEY-----\n",
    "RSA PRIVATE KEY-----\n",
    "=",
    "==",
    "../",
    "%00",
    "%2e%2e/",
    "eyJ",
    ".",
    "..",
    // Characters.
    "\u{0}",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{feff}",
    "\r\n",
    "é",
    "\u{1F980}",
    "\u{2028}",
    // What must stay unsaid.
    SIGNATURE,
    PASSWORD,
    ANSWERED,
];

/// One change after another, none of which remembers the last.
pub struct Mutator(Rng);

impl Mutator {
    /// The same seed makes the same changes.
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// An input made of those in the corpus.
    pub fn next(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut data = self.one_of(corpus).cloned().unwrap_or_default();
        // Most often one change: what is read to its end gets further than what is broken in ten places.
        let changes = 1 + self.0.u32(0..8).saturating_sub(4);
        for _ in 0..changes {
            self.change(&mut data, corpus);
        }
        data.truncate(LENGTH_MAX);
        data
    }

    fn change(&mut self, data: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        match self.0.u32(0..10) {
            0 => self.flip(data),
            1 => self.delete(data),
            2 => self.repeat(data),
            3 => data.truncate(self.0.usize(0..=data.len())),
            4 => self.splice(data, corpus),
            5 | 6 => self.replace_value(data),
            7 => self.replace_number(data),
            _ => {
                let word = self.word();
                let at = self.0.usize(0..=data.len());
                data.splice(at..at, word);
            }
        }
    }

    fn flip(&mut self, data: &mut [u8]) {
        if !data.is_empty() {
            let at = self.0.usize(0..data.len());
            data[at] = if self.0.bool() { self.0.u8(..) } else { data[at] ^ (1 << self.0.u32(0..8)) };
        }
    }

    fn delete(&mut self, data: &mut Vec<u8>) {
        let range = self.range(data.len(), 32);
        data.drain(range);
    }

    fn repeat(&mut self, data: &mut Vec<u8>) {
        let range = self.range(data.len(), 64);
        let piece = data[range.clone()].to_vec();
        let times = if self.0.u32(0..8) == 0 { 200 } else { 1 };
        data.splice(range.start..range.start, piece.repeat(times));
    }

    /// The beginning of one input and the end of another.
    fn splice(&mut self, data: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let other = self.one_of(corpus).cloned().unwrap_or_default();
        data.truncate(self.0.usize(0..=data.len()));
        data.extend_from_slice(&other[self.0.usize(0..=other.len())..]);
    }

    /// What stands between two quotation marks, or between two tags, becomes a word.
    fn replace_value(&mut self, data: &mut Vec<u8>) {
        let marks: Vec<usize> = (0..data.len()).filter(|&at| matches!(data[at], b'"' | b'<' | b'>' | b'\n')).collect();
        if marks.len() > 1 {
            let first = self.0.usize(0..marks.len() - 1);
            let word = self.word();
            data.splice(marks[first] + 1..marks[first + 1], word);
        }
    }

    fn replace_number(&mut self, data: &mut Vec<u8>) {
        let begins: Vec<usize> = (0..data.len())
            .filter(|&at| data[at].is_ascii_digit() && (at == 0 || !data[at - 1].is_ascii_digit()))
            .collect();
        if let Some(&begin) = self.one_of(&begins) {
            let length = data[begin..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let word = self.word();
            data.splice(begin..begin + length, word);
        }
    }

    fn word(&mut self) -> Vec<u8> {
        WORDS[self.0.usize(0..WORDS.len())].as_bytes().to_vec()
    }

    fn range(&mut self, length: usize, longest: usize) -> std::ops::Range<usize> {
        let begin = self.0.usize(0..=length);
        begin..(begin + self.0.usize(0..=longest)).min(length)
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        if all.is_empty() { None } else { all.get(self.0.usize(0..all.len())) }
    }
}
