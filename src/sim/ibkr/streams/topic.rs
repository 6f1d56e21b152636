//! What a client says: `TOPIC+target+{json}`, the latter two where there are any.

use super::super::query::Query;
use serde_json::Value;

/// A client's word.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) target: String,
    pub(super) arguments: Value,
}

impl Topic {
    /// Never fails: what cannot be read counts as left out.
    pub(super) fn parse(text: &str) -> Self {
        let (words, arguments) = match text.find('{') {
            Some(start) => text.split_at(start),
            None => (text, ""),
        };
        let mut parts = words.split('+').map(str::trim);
        Self {
            name: parts.next().unwrap_or_default().to_owned(),
            target: parts.next().unwrap_or_default().to_owned(),
            arguments: serde_json::from_str(arguments).unwrap_or(Value::Null),
        }
    }

    /// Topic and target as answers name them: `smd+265598`.
    pub(super) fn whole(&self) -> String {
        match self.target.is_empty() {
            true => self.name.clone(),
            false => format!("{}+{}", self.name, self.target),
        }
    }

    /// A list of texts or numbers.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let items = self.arguments[name].as_array().cloned().unwrap_or_default();
        let text = |item: &Value| match item {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        items.iter().map(text).collect()
    }

    /// The arguments as a request would have them behind its question mark.
    pub(super) fn query(&self) -> Query {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.arguments.as_object().into_iter().flatten() {
            match value {
                Value::String(text) => pairs.append_pair(name, text),
                other => pairs.append_pair(name, &other.to_string()),
            };
        }
        Query::parse(&pairs.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_have_up_to_three_parts() {
        let topic = Topic::parse("smd+265598+{\"fields\":[\"31\",84]}");
        assert_eq!(
            (topic.name.as_str(), topic.target.as_str()),
            ("smd", "265598")
        );
        assert_eq!(topic.list("fields"), ["31", "84"]);
        assert_eq!(topic.whole(), "smd+265598");
        assert_eq!(Topic::parse("sor+{}").whole(), "sor");
        assert_eq!(Topic::parse("tic").name, "tic");
        let bars = Topic::parse("smh+1+{\"period\":\"1d\",\"outsideRth\":true}").query();
        assert_eq!(bars.get("period"), Some("1d"));
        assert!(bars.flag("outsideRth") && Topic::parse("smd+{").list("fields").is_empty());
    }
}
