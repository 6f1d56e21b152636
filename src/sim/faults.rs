//! Faults on cue: what a simulator is to do wrong, where, how often.
//!
//! A cue is `TARGET:FAULT[:COUNT[@SKIP]]`, several are joined with commas:
//!
//! * `TARGET` is what the request is of, as the simulator names it (`orders`, `account`, `data_stream`),
//!   or a group of such (`trading`, `data`, `any`), or a path (`/v2/orders`, with all below it). A verb
//!   may follow a dot: `orders.post`, `data_stream.message`, `trading_stream.connect`.
//! * `COUNT` is how many times, `*` for ever, once where it is left out; `SKIP` is how many pass first.
//!
//! Requests know these faults; those marked + leave the request undone, so does none of the others:
//! `drop`+ (closed without an answer), `half-open`+ (no answer, ever), a status of 300 to 599 such as
//! `429`+ or `503`+, and the same three after the request was carried out: `drop-after`,
//! `half-open-after`, `500-after`; `wait-SECONDS`+ (429 with `Retry-After`), `slow-MS` (answers so
//! late), `trickle-BYTES` (so many a second), `cut` (half the body), `html`, `bad-json`, `wrong-type` (a
//! list for an object and the other way round), `numbers` (`NaN`, `1e308`, `-0` for every number),
//! `empty`, `escape` (control sequences in every text), `huge` (50 MB), `bomb` (the same in a few
//! hundred kilobytes of gzip), `redirect`+ (to another host, as every status of 300 to 399),
//! `skew-SECONDS` (`Date` off).
//!
//! Streams know `drop`, `half-open` (not even pongs), `silent` (pongs only), `gap` (one message left
//! out), `duplicate`, `swap` (one message after the next), `error-CODE`, `unknown-type`, `bad-json`,
//! `wrong-type`, `numbers`, `empty`, `escape`, `invalid-utf8`, `huge` (a 10 MB frame), `fragments` (one
//! message in many frames), `cut` (half a frame, then closed), `slow-MS`; and at `.connect` what requests
//! know.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection closes without an answer.
    Drop(Moment),
    /// The connection stays open and nothing comes.
    HalfOpen(Moment),
    /// This status instead of the answer.
    Status(u16, Moment),
    /// Too many requests, and when to come back, in seconds.
    Wait(u32),
    /// The answer comes this much later.
    Slow(Duration),
    /// So many bytes a second.
    Trickle(u32),
    /// The body ends half way.
    Cut,
    /// A page instead of data.
    Html,
    /// Data that does not parse.
    BadJson,
    /// A list for an object, an object for a list.
    WrongType,
    /// Numbers that are none, or too large, or a zero below zero.
    Numbers,
    /// Nothing in it.
    Empty,
    /// Control sequences in every text.
    Escape,
    /// Far more than anybody asked for.
    Huge,
    /// Little that unpacks to far more than anybody asked for.
    Bomb,
    /// The clock is off by so many seconds.
    Skew(i64),
    /// Nothing but pongs from here on.
    Silent,
    /// One message is left out.
    Gap,
    /// One message comes twice.
    Duplicate,
    /// One message comes after the one behind it.
    Swap,
    /// The stream's own error message of this code.
    Error(u16),
    /// A message of a type nobody knows.
    UnknownType,
    /// A text frame that is not UTF-8.
    InvalidUtf8,
    /// One message in many frames.
    Fragments,
}

/// Whether a request is carried out before it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It is not.
    Before,
    /// It is; only the answer is lost.
    After,
}

/// A text that is no cue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a fault: {0}; a fault is written TARGET:FAULT or TARGET:FAULT:COUNT@SKIP")]
pub struct NotAFault(String);

/// One cue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    target: String,
    fault: Fault,
    /// How many times still; `None` for ever.
    left: Option<u32>,
    skip: u32,
}

/// What a request or a message is, as cues name it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its name and the groups it is of.
    pub names: &'a [&'a str],
    /// What is done: `post`, `connect`, `message`.
    pub verb: &'a str,
    /// Its path.
    pub path: &'a str,
}

/// The cues of a running simulator, and a count of what it was asked. Clones are handles to the same.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    cues: Vec<Cue>,
    seen: BTreeMap<String, u64>,
}

impl Faults {
    /// Adds cues: `orders.post:500-after:1,data_stream:drop`.
    pub fn cue(&self, text: &str) -> Result<(), NotAFault> {
        let cues: Vec<Cue> = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(Cue::from_str)
            .collect::<Result<_, _>>()?;
        self.state().cues.extend(cues);
        Ok(())
    }

    /// Forgets every cue.
    pub fn clear(&self) {
        self.state().cues.clear();
    }

    /// How often a subject was met: `seen("orders", "post")` counts orders on the wire.
    pub fn seen(&self, name: &str, verb: &str) -> u64 {
        let state = self.state();
        state
            .seen
            .get(&format!("{name}.{verb}"))
            .copied()
            .unwrap_or(0)
    }

    /// Counts a subject and returns what is to go wrong with it.
    pub fn meet(&self, subject: Subject<'_>) -> Option<Fault> {
        let mut state = self.state();
        if let Some(name) = subject.names.first() {
            *state
                .seen
                .entry(format!("{name}.{}", subject.verb))
                .or_default() += 1;
        }
        let mut due = None;
        for cue in state.cues.iter_mut().filter(|cue| cue.is_of(&subject)) {
            if cue.skip > 0 {
                cue.skip -= 1;
            } else if due.is_none() {
                cue.left = cue.left.map(|left| left - 1);
                due = Some(cue.fault);
            }
        }
        state.cues.retain(|cue| cue.left != Some(0));
        due
    }

    /// Whether any cue waits; streams skip the rest of their work where none does.
    pub fn is_quiet(&self) -> bool {
        self.state().cues.is_empty()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cue {
    fn is_of(&self, subject: &Subject<'_>) -> bool {
        if self.target.starts_with('/') {
            let (path, verb) = split_verb(&self.target);
            let below = subject.path.strip_prefix(path);
            return below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                && verb.is_none_or(|verb| verb == subject.verb);
        }
        let (name, verb) = split_verb(&self.target);
        subject.names.contains(&name) && verb.is_none_or(|verb| verb == subject.verb)
    }
}

fn split_verb(target: &str) -> (&str, Option<&str>) {
    match target.rsplit_once('.') {
        Some((name, verb)) => (name, Some(verb)),
        None => (target, None),
    }
}

impl FromStr for Cue {
    type Err = NotAFault;
    fn from_str(text: &str) -> Result<Self, NotAFault> {
        let wrong = || NotAFault(text.to_owned());
        let mut parts = text.split(':');
        let (target, fault) = (parts.next(), parts.next());
        let (Some(target), Some(fault)) = (target.filter(|target| !target.is_empty()), fault)
        else {
            return Err(wrong());
        };
        let (count, skip) = match parts.next() {
            None => ("1", "0"),
            Some(rest) => rest.split_once('@').unwrap_or((rest, "0")),
        };
        if parts.next().is_some() {
            return Err(wrong());
        }
        let left = match count {
            "*" => None,
            _ => Some(
                count
                    .parse()
                    .ok()
                    .filter(|count| *count > 0)
                    .ok_or_else(wrong)?,
            ),
        };
        Ok(Self {
            target: target.to_owned(),
            fault: fault.parse().map_err(|()| wrong())?,
            left,
            skip: skip.parse().map_err(|_| wrong())?,
        })
    }
}

impl FromStr for Fault {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (word, moment) = match text.strip_suffix("-after") {
            Some(word) => (word, Moment::After),
            None => (text, Moment::Before),
        };
        match word {
            "drop" => return Ok(Self::Drop(moment)),
            "half-open" => return Ok(Self::HalfOpen(moment)),
            _ => {}
        }
        if let Ok(status) = word.parse::<u16>() {
            return match status {
                300..=599 => Ok(Self::Status(status, moment)),
                _ => Err(()),
            };
        }
        if let Some((name, number)) = text.split_once('-')
            && let Some(fault) = numbered(name, number)
        {
            return Ok(fault);
        }
        plain(text).ok_or(())
    }
}

fn numbered(name: &str, number: &str) -> Option<Fault> {
    Some(match name {
        "wait" => Fault::Wait(number.parse().ok()?),
        "trickle" => Fault::Trickle(number.parse().ok().filter(|bytes| *bytes > 0)?),
        "slow" => Fault::Slow(Duration::from_millis(number.parse().ok()?)),
        "skew" => Fault::Skew(number.parse().ok()?),
        "error" => Fault::Error(number.parse().ok()?),
        _ => return None,
    })
}

fn plain(text: &str) -> Option<Fault> {
    Some(match text {
        "cut" => Fault::Cut,
        "html" => Fault::Html,
        "bad-json" => Fault::BadJson,
        "wrong-type" => Fault::WrongType,
        "numbers" => Fault::Numbers,
        "empty" => Fault::Empty,
        "escape" => Fault::Escape,
        "huge" => Fault::Huge,
        "bomb" => Fault::Bomb,
        "redirect" => Fault::Status(307, Moment::Before),
        "silent" => Fault::Silent,
        "gap" => Fault::Gap,
        "duplicate" => Fault::Duplicate,
        "swap" => Fault::Swap,
        "unknown-type" => Fault::UnknownType,
        "invalid-utf8" => Fault::InvalidUtf8,
        "fragments" => Fault::Fragments,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meet(faults: &Faults, name: &str, verb: &str) -> Option<Fault> {
        faults.meet(Subject {
            names: &[name, "trading", "any"],
            verb,
            path: "/v2/orders/17",
        })
    }

    #[test]
    fn a_cue_happens_as_often_as_it_says() {
        let faults = Faults::default();
        faults.cue("orders.post:500-after:2@1").unwrap();
        assert_eq!(meet(&faults, "orders", "get"), None, "another verb");
        let after = Some(Fault::Status(500, Moment::After));
        let met: Vec<_> = (0..4).map(|_| meet(&faults, "orders", "post")).collect();
        assert_eq!(met, [None, after, after, None]);
        assert_eq!(faults.seen("orders", "post"), 4);
        assert_eq!(faults.seen("orders", "get"), 1);
    }

    #[test]
    fn groups_paths_and_ever() {
        let cases = [
            ("any:drop:*", true),
            ("trading:drop:*", true),
            ("/v2/orders:drop:*", true),
            ("/v2/orders.post:drop:*", true),
            ("/v2/order:drop:*", false),
            ("/v2/orders.get:drop:*", false),
            ("account:drop:*", false),
        ];
        for (cue, expected) in cases {
            let faults = Faults::default();
            faults.cue(cue).unwrap();
            for _ in 0..3 {
                let met = meet(&faults, "orders", "post");
                assert_eq!(met.is_some(), expected, "{cue}");
            }
        }
    }

    #[test]
    fn every_fault_has_a_word_and_nonsense_has_none() {
        let good = [
            "drop",
            "half-open",
            "drop-after",
            "half-open-after",
            "429",
            "503",
            "500-after",
            "slow-250",
            "cut",
            "html",
            "bad-json",
            "wrong-type",
            "empty",
            "escape",
            "huge",
            "redirect",
            "skew-3600",
            "skew--3600",
            "silent",
            "gap",
            "duplicate",
            "error-406",
            "unknown-type",
            "invalid-utf8",
            "fragments",
            "swap",
            "numbers",
            "bomb",
            "wait-30",
            "trickle-10",
        ];
        for word in good {
            assert!(word.parse::<Fault>().is_ok(), "{word}");
        }
        let bad = [
            "",
            "orders",
            "orders:",
            "orders:explode",
            ":drop",
            "orders:drop:0",
            "orders:drop:x",
            "orders:drop:1@",
            "orders:drop:1:2",
            "orders:200",
            "orders:slow-x",
        ];
        for cue in bad {
            let faults = Faults::default();
            assert_eq!(faults.cue(cue).is_ok(), cue.is_empty(), "{cue}");
        }
    }
}
