//! Colours: reading them, the nearest of 256, and whether two can be told apart. Integers only.

use ratatui::style::{Color, Modifier, Style};

/// Ten times the contrast ratio below which a word cannot be read.
const LEGIBLE: u32 = 25;

/// Distance below which two colours are taken for each other; black and white are 585,225 apart.
const ALIKE: u32 = 20_000;

/// Reads `#rrggbb`.
pub(super) fn from_hex(text: &str) -> Option<Color> {
    let digits = text
        .strip_prefix('#')
        .filter(|it| it.len() == 6 && it.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some(Color::Rgb(channel(0)?, channel(2)?, channel(4)?))
}

/// Reads a name of the sixteen: `red`, `bright-red`, or `default` for the terminal's own.
pub(super) fn from_name(text: &str) -> Option<Color> {
    let names = [
        ("default", Color::Reset),
        ("black", Color::Black),
        ("red", Color::Red),
        ("green", Color::Green),
        ("yellow", Color::Yellow),
        ("blue", Color::Blue),
        ("magenta", Color::Magenta),
        ("cyan", Color::Cyan),
        ("white", Color::Gray),
        ("bright-black", Color::DarkGray),
        ("bright-red", Color::LightRed),
        ("bright-green", Color::LightGreen),
        ("bright-yellow", Color::LightYellow),
        ("bright-blue", Color::LightBlue),
        ("bright-magenta", Color::LightMagenta),
        ("bright-cyan", Color::LightCyan),
        ("bright-white", Color::White),
    ];
    names
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, colour)| *colour)
}

/// The nearest of the fixed 240 of a 256-colour terminal; what is not red, green and blue stays.
pub(super) fn to_indexed(colour: Color) -> Color {
    let Some(wanted) = rgb(colour) else {
        return colour;
    };
    let nearest = (16..=255).min_by_key(|index| distance(wanted, indexed_rgb(*index)));
    nearest.map_or(colour, Color::Indexed)
}

/// A style in the nearest of 256 colours.
pub(super) fn style_to_indexed(style: Style) -> Style {
    Style {
        fg: style.fg.map(to_indexed),
        bg: style.bg.map(to_indexed),
        ..style
    }
}

/// Whether two styles could be taken for each other on the same text.
pub(super) fn are_alike(one: Style, other: Style) -> bool {
    let marks = Modifier::REVERSED | Modifier::UNDERLINED | Modifier::BOLD | Modifier::DIM;
    let looks = [one, other].map(|style| (style.bg.or(style.fg), style.add_modifier & marks));
    let [(one, one_marks), (other, other_marks)] = looks;
    match (one.and_then(rgb), other.and_then(rgb)) {
        (Some(one), Some(other)) => distance(one, other) < ALIKE,
        _ => one == other && one_marks == other_marks,
    }
}

/// Whether a text in `style` can be read on `ground`; what the terminal's own scheme decides is trusted.
pub(super) fn is_legible(style: Style, ground: Style) -> bool {
    contrast(style, ground).is_none_or(|ratio| ratio >= LEGIBLE)
}

/// Ten times the contrast ratio of a style's text on its ground: 10 to 210, near WCAG 2's.
pub(super) fn contrast(style: Style, ground: Style) -> Option<u32> {
    let text = luminance(rgb(style.fg.or(ground.fg)?)?);
    let behind = luminance(rgb(style.bg.or(ground.bg)?)?);
    let (light, dark) = (text.max(behind), text.min(behind));
    Some((light + 50) * 10 / (dark + 50))
}

/// Relative luminance in thousandths, with a square for sRGB's curve.
fn luminance([red, green, blue]: [u8; 3]) -> u32 {
    let square = |channel: u8| u64::from(channel) * u64::from(channel);
    let weighted = 2_126 * square(red) + 7_152 * square(green) + 722 * square(blue);
    u32::try_from(weighted * 1_000 / (10_000 * square(255))).expect("at most a thousand")
}

/// Squared distance, weighted as eyes are: <https://www.compuphase.com/cmetric.htm>.
fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    let weights = [2, 4, 3];
    (0..3)
        .map(|channel| weights[channel] * u32::from(one[channel].abs_diff(other[channel])).pow(2))
        .sum()
}

fn rgb(colour: Color) -> Option<[u8; 3]> {
    if let Color::Rgb(red, green, blue) = colour {
        return Some([red, green, blue]);
    }
    if let Color::Indexed(index @ 16..) = colour {
        return Some(indexed_rgb(index));
    }
    None
}

/// The colour of an index from 16: a cube of 216 and a ramp of 24 greys, as xterm fixed them.
fn indexed_rgb(index: u8) -> [u8; 3] {
    if index >= 232 {
        return [8 + 10 * (index - 232); 3];
    }
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    let cube = index - 16;
    [level(cube / 36), level(cube / 6 % 6), level(cube % 6)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_colours_are_read_strictly() {
        assert_eq!(from_hex("#7aa2f7"), Some(Color::Rgb(0x7a, 0xa2, 0xf7)));
        for wrong in ["7aa2f7", "#7aa2f", "#7aa2fg", "#äöü", "", "#+1+2+3"] {
            assert_eq!(from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_nearest_of_256_is_what_an_eye_would_choose() {
        let cases = [
            ("#000000", 16),
            ("#ffffff", 231),
            ("#ff0000", 196),
            ("#808080", 244),
            ("#0f1115", 233),
            ("#5fafd7", 74),
        ];
        for (hex, index) in cases {
            let colour = from_hex(hex).unwrap();
            assert_eq!(to_indexed(colour), Color::Indexed(index), "{hex}");
        }
        assert_eq!(to_indexed(Color::Red), Color::Red);
    }

    #[test]
    fn contrast_is_known_where_both_colours_are() {
        let style = |fg: &str, bg: &str| {
            Style::new()
                .fg(from_hex(fg).unwrap())
                .bg(from_hex(bg).unwrap())
        };
        assert_eq!(
            contrast(style("#ffffff", "#000000"), Style::new()),
            Some(210)
        );
        assert_eq!(
            contrast(style("#777777", "#777777"), Style::new()),
            Some(10)
        );
        assert_eq!(contrast(Style::new().fg(Color::Red), Style::new()), None);
    }

    #[test]
    fn styles_are_told_apart_by_colour_or_by_mark() {
        let red = Style::new().fg(Color::Rgb(255, 70, 70));
        let teal = Style::new().fg(Color::Rgb(80, 180, 170));
        assert!(!are_alike(red, teal));
        assert!(are_alike(
            red,
            Style::new().fg(Color::Rgb(250, 80, 80)).bold()
        ));
        assert!(are_alike(Style::new(), Style::new()));
        assert!(!are_alike(
            Style::new().bold(),
            Style::new().bold().reversed()
        ));
    }
}
