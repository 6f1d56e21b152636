//! Histories as they are asked for and read: a page of entries, and rows that could not be read beside them.

use super::fields::Unreadable;
use crate::domain::{Rejected, Span, Text};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;

/// Which part of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// What happened in this stretch.
    pub span: Span,
    /// Where the page before ended.
    pub cursor: Option<Text>,
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Rows that could be read.
    pub items: Vec<T>,
    /// Rows that could not be read.
    pub rejected: Vec<Rejected>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Text>,
}

/// Reads the rows of a history one by one; a row may say several things, and one that cannot be read is kept as it came.
pub fn entries<T>(
    rows: &[&RawValue],
    mut read: impl FnMut(&RawValue) -> Result<Vec<T>, Text>,
) -> (Vec<T>, Vec<Rejected>) {
    let (mut good, mut bad) = (Vec::with_capacity(rows.len()), Vec::new());
    for (index, row) in rows.iter().enumerate() {
        match read(row) {
            Ok(entries) => good.extend(entries),
            Err(why) => {
                let why = format!("row {}: {why}", index + 1).into();
                bad.push(Rejected::new(why, &without_secrets(row, DEEPEST)));
            }
        }
    }
    (good, bad)
}

/// Reads a row's JSON and translates it.
pub fn read_row<'a, R: Deserialize<'a>, T>(
    raw: &'a RawValue,
    translate: impl FnOnce(&R) -> Result<Vec<T>, Unreadable>,
) -> Result<Vec<T>, Text> {
    translate(&super::fields::row(raw)?).map_err(|why| why.to_string().into())
}

/// How deep rows are searched for secrets; what lies deeper is left out.
const DEEPEST: usize = 8;

/// What stands where something was left out.
const LEFT_OUT: &str = "\"[hidden]\"";

/// Parts of names whose values are no history: none is known in such rows, and none may rest on a disk unsealed.
const SECRET: [&str; 7] = [
    "token",
    "secret",
    "password",
    "passphrase",
    "authorization",
    "cookie",
    "apikey",
];

/// A value as it was written, but for the values of names that look secret.
fn without_secrets(raw: &RawValue, depth: usize) -> String {
    let text = raw.get();
    let is_nested = text.starts_with(['{', '[']);
    if is_nested && depth == 0 {
        return LEFT_OUT.into();
    }
    if let Ok(Members(members)) = serde_json::from_str(text) {
        let member = |(name, value): &(String, &RawValue)| {
            let value = match is_secret(name) {
                true => LEFT_OUT.into(),
                false => without_secrets(value, depth - 1),
            };
            format!("{}:{value}", serde_json::Value::from(name.as_str()))
        };
        let members: Vec<String> = members.iter().map(member).collect();
        return format!("{{{}}}", members.join(","));
    }
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(items) => {
            let items = items.iter().map(|item| without_secrets(item, depth - 1));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        Err(_) => text.to_owned(),
    }
}

fn is_secret(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = letters.map(|it| it.to_ascii_lowercase()).collect();
    SECRET.iter().any(|part| plain.contains(part))
}

/// The members of an object in their order, their values as they were written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        input.deserialize_map(InOrder).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        let nothing = |_: &RawValue| -> Result<Vec<()>, Text> { Err("no id".into()) };
        let (good, bad) = entries(&[raw], nothing);
        assert!(good.is_empty());
        assert_eq!(bad[0].why.as_str(), "row 1: no id");
        assert_eq!(bad[0].raw.as_str(), expected);
    }

    #[test]
    fn a_row_is_kept_as_it_came_but_for_secrets() {
        check(r#"{"b":1.10,"a":null}"#, r#"{"b":1.10,"a":null}"#);
        check(
            r#"{"access_token":"x","n":{"API-Key":{"k":1}},"l":[{"Secret":2},3]}"#,
            r#"{"access_token":"[hidden]","n":{"API-Key":"[hidden]"},"l":[{"Secret":"[hidden]"},3]}"#,
        );
        check("7", "7");
        check(r#""\u001b[2J""#, r#""\u001b[2J""#);
        let deep = format!("{}1{}", "[".repeat(9), "]".repeat(9));
        let cut = format!("{}\"[hidden]\"{}", "[".repeat(8), "]".repeat(8));
        check(&deep, &cut);
    }

    #[test]
    fn a_row_is_bounded() {
        let text = format!("\"{}\"", "x".repeat(9_000));
        let raw: &RawValue = serde_json::from_str(&text).unwrap();
        let nothing = |_: &RawValue| -> Result<Vec<()>, Text> { Err("no".into()) };
        let (_, bad) = entries(&[raw], nothing);
        assert_eq!(bad[0].raw.as_str().chars().count(), Rejected::LONGEST);
    }
}
