//! Reading what a request asks for.

use super::answer::Reply;
use rust_decimal::Decimal;
use serde_json::Value;

/// The parameters after the question mark, or of a form.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// A parameter; an empty one counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let found = pairs.find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter that has to be there.
    pub(super) fn need(&self, name: &str) -> Result<&str, Reply> {
        let missing = || Reply::bad_request(&format!("{name} is missing"));
        self.get(name).ok_or_else(missing)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The items of a list with commas.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let items = self.get(name).unwrap_or_default().split(',');
        items
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .collect()
    }

    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// A number of a body, which may come as a number or as a text.
pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => crate::domain::money::decimal(&number.to_string()).ok(),
        Value::String(text) => crate::domain::money::decimal(text.trim()).ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number of a body, which may come as a number or as a text.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parameters_and_numbers_come_in_several_forms() {
        let query = Query::parse("conids=1,%202,&force=True&empty=");
        assert_eq!(query.list("conids"), ["1", "2"]);
        assert!(query.flag("force") && query.get("empty").is_none());
        assert!(query.need("other").is_err());
        assert_eq!(whole(&json!("17")), Some(17));
        assert_eq!(decimal(&json!(1.25)), Some(Decimal::new(125, 2)));
        assert_eq!(decimal(&json!([1])), None);
    }
}
