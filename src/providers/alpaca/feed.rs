//! Which feed of stocks a connection uses.

use crate::domain::Text;
use url::Url;

/// A feed of stocks, by the path of its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Feed(String);

impl Feed {
    /// From the path's last segment: `iex`, `sip`, `delayed_sip` …
    pub(super) fn new(data_stream: &Url) -> Self {
        let mut segments = data_stream.path_segments().into_iter().flatten();
        Self(segments.next_back().unwrap_or_default().to_owned())
    }

    /// What people call it.
    pub(super) fn label(&self) -> Text {
        match self.0.as_str() {
            "delayed_sip" => "SIP 15m".into(),
            other => other.to_uppercase().into(),
        }
    }

    /// Its word for the newest data.
    pub(super) fn latest(&self) -> &str {
        match self.0.as_str() {
            known @ ("sip" | "delayed_sip" | "boats" | "overnight" | "otc") => known,
            _ => "iex",
        }
    }

    /// Its word for history: a free plan may not read the newest quarter of an hour of SIP, so only `sip` asks for it.
    pub(super) fn history(&self) -> &str {
        match self.0.as_str() {
            known @ ("sip" | "boats" | "otc") => known,
            _ => "iex",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_named_by_the_end_of_its_path() {
        for (path, label, latest, history) in [
            ("v2/iex", "IEX", "iex", "iex"),
            ("v2/sip", "SIP", "sip", "sip"),
            ("v2/delayed_sip", "SIP 15m", "delayed_sip", "iex"),
            ("v1beta1/boats", "BOATS", "boats", "boats"),
            ("v2/test", "TEST", "iex", "iex"),
            ("", "", "iex", "iex"),
        ] {
            let url = Url::parse(&format!("wss://stream.data.alpaca.markets/{path}"));
            let feed = Feed::new(&url.unwrap());
            assert_eq!(feed.label().as_str(), label);
            assert_eq!((feed.latest(), feed.history()), (latest, history), "{path}");
        }
    }
}
