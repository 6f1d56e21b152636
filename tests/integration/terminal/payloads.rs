//! What a hostile server writes into a text to steer the terminal it is shown on.

/// One text, or several that do harm side by side.
pub(super) type Payload = Vec<String>;

/// All of them.
pub(super) fn all() -> Vec<Payload> {
    let single = [
        controls(),
        sequences(),
        modes(),
        commands(),
        strings(),
        escapes(),
        invisible(),
    ];
    let mut all: Vec<Payload> = single.concat().into_iter().map(|it| vec![it]).collect();
    all.extend(split());
    all
}

/// Every C0, DEL and C1.
fn controls() -> Vec<String> {
    let codes = (0..0x20).chain(0x7f..0xa0);
    codes
        .map(|code| format!("a{}[7mb", char::from(code)))
        .collect()
}

/// What begins a sequence, in seven bits and in eight.
const CSI: [&str; 2] = ["\x1b[", "\u{9b}"];

fn sequences() -> Vec<String> {
    let ends = [
        "2J", "3J", "K", "1;1H", "5A", "5B", "5C", "5D", "10L", "10M", "10P", "5S", "5T", "9X",
        "5@", "3d", "3;3f", "0g", "31m", "7m", "6n", "5n", "c", ">c", "2 q", "1;5r", "s", "u",
        "21t", "14t", "200~", "201~", "!p", "?6n",
    ];
    both(&CSI, &ends)
}

fn modes() -> Vec<String> {
    let modes = [
        "?1049l", "?1049h", "?25h", "?2004l", "?1000h", "?1003h", "?1006h", "?1004h", "?2026h",
        "?7l", "?5h", "?3h", "?6h", "4h", "20h", "?47h", "?69h", "?1l",
    ];
    both(&CSI, &modes)
}

/// Titles, clipboard, links, folders, colours, notices.
fn commands() -> Vec<String> {
    let commands = [
        "0;owned",
        "1;owned",
        "2;owned",
        "4;1;rgb:00/00/00",
        "7;file://evil/",
        "8;;http://evil/",
        "9;owned",
        "10;?",
        "11;#000000",
        "50;owned",
        "52;c;b3duZWQ=",
        "52;c;?",
        "104",
        "133;A",
        "777;notify;a;b",
        "1337;File=:AA==",
    ];
    let mut all = Vec::new();
    for command in commands {
        for (start, end) in [
            ("\x1b]", "\x07"),
            ("\x1b]", "\x1b\\"),
            ("\u{9d}", "\u{9c}"),
            ("\x1b]", ""),
        ] {
            all.push(format!("{start}{command}{end}"));
        }
    }
    all
}

/// Strings that a device takes: DCS, SOS, PM, APC.
fn strings() -> Vec<String> {
    let starts = [
        "\x1bP", "\x1bX", "\x1b^", "\x1b_", "\u{90}", "\u{98}", "\u{9e}", "\u{9f}",
    ];
    let inner = [
        "$qm\x1b\\",
        "+q544e\x1b\\",
        "q#0;2;0;0;0~\x1b\\",
        "tmux;\x1b\x1b]52;c;eA==\x07\x1b\\",
        "=1s",
        "Gf=32;AAAA\u{9c}",
    ];
    both(&starts, &inner)
}

fn escapes() -> Vec<String> {
    let ends = [
        "c", "7", "8", "D", "E", "H", "M", "N", "O", "Z", "=", ">", "#8", "(0", ")0", "%G", "%@",
        "n", "o", "|", "\x1b[2J",
    ];
    both(&["\x1b"], &ends)
}

/// What turns, joins, hides or stacks other characters, and what forges a line.
fn invisible() -> Vec<String> {
    let codes = [
        0xad, 0x61c, 0x180e, 0xfeff, 0x2028, 0x2029, 0xfff9, 0xfffa, 0xfffb,
    ];
    let ranges = (0x200b..=0x200f)
        .chain(0x202a..=0x202e)
        .chain(0x2060..=0x206f);
    let tags = [0xe0001, 0xe0020, 0xe0041, 0xe005a, 0xe007f];
    let characters = codes
        .into_iter()
        .chain(ranges)
        .chain(tags)
        .filter_map(char::from_u32);
    let mut all: Vec<String> = characters.map(|it| format!("a{it}b{it}{it}")).collect();
    all.push(format!("e{}", "\u{301}".repeat(40)));
    all.push("a\r\nFILLED 1000 AAPL\r\n".into());
    all.push("\u{202e}LLIF\u{202c}".into());
    all
}

/// Halves that are whole where one is written after the other.
fn split() -> Vec<Payload> {
    let pairs = [
        ("\x1b", "[2J"),
        ("\x1b[", "31m"),
        ("\x1b]0;ow", "ned\x07"),
        ("\x1b]52;c;", "eA==\x07"),
        ("\x1bP", "q\x1b\\"),
        ("\u{9d}", "0;owned\u{9c}"),
        ("\x1b[20", "1~"),
        ("\u{202e}", "\u{202c}"),
        ("\x1b", "c"),
        ("\x1b[?1049", "l"),
    ];
    pairs
        .map(|(one, other)| vec![one.into(), other.into()])
        .into()
}

fn both(starts: &[&str], ends: &[&str]) -> Vec<String> {
    let all = starts
        .iter()
        .flat_map(|start| ends.iter().map(move |end| format!("{start}{end}")));
    all.collect()
}

/// What a text with it may at most show: the rule, written down a second time.
pub(super) fn harmless(raw: &str) -> String {
    let mut marks = 0;
    let mut shown = String::new();
    for character in raw.chars() {
        marks = if character == '\u{301}' { marks + 1 } else { 0 };
        match u32::from(character) {
            0x09 | 0x0a | 0x0d => shown.push(' '),
            0x00..=0x1f | 0x7f..=0x9f => shown.push('\u{fffd}'),
            0xad | 0x61c | 0x180e | 0xfeff | 0xfff9..=0xfffb => shown.push('\u{fffd}'),
            0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f => shown.push('\u{fffd}'),
            0xe0000..=0xe007f => shown.push('\u{fffd}'),
            _ if marks > 4 => {}
            _ => shown.push(character),
        }
    }
    shown
}
