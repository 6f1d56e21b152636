//! Reading what a request asks for, and cutting lists into pages.

use super::answer::{Answer, ApiError, Reply};
use crate::domain::Timestamp;
use http::StatusCode;
use jiff::civil::Date;
use serde_json::{Value, json};

/// The parameters after the question mark.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// A parameter; an empty one counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.list(name).into_iter().next()
    }

    /// A parameter that may come several times, with brackets behind its name or without.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let is = |key: &str| key.strip_suffix("[]").unwrap_or(key) == name;
        let pairs = self
            .0
            .iter()
            .filter(|(key, value)| is(key) && !value.is_empty());
        pairs.map(|(_, value)| value.as_str()).collect()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    pub(super) fn date(&self, name: &str) -> Result<Option<Date>, ApiError> {
        self.get(name)
            .map(|value| value.get(..10).unwrap_or(value).parse())
            .transpose()
            .map_err(|_| ApiError::validation(name, "is not a date"))
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        self.get(name)
            .map(|value| Timestamp::parse(&value.replace(' ', "+")))
            .transpose()
            .map_err(|_| ApiError::validation(name, "is not a date and time"))
    }

    fn number(&self, name: &str, default: usize) -> Result<usize, ApiError> {
        let value = self.get(name).map(str::parse).transpose();
        let value = value.map_err(|_| ApiError::validation(name, "is not a number"))?;
        Ok(value.unwrap_or(default))
    }

    /// The page that is asked for of a list.
    pub(super) fn page(&self, all: &[Value], size: usize, largest: usize) -> Answer {
        let per_page = self.number("per-page", size)?;
        let offset = self.number("page-offset", 0)?;
        if !(1..=largest).contains(&per_page) {
            return Err(ApiError::validation("per-page", "is out of range"));
        }
        let first = offset.saturating_mul(per_page).min(all.len());
        let page = &all[first..all.len().min(first + per_page)];
        Ok(Reply {
            status: StatusCode::OK,
            body: json!({
                "data": {"items": page},
                "pagination": {
                    "per-page": per_page,
                    "page-offset": offset,
                    "item-offset": first,
                    "total-items": all.len(),
                    "total-pages": all.len().div_ceil(per_page),
                    "current-item-count": page.len(),
                    "previous-link": null,
                    "next-link": null,
                    "paging-link-template": null,
                },
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_into_pages() {
        let all: Vec<Value> = (0..7).map(Value::from).collect();
        let page = |text| Query::parse(text).page(&all, 3, 5).unwrap().body;
        let last = page("page-offset=2");
        assert_eq!(last["data"]["items"], json!([6]));
        assert_eq!(last["pagination"]["total-pages"], 3);
        assert_eq!(last["pagination"]["item-offset"], 6);
        assert_eq!(page("page-offset=9")["data"]["items"], json!([]));
        assert!(Query::parse("per-page=6").page(&all, 3, 5).is_err());
        let list = Query::parse("status[]=Live&status%5B%5D=Received&status=Filled");
        assert_eq!(list.list("status"), ["Live", "Received", "Filled"]);
    }
}
