//! From text to [`Config`]: the file over the defaults, `--set` over both; a mistake is told with its place.

use super::Config;
use super::keys::{self, Place};
use crate::domain::text;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// Longest sentence about a mistake, in characters.
const LONGEST_SENTENCE: usize = 400;

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file says something that is not allowed.
    #[error("{file}, line {line}, column {column}: {problem}")]
    InFile {
        /// Which file.
        file: String,
        /// Line, from one.
        line: usize,
        /// Column in characters, from one.
        column: usize,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// A `--set` says something that is not allowed.
    #[error("--set {key}: {problem}")]
    InSetting {
        /// Which key.
        key: String,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// The file is there and cannot be read.
    #[error("{file}: {problem}")]
    Unreadable {
        /// Which file.
        file: String,
        /// Why, and what to do.
        problem: String,
    },
}

/// One `--set KEY=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Dotted key: `ui.theme`.
    pub key: String,
    /// As typed; quotes around a text are optional.
    pub value: String,
}

/// What somebody who knows more than this file has against a configuration:
/// a theme that does not exist, a command that nobody has, a key that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The key it is about: `keys.quit`.
    pub key: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

/// A mistake and where in the text it is.
#[derive(Debug, PartialEq, Eq)]
struct Mistake {
    span: Range<usize>,
    problem: String,
}

impl std::str::FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text
            .split_once('=')
            .ok_or("write it as KEY=VALUE, as in ui.theme=nord")?;
        Ok(Self {
            key: key.trim().to_owned(),
            value: value.trim().to_owned(),
        })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}={}", self.key, self.value)
    }
}

/// The configuration that `text` and then `settings` make of the defaults; the file is called `config.toml` in errors.
///
/// # Errors
/// The first mistake, with its place and what is allowed instead.
pub fn parse(text: &str, settings: &[Setting]) -> Result<Config, ConfigError> {
    parse_checked("config.toml", text, settings, |_| Ok(()))
}

/// The same for a named file, with a last word for whoever knows more: see [`Complaint`].
///
/// # Errors
/// The first mistake, with its place and what is allowed instead.
pub fn parse_checked(
    file: &str,
    text: &str,
    settings: &[Setting],
    check: impl Fn(&Config) -> Result<(), Complaint>,
) -> Result<Config, ConfigError> {
    let in_file = |mistake: Mistake| mistake.in_file(file, text);
    let mut places = Places::default();
    let mut merged = read(text, &mut places).map_err(in_file)?;
    for setting in settings {
        merge(&mut merged, setting.table()?);
    }
    let config: Config = merged.try_into().map_err(|error: toml::de::Error| {
        in_file(Mistake {
            span: 0..0,
            problem: error.message().to_owned(),
        })
    })?;
    check_whole(&config)
        .and_then(|()| check(&config))
        .map_err(|complaint| locate(complaint, &places, settings, in_file))?;
    Ok(config)
}

/// Where each key and value of a text is.
type Places = BTreeMap<String, Range<usize>>;

/// A complaint about a key is told where the key was written: in the file or in a `--set`.
fn locate(
    complaint: Complaint,
    places: &Places,
    settings: &[Setting],
    in_file: impl Fn(Mistake) -> ConfigError,
) -> ConfigError {
    let Complaint { key, problem } = complaint;
    if settings.iter().any(|it| it.key == key) || !places.contains_key(&key) {
        return ConfigError::InSetting {
            key: text::clean(&key, LONGEST_SENTENCE),
            problem: text::clean(&problem, LONGEST_SENTENCE),
        };
    }
    in_file(Mistake {
        span: places[&key].clone(),
        problem: format!("{key}: {problem}"),
    })
}

/// Reads a text as a table in which every key is known and every value fits it.
fn read(text: &str, places: &mut Places) -> Result<Table, Mistake> {
    let table = DeTable::parse(text).map_err(|error| syntax(&error))?;
    check_table(table.get_ref(), &mut Vec::new(), places)?;
    text.parse().map_err(|error| syntax(&error))
}

fn syntax(error: &toml::de::Error) -> Mistake {
    Mistake {
        span: error.span().unwrap_or_default(),
        problem: error.message().to_owned(),
    }
}

fn check_table(
    table: &DeTable<'_>,
    path: &mut Vec<String>,
    places: &mut Places,
) -> Result<(), Mistake> {
    for (name, value) in table {
        path.push(name.get_ref().to_string());
        places.insert(path.join("."), name.span());
        let at_value = |problem: String| Mistake {
            span: value.span(),
            problem: format!("{} {problem}", path.join(".")),
        };
        match (keys::place(path), value.get_ref()) {
            (Place::Value(kind), value) => kind.check(value).map_err(at_value)?,
            (Place::Table, DeValue::Table(inner)) => check_table(inner, path, places)?,
            (Place::Table, _) => {
                return Err(at_value(format!("must be a table: [{}]", path.join("."))));
            }
            (Place::Tables, DeValue::Array(list)) => check_tables(list, path, places)?,
            (Place::Tables, _) => {
                return Err(at_value(format!("must be a list: [[{}]]", path.join("."))));
            }
            (Place::Unknown, _) => return Err(unknown(name.span(), path)),
        }
        path.pop();
    }
    Ok(())
}

fn check_tables(
    list: &toml::de::DeArray<'_>,
    path: &mut Vec<String>,
    places: &mut Places,
) -> Result<(), Mistake> {
    for item in list {
        path.push("[]".to_owned());
        let DeValue::Table(inner) = item.get_ref() else {
            path.pop();
            return Err(Mistake {
                span: item.span(),
                problem: format!("each of {} must be a table", path.join(".")),
            });
        };
        check_table(inner, path, places)?;
        path.pop();
    }
    Ok(())
}

fn unknown(span: Range<usize>, path: &[String]) -> Mistake {
    let (name, parent) = path.split_last().expect("a key has a name");
    let allowed = keys::names_in(parent);
    let hint = match keys::nearest(name, &allowed) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("allowed here: {}", allowed.join(", ")),
    };
    Mistake {
        span,
        problem: format!("nothing is called `{}`; {hint}", path.join(".")),
    }
}

/// What no single key shows: names that repeat, bounds that cross.
fn check_whole(config: &Config) -> Result<(), Complaint> {
    let complain = |key: &str, problem: String| {
        Err(Complaint {
            key: key.to_owned(),
            problem,
        })
    };
    let ui = &config.ui;
    if ui.stale_after_seconds < ui.old_after_seconds {
        let problem = format!(
            "must be at least ui.old_after_seconds, which is {}",
            ui.old_after_seconds
        );
        return complain("ui.stale_after_seconds", problem);
    }
    let mut lists = Vec::new();
    for list in &config.watchlists {
        if lists.contains(&&list.name) {
            return complain(
                "watchlists",
                format!("two lists are called `{}`", list.name),
            );
        }
        lists.push(&list.name);
    }
    Ok(())
}

impl Setting {
    /// The setting as the table that a file would hold for it.
    fn table(&self) -> Result<Table, ConfigError> {
        let wrong = |problem: String| ConfigError::InSetting {
            key: text::clean(&self.key, LONGEST_SENTENCE),
            problem: text::clean(&problem, LONGEST_SENTENCE),
        };
        let path: Vec<String> = self.key.split('.').map(str::to_owned).collect();
        let plain = matches!(keys::place(&path), Place::Value(kind) if kind.is_text());
        let quoted = self.value.starts_with('"') || self.value.starts_with('\'');
        let value = if plain && !quoted {
            Value::String(self.value.clone())
        } else {
            let parsed = self.value.parse::<Value>();
            parsed.unwrap_or_else(|_| Value::String(self.value.clone()))
        };
        let table = path.into_iter().rev().fold(value, |inner, name| {
            Value::Table(Table::from_iter([(name, inner)]))
        });
        // Written out and read back, so that a setting meets the same checks as a file.
        let text = toml::to_string(&table).map_err(|error| wrong(error.to_string()))?;
        read(&text, &mut Places::default()).map_err(|mistake| wrong(mistake.problem))
    }
}

/// Tables join, anything else is replaced.
fn merge(into: &mut Table, over: Table) {
    for (key, value) in over {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => merge(inner, value),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

impl Mistake {
    fn in_file(self, file: &str, text: &str) -> ConfigError {
        let before = text.get(..self.span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        ConfigError::InFile {
            file: text::clean(file, LONGEST_SENTENCE),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem: text::clean(&self.problem, LONGEST_SENTENCE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Setting {
        text.parse().unwrap()
    }

    fn refused(text: &str, expected: &str) {
        let error = parse(text, &[]).unwrap_err().to_string();
        assert_eq!(error, format!("config.toml, line {expected}"), "{text}");
    }

    #[test]
    fn nothing_said_is_the_default() {
        assert_eq!(parse("", &[]), Ok(Config::default()));
        assert_eq!(parse("\n# only a remark\r\n", &[]), Ok(Config::default()));
    }

    #[test]
    fn the_file_goes_over_the_defaults_and_set_over_the_file() {
        let file =
            "[ui]\ntheme = 'nord'\nmouse = false\n[providers]\nalpaca.data = 'https://a.example'\n";
        let settings = [
            set("ui.theme=solarized"),
            set("ui.max_kbps=64"),
            set("providers.alpaca.trading=http://127.0.0.1:9/?a=b"),
            set("keys.quit=ctrl-q"),
            set("watchlists=[{name='mine', symbols=['SPY']}]"),
        ];
        let config = parse(file, &settings).unwrap();
        assert_eq!(config.ui.theme, "solarized");
        assert!(!config.ui.mouse);
        assert_eq!(config.ui.max_kbps, 64);
        assert_eq!(config.ui.frames_per_second, 30);
        assert_eq!(config.providers["alpaca"]["data"], "https://a.example");
        assert_eq!(
            config.providers["alpaca"]["trading"],
            "http://127.0.0.1:9/?a=b"
        );
        assert_eq!(config.keys["quit"], "ctrl-q");
        assert_eq!(config.watchlists[0].symbols, ["SPY"]);
    }

    #[test]
    fn a_mistake_is_told_with_its_place_and_what_is_allowed() {
        refused(
            "[ui]\nthme = 'x'",
            "2, column 1: nothing is called `ui.thme`; did you mean `theme`?",
        );
        refused(
            "[uii]",
            "1, column 2: nothing is called `uii`; did you mean `ui`?",
        );
        refused(
            "zzzzzz = 1",
            "1, column 1: nothing is called `zzzzzz`; allowed here: ui, refresh, lock, watchlists, keys, providers",
        );
        refused(
            "[ui]\n  mouse = 'yes'",
            "2, column 11: ui.mouse must be true or false",
        );
        refused(
            "[ui]\nframes_per_second = 0x3D",
            "2, column 21: ui.frames_per_second must be a whole number from 1 to 60",
        );
        refused(
            "[ui]\nframes_per_second = 29.5",
            "2, column 21: ui.frames_per_second must be a whole number from 1 to 60",
        );
        refused("ui = 3", "1, column 6: ui must be a table: [ui]");
        refused(
            "watchlists = 'AAPL'",
            "1, column 14: watchlists must be a list: [[watchlists]]",
        );
        refused(
            "# é\n[[watchlists]]\nname = 'a'\nsymbols = [1]",
            "4, column 11: watchlists.[].symbols must be a list of at most 1000 texts in quotes",
        );
        refused(
            "[ui]\ntime_zone = 'Mars/Base'",
            "2, column 13: ui.time_zone \"Mars/Base\" is not a time zone; use a name such as \"America/New_York\", or \"\"",
        );
        refused(
            "[providers.alpaca]\ndata = 'http://data.example'",
            "2, column 8: providers.alpaca.data would send credentials unencrypted: plain http:// is for this machine only, use https://",
        );
    }

    #[test]
    fn text_that_is_not_toml_has_a_place_too() {
        for (text, line) in [("[ui\n", 1), ("[ui]\n\ntheme = \n", 3), ("a\u{0}b", 1)] {
            let error = parse(text, &[]).unwrap_err().to_string();
            let place = format!("config.toml, line {line}, column ");
            assert!(error.starts_with(&place), "{error}");
        }
    }

    #[test]
    fn what_only_the_whole_shows_is_told_at_its_key() {
        refused(
            "[ui]\nold_after_seconds = 20\nstale_after_seconds = 19",
            "3, column 1: ui.stale_after_seconds: must be at least ui.old_after_seconds, which is 20",
        );
        refused(
            "[[watchlists]]\nname='a'\nsymbols=[]\n[[watchlists]]\nname='a'\nsymbols=[]",
            "1, column 3: watchlists: two lists are called `a`",
        );
    }

    #[test]
    fn a_wrong_setting_names_its_key() {
        for (setting, expected) in [
            (
                "ui.them=x",
                "--set ui.them: nothing is called `ui.them`; did you mean `theme`?",
            ),
            (
                "ui.mouse=maybe",
                "--set ui.mouse: ui.mouse must be true or false",
            ),
            ("ui=3", "--set ui: ui must be a table: [ui]"),
            (
                "ui.stale_after_seconds=1",
                "--set ui.stale_after_seconds: must be at least ui.old_after_seconds, which is 2",
            ),
            (
                "providers.alpaca.data=ws://x.example",
                "--set providers.alpaca.data: providers.alpaca.data would send credentials unencrypted: plain ws:// is for this machine only, use wss://",
            ),
        ] {
            let error = parse("", &[set(setting)]).unwrap_err();
            assert_eq!(error.to_string(), expected, "{setting}");
        }
        assert!("ui.theme".parse::<Setting>().is_err());
    }

    #[test]
    fn whoever_knows_more_has_the_last_word() {
        let picky = |config: &Config| match config.ui.theme.as_str() {
            "default" => Ok(()),
            other => Err(Complaint {
                key: "ui.theme".into(),
                problem: format!("there is no theme `{other}`"),
            }),
        };
        let error = parse_checked("c.toml", "[ui]\ntheme = 'x'", &[], picky).unwrap_err();
        assert_eq!(
            error.to_string(),
            "c.toml, line 2, column 1: ui.theme: there is no theme `x`"
        );
        let error = parse_checked("c.toml", "", &[set("ui.theme=\"y\"")], picky).unwrap_err();
        assert_eq!(error.to_string(), "--set ui.theme: there is no theme `y`");
    }

    #[test]
    fn a_hostile_file_does_not_steer_the_terminal() {
        let error = parse("\"\\u001b[2J\" = 1", &[]).unwrap_err().to_string();
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }
}
