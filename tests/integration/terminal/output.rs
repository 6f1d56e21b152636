//! What a program wrote to its terminal, taken apart: text, control characters and sequences.

use std::collections::BTreeMap;

/// One thing that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Text(char),
    /// C0, DEL or C1.
    Control(char),
    /// `CSI`: its private marker, parameters and intermediates as they stand, and the last byte.
    Csi(String, char),
    /// `OSC`, without its ends.
    Osc(String),
    /// A sequence of another kind, or one that does not end.
    Other(String),
}

/// Takes apart what was written; an unfinished sequence at the end is `Other`.
pub(super) fn take_apart(bytes: &[u8]) -> Vec<Written> {
    let text = String::from_utf8_lossy(bytes);
    let mut characters = text.chars().peekable();
    let mut all = Vec::new();
    while let Some(character) = characters.next() {
        all.push(match (character, characters.peek()) {
            ('\x1b', Some('[')) => {
                characters.next();
                let mut inner = String::new();
                loop {
                    match characters.next() {
                        Some(last @ '@'..='~') => break Written::Csi(inner, last),
                        Some(other @ ' '..='?') => inner.push(other),
                        other => break Written::Other(format!("CSI {inner} {other:?}")),
                    }
                }
            }
            ('\x1b', Some(']')) => {
                characters.next();
                let mut inner = String::new();
                loop {
                    match characters.next() {
                        Some('\x07') => break Written::Osc(inner),
                        Some(other) if !other.is_control() => inner.push(other),
                        other => break Written::Other(format!("OSC {inner} {other:?}")),
                    }
                }
            }
            ('\x1b', next) => Written::Other(format!("ESC {next:?}")),
            (control, _) if control.is_control() => Written::Control(control),
            (plain, _) => Written::Text(plain),
        });
    }
    all
}

/// Modes that the program may set and unset.
const MODES: [u16; 7] = [25, 1000, 1004, 1006, 1049, 2004, 2026];

/// Modes that are on while nobody touches them.
const ON_BY_ITSELF: [u16; 2] = [7, 25];

/// What was written that is not of the renderer's words: moves, colours, its modes, its questions and the title.
pub(super) fn strangers(written: &[Written]) -> Vec<Written> {
    let is_ours = |it: &&Written| match it {
        Written::Text(character) => !is_invisible(*character),
        Written::Control(control) => matches!(control, '\r' | '\n' | '\x08'),
        Written::Csi(inner, last) => is_our_sequence(inner, *last),
        Written::Osc(inner) => inner
            .strip_prefix("2;")
            .is_some_and(|title| title.contains("tradedeck") && !title.contains(is_invisible)),
        Written::Other(_) => false,
    };
    written.iter().filter(|it| !is_ours(it)).cloned().collect()
}

fn is_our_sequence(inner: &str, last: char) -> bool {
    let numbers = |most: usize| {
        let is_number = |it: &str| it.is_empty() || it.parse::<u16>().is_ok();
        inner.split(';').count() <= most && inner.split(';').all(is_number)
    };
    match last {
        'H' => numbers(2),
        'B' | 'C' | 'D' => numbers(1),
        'm' => numbers(16),
        'J' => inner == "2",
        'n' => inner == "5",
        'c' => inner.is_empty(),
        't' => matches!(inner, "22;2" | "23;2"),
        'p' => inner == "?2026$",
        'h' | 'l' => private_mode(inner).is_some_and(|mode| MODES.contains(&mode)),
        _ => false,
    }
}

fn private_mode(inner: &str) -> Option<u16> {
    inner.strip_prefix('?')?.parse().ok()
}

/// Characters that turn or hide others, and that no screen of ours needs.
fn is_invisible(character: char) -> bool {
    matches!(u32::from(character),
        0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb
        | 0xe0000..=0xe007f)
}

/// Modes that are not as they were before anything was written, titles put aside and never taken back included.
pub(super) fn left_behind(written: &[Written]) -> Vec<String> {
    let mut modes = BTreeMap::new();
    let mut titles = 0;
    for it in written {
        match it {
            Written::Csi(inner, last @ ('h' | 'l')) => {
                modes.insert(inner.clone(), *last == 'h');
            }
            Written::Csi(inner, 't') if inner == "22;2" => titles += 1,
            Written::Csi(inner, 't') if inner == "23;2" => titles -= 1,
            Written::Csi(..)
            | Written::Text(_)
            | Written::Control(_)
            | Written::Osc(_)
            | Written::Other(_) => {}
        }
    }
    let by_itself = |mode: &str| private_mode(mode).is_some_and(|it| ON_BY_ITSELF.contains(&it));
    let modes = modes
        .into_iter()
        .filter(|(mode, on)| *on != by_itself(mode));
    let mut left: Vec<String> = modes.map(|(mode, on)| format!("{mode} {on}")).collect();
    if titles != 0 {
        left.push(format!("{titles} titles"));
    }
    left
}

/// How often `text` was written.
pub(super) fn count(written: &[u8], text: &str) -> usize {
    let windows = written.windows(text.len());
    windows.filter(|it| *it == text.as_bytes()).count()
}

#[test]
fn what_is_left_behind_is_found() {
    let left = |text: &str| left_behind(&take_apart(text.as_bytes()));
    assert_eq!(left("\x1b[?2026h\x1b[?2026l\x1b[?25l\x1b[?25h"), [""; 0]);
    assert_eq!(left("\x1b[?2026h\x1b[?2026l\x1b[?2026h"), ["?2026 true"]);
    assert_eq!(left("\x1b[?25l"), ["?25 false"]);
    assert_eq!(left("\x1b[22;2t"), ["1 titles"]);
    assert_eq!(left("\x1b[22;2tx\x1b[23;2t"), [""; 0]);
}

#[test]
fn strangers_are_found() {
    let found = |text: &str| strangers(&take_apart(text.as_bytes())).len();
    assert_eq!(
        found("\x1b[1;2Hab\r\n\x1b[38;5;9m▲\x1b[?2026$p\x1b]2;tradedeck\x07"),
        0
    );
    for stranger in [
        "\x07",
        "\u{9b}31m",
        "\x1b[31",
        "\x1b[>c",
        "\x1b[?47h",
        "\x1b]0;owned\x07",
        "\x1b]52;c;eA==\x07",
        "\x1b]2;owned\x07",
        "\x1bPq\x1b\\",
        "\x1bc",
        "\u{202e}",
        "\u{200b}",
        "\u{e0041}",
    ] {
        assert!(found(&format!("a{stranger}b")) > 0, "{stranger:?}");
    }
}
