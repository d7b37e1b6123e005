//! Rules of an identity propagation trust: whom a token may act as.
//!
//! Oracle's guides show `sub eq <value>`; the whole grammar is not published. The twin takes comparisons of a claim with a
//! text, with SCIM's operators `eq`, `sw` and `co` (RFC 7644 section 3.4.2.2), joined by `and`.

use serde_json::Value;

pub(super) struct Rule(Vec<Comparison>);

struct Comparison {
    claim: String,
    operator: Operator,
    value: String,
}

enum Operator {
    Equals,
    StartsWith,
    Contains,
}

impl Rule {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let comparisons = text.split(" and ").map(|text| {
            let mut parts = text.trim().splitn(3, ' ');
            let (claim, operator, value) = (parts.next()?, parts.next()?, parts.next()?.trim());
            let operator = match operator {
                "eq" => Operator::Equals,
                "sw" => Operator::StartsWith,
                "co" => Operator::Contains,
                _ => return None,
            };
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            let complete = !claim.is_empty() && !value.is_empty();
            complete.then(|| Comparison { claim: claim.to_owned(), operator, value: value.to_owned() })
        });
        comparisons.collect::<Option<_>>().map(Self)
    }

    pub(super) fn fits(&self, claims: &Value) -> bool {
        self.0.iter().all(|Comparison { claim, operator, value }| {
            claims[claim].as_str().is_some_and(|found| match operator {
                Operator::Equals => found == value,
                Operator::StartsWith => found.starts_with(value),
                Operator::Contains => found.contains(value),
            })
        })
    }
}
