//! What may be written in a configuration: every key, what it takes and within which bounds.

use jiff::tz::TimeZone;
use std::ops::RangeInclusive;
use toml::de::DeValue;
use url::{Host, Url};

/// What a key takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text that is not empty.
    Name,
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds.
    Whole(RangeInclusive<u32>),
    /// A list of texts, at most so many.
    Texts(usize),
    /// An IANA time zone, or nothing for the machine's own.
    Zone,
    /// A provider's setting; where it is an address, an encrypted one or one on this machine.
    Address,
}

/// Every key. `*` stands for any name, `[]` for each table of a list.
pub const KEYS: &[(&str, Kind)] = &[
    ("ui.theme", Kind::Name),
    ("ui.frames_per_second", Kind::Whole(1..=60)),
    ("ui.max_kbps", Kind::Whole(0..=1_000_000)),
    ("ui.clipboard", Kind::Flag),
    ("ui.mouse", Kind::Flag),
    ("ui.old_after_seconds", Kind::Whole(1..=3_600)),
    ("ui.stale_after_seconds", Kind::Whole(1..=86_400)),
    ("ui.time_zone", Kind::Zone),
    ("ui.swap_up_down", Kind::Flag),
    ("refresh.accounts_seconds", Kind::Whole(5..=86_400)),
    ("refresh.history_minutes", Kind::Whole(0..=10_080)),
    ("lock.minutes", Kind::Whole(0..=1_440)),
    ("watchlists.[].name", Kind::Name),
    ("watchlists.[].symbols", Kind::Texts(MOST_SYMBOLS)),
    ("keys.*", Kind::Name),
    ("providers.*.*", Kind::Address),
];

/// Most symbols in one watchlist: as many as a screen may watch at once.
const MOST_SYMBOLS: usize = 1_000;

/// What stands at a place of the configuration.
pub(super) enum Place {
    /// A value.
    Value(&'static Kind),
    /// A table with more keys in it.
    Table,
    /// A list of tables.
    Tables,
    /// Nothing is known by that name.
    Unknown,
}

/// What stands at `path`, whose parts may be any text.
pub(super) fn place(path: &[String]) -> Place {
    for (pattern, kind) in KEYS {
        let mut rest = pattern.split('.');
        let matches = path
            .iter()
            .all(|part| rest.next().is_some_and(|it| it == "*" || it == part));
        match (matches, rest.next()) {
            (false, _) => {}
            (true, None) => return Place::Value(kind),
            (true, Some("[]")) => return Place::Tables,
            (true, Some(_)) => return Place::Table,
        }
    }
    Place::Unknown
}

/// Names that may follow `parent`, in the order of [`KEYS`].
pub(super) fn names_in(parent: &[String]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for (pattern, _) in KEYS {
        let mut rest = pattern.split('.');
        let inside = parent
            .iter()
            .all(|part| rest.next().is_some_and(|it| it == "*" || it == part));
        if let Some(name) = rest.next().filter(|name| inside && !names.contains(name)) {
            names.push(name);
        }
    }
    names
}

/// The name in `names` that `wrong` was probably meant to be.
pub(super) fn nearest<'n>(wrong: &str, names: &[&'n str]) -> Option<&'n str> {
    let closest = names.iter().min_by_key(|name| distance(wrong, name))?;
    let forgiven = 1 + wrong.chars().count() / 3;
    (distance(wrong, closest) <= forgiven).then_some(closest)
}

/// Letters to insert, remove or replace to get from one word to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

impl Kind {
    /// Whether `value` fits, else what is allowed.
    pub(super) fn check(&self, value: &DeValue<'_>) -> Result<(), String> {
        match (self, value) {
            (Self::Flag, DeValue::Boolean(_)) => Ok(()),
            (Self::Name, DeValue::String(text)) if !text.trim().is_empty() => Ok(()),
            (Self::Zone, DeValue::String(text)) => check_zone(text),
            (Self::Address, DeValue::String(text)) => check_address(text),
            (Self::Whole(bounds), DeValue::Integer(number)) => {
                let digits = number.as_str().replace('_', "");
                match u32::from_str_radix(&digits, number.radix()) {
                    Ok(number) if bounds.contains(&number) => Ok(()),
                    _ => Err(format!("must be {}", self.allowed())),
                }
            }
            (Self::Texts(most), DeValue::Array(list))
                if list.len() <= *most && list.iter().all(|it| it.get_ref().is_str()) =>
            {
                Ok(())
            }
            _ => Err(format!("must be {}", self.allowed())),
        }
    }

    /// What it takes, in words.
    pub fn allowed(&self) -> String {
        match self {
            Self::Address => "a text in quotes".to_owned(),
            Self::Name => "a text in quotes, not empty".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Whole(bounds) => {
                format!("a whole number from {} to {}", bounds.start(), bounds.end())
            }
            Self::Texts(most) => format!("a list of at most {most} texts in quotes"),
            Self::Zone => "a time zone such as \"America/New_York\", or \"\"".to_owned(),
        }
    }

    /// Whether a value after `--set KEY=` is taken as it stands, without quotes.
    pub(super) fn is_text(&self) -> bool {
        match self {
            Self::Name | Self::Zone | Self::Address => true,
            Self::Flag | Self::Whole(_) | Self::Texts(_) => false,
        }
    }
}

fn check_zone(name: &str) -> Result<(), String> {
    if name.is_empty() || TimeZone::get(name).is_ok() {
        return Ok(());
    }
    Err(format!(
        "\"{name}\" is not a time zone; use a name such as \"America/New_York\", or \"\""
    ))
}

/// A provider's setting that looks like an address must keep what is sent to it secret.
fn check_address(text: &str) -> Result<(), String> {
    if !text.contains("://") {
        return Ok(());
    }
    let url = Url::parse(text).map_err(|_| "is not an address".to_owned())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or a password".to_owned());
    }
    match url.scheme() {
        "https" | "wss" => Ok(()),
        "http" | "ws" if is_this_machine(&url) => Ok(()),
        "http" | "ws" => Err(format!(
            "would send credentials unencrypted: plain {}:// is for this machine only, use {}s://",
            url.scheme(),
            url.scheme()
        )),
        _ => Err("must begin with https:// or wss://".to_owned()),
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_holds_every_setting_and_nothing_else() {
        let all = toml::Table::try_from(crate::config::Config::default()).unwrap();
        let mut found = Vec::new();
        for (section, value) in &all {
            let (table, place) = match value.as_array() {
                Some(list) => (list[0].as_table().unwrap(), ".[]"),
                None => (value.as_table().unwrap(), ""),
            };
            found.extend(table.keys().map(|key| format!("{section}{place}.{key}")));
        }
        let mut listed: Vec<_> = KEYS.iter().map(|(key, _)| (*key).to_owned()).collect();
        listed.retain(|key| !key.ends_with('*'));
        found.sort();
        listed.sort();
        assert_eq!(listed, found);
    }

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        let names = ["theme", "mouse", "frames_per_second"];
        for (wrong, right) in [
            ("thme", Some("theme")),
            ("themes", Some("theme")),
            ("frame_per_seconds", Some("frames_per_second")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(nearest(wrong, &names), right, "{wrong}");
        }
    }

    #[test]
    fn an_address_is_encrypted_or_on_this_machine() {
        for fine in [
            "https://api.example.com",
            "wss://stream.example.com/v2/iex",
            "http://127.0.0.1:8080",
            "ws://[::1]:9/stream",
            "http://localhost:1",
            "iex",
            "",
        ] {
            assert_eq!(check_address(fine), Ok(()), "{fine}");
        }
        for refused in [
            "http://api.example.com",
            "ws://10.0.0.1/",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "https://me:secret@api.example.com",
            "http://",
        ] {
            assert!(check_address(refused).is_err(), "{refused}");
        }
    }
}
