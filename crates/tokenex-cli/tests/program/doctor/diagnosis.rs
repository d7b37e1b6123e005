//! A report of `doctor`, and what tests demand of it.

use serde_json::Value;

use crate::program::End;

/// A report.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    pub(crate) report: Value,
    pub(crate) end: End,
}

impl Diagnosis {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.end.code(), Some(code), "{:#}", self.report);
        self
    }

    #[track_caller]
    pub(crate) fn credential(&self, name: &str) -> &Value {
        let all = self.report["credentials"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}: {:#}", self.report))
    }

    #[track_caller]
    pub(crate) fn step(&self, name: &str, step: &str) -> Finding<'_> {
        let steps = self.credential(name)["steps"].as_array().unwrap();
        Finding(steps.iter().find(|one| one["name"] == step).unwrap_or_else(|| panic!("no {step}: {steps:#?}")))
    }
}

/// One step of a report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finding<'a>(pub(crate) &'a Value);

impl Finding<'_> {
    #[track_caller]
    pub(crate) fn is(self, result: &str) -> Self {
        assert_eq!(self.0["result"], result, "{:#}", self.0);
        self
    }

    #[track_caller]
    pub(crate) fn means(self, part: &str) -> Self {
        assert!(self.0["meaning"].as_str().unwrap().contains(part), "nothing of {part:?}: {:#}", self.0);
        self
    }

    /// A value that was found.
    #[track_caller]
    pub(crate) fn found(self, name: &str, value: &str) -> Self {
        assert_eq!(self.0["found"][name], value, "{:#}", self.0);
        self
    }

    #[track_caller]
    pub(crate) fn expected(self, name: &str, value: &str) -> Self {
        assert_eq!(self.0["expected"][name], value, "{:#}", self.0);
        self
    }

    /// The target's own words.
    #[track_caller]
    pub(crate) fn said(self, code: &str, part: &str) -> Self {
        assert_eq!(self.0["said"]["code"].as_str().unwrap_or_default(), code, "{:#}", self.0);
        assert!(self.0["said"]["message"].as_str().unwrap_or_default().contains(part), "{:#}", self.0);
        self
    }

    /// One of the commands begins so and holds these parts.
    #[track_caller]
    pub(crate) fn fixed_by(self, start: &str, parts: &[&str]) -> Self {
        let commands: Vec<_> = self.0["fix"].as_array().unwrap().iter().map(|fix| fix.as_str().unwrap()).collect();
        let fits = |command: &&str| command.starts_with(start) && parts.iter().all(|part| command.contains(part));
        assert!(commands.iter().any(fits), "no {start:?} with {parts:?}: {commands:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn unfixable(self) -> Self {
        assert_eq!(self.0["fix"], serde_json::json!([]), "{:#}", self.0);
        self
    }
}
