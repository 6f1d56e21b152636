//! A screen as SVG, for the README: exact cells, text that stays text, frames without gaps in any font.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Width of a cell in the picture's units.
const WIDTH: usize = 9;

/// Height of a cell.
const HEIGHT: usize = 20;

/// Space around the screen.
const MARGIN: usize = 18;

/// Height of the title bar.
const BAR: usize = 30;

/// A colour: red, green, blue.
pub type Colour = [u8; 3];

/// One cell of a screen, in colours that are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What stands in it; empty behind a wide character.
    pub text: String,
    /// How it is drawn.
    pub style: Style,
}

/// How a cell is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Colour of the text.
    pub foreground: Colour,
    /// Colour behind it.
    pub background: Colour,
    /// Whether it is bold.
    pub bold: bool,
    /// Whether it is dim.
    pub dim: bool,
    /// Whether it is italic.
    pub italic: bool,
    /// Whether it is underlined.
    pub underlined: bool,
}

/// A screen to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// What the title bar says.
    pub title: String,
    /// Rows of cells, each of the same number.
    pub rows: Vec<Vec<Cell>>,
}

impl Picture {
    /// The picture as an SVG document.
    pub fn svg(&self) -> String {
        let ground = self.ground();
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let (wide, high) = (
            columns * WIDTH + 2 * MARGIN,
            self.rows.len() * HEIGHT + MARGIN + BAR,
        );
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" \
             font-family=\"ui-monospace,'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"15\">\n\
             <title>{}</title>\n\
             <rect width=\"{wide}\" height=\"{high}\" rx=\"10\" fill=\"{}\"/>\n",
            escaped(&self.title),
            hex(ground)
        );
        for (place, colour) in ["#e0605e", "#e5b454", "#6fbf73"].iter().enumerate() {
            let x = MARGIN + 6 + place * 20;
            let _ = writeln!(
                svg,
                "<circle cx=\"{x}\" cy=\"15\" r=\"6\" fill=\"{colour}\"/>"
            );
        }
        for (line, row) in self.rows.iter().enumerate() {
            draw_row(&mut svg, row, BAR + line * HEIGHT, ground);
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// The background that most cells have.
    fn ground(&self) -> Colour {
        let mut counts: BTreeMap<Colour, usize> = BTreeMap::new();
        for cell in self.rows.iter().flatten() {
            *counts.entry(cell.style.background).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        most.map_or([0; 3], |(colour, _)| colour)
    }
}

fn draw_row(svg: &mut String, row: &[Cell], top: usize, ground: Colour) {
    for (start, run) in runs(row, |cell| cell.style.background) {
        let background = run[0].style.background;
        if background != ground {
            let (x, wide) = (MARGIN + start * WIDTH, run.len() * WIDTH);
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{top}\" width=\"{wide}\" height=\"{HEIGHT}\" fill=\"{}\"/>",
                hex(background)
            );
        }
    }
    for (start, run) in runs(row, |cell| (cell.style, shape(&cell.text).is_some())) {
        let left = MARGIN + start * WIDTH;
        match shape(&run[0].text) {
            Some(_) => draw_shapes(svg, run, left, top),
            None => draw_text(svg, run, left, top),
        }
    }
}

/// Neighbours that are alike, with the column each run starts at.
fn runs<'r, K: PartialEq>(
    row: &'r [Cell],
    key: impl Fn(&Cell) -> K + 'r,
) -> impl Iterator<Item = (usize, &'r [Cell])> {
    let mut start = 0;
    row.chunk_by(move |left, right| key(left) == key(right))
        .map(move |run| {
            let here = start;
            start += run.len();
            (here, run)
        })
}

fn draw_text(svg: &mut String, run: &[Cell], left: usize, top: usize) {
    let text: String = run.iter().map(|cell| cell.text.as_str()).collect();
    let blank = text.chars().take_while(|it| *it == ' ').count();
    let shown = text.trim();
    if shown.is_empty() {
        return;
    }
    let cells = run.len() - blank - (text.chars().count() - blank - shown.chars().count());
    let style = run[0].style;
    let _ = write!(
        svg,
        "<text x=\"{}\" y=\"{}\" textLength=\"{}\" fill=\"{}\" xml:space=\"preserve\"",
        left + blank * WIDTH,
        top + HEIGHT - 5,
        cells * WIDTH,
        hex(style.foreground)
    );
    let attributes = [
        (style.bold, " font-weight=\"bold\""),
        (style.dim, " opacity=\"0.6\""),
        (style.italic, " font-style=\"italic\""),
        (style.underlined, " text-decoration=\"underline\""),
    ];
    for (_, attribute) in attributes.iter().filter(|(on, _)| *on) {
        svg.push_str(attribute);
    }
    let _ = writeln!(svg, ">{}</text>", escaped(shown));
}

/// A character that is drawn and not written, so that neighbours touch.
enum Shape {
    /// Lines from the middle of the cell to its sides: up, right, down, left; round where they meet.
    Lines([bool; 4], bool),
    /// Eighths of the cell that are filled from below.
    Block(usize),
}

fn shape(text: &str) -> Option<Shape> {
    let mut characters = text.chars();
    let character = characters.next().filter(|_| characters.next().is_none())?;
    let lines = |up, right, down, left, round| Some(Shape::Lines([up, right, down, left], round));
    match character {
        '─' | '━' => lines(false, true, false, true, false),
        '│' | '┃' => lines(true, false, true, false, false),
        '┌' => lines(false, true, true, false, false),
        '┐' => lines(false, false, true, true, false),
        '└' => lines(true, true, false, false, false),
        '┘' => lines(true, false, false, true, false),
        '╭' => lines(false, true, true, false, true),
        '╮' => lines(false, false, true, true, true),
        '╰' => lines(true, true, false, false, true),
        '╯' => lines(true, false, false, true, true),
        '├' => lines(true, true, true, false, false),
        '┤' => lines(true, false, true, true, false),
        '┬' => lines(false, true, true, true, false),
        '┴' => lines(true, true, false, true, false),
        '┼' => lines(true, true, true, true, false),
        '▁'..='█' => Some(Shape::Block(character as usize - '▁' as usize + 1)),
        _ => None,
    }
}

fn draw_shapes(svg: &mut String, run: &[Cell], left: usize, top: usize) {
    let mut path = String::new();
    let colour = hex(run[0].style.foreground);
    for (place, cell) in run.iter().enumerate() {
        let left = left + place * WIDTH;
        match shape(&cell.text) {
            Some(Shape::Lines(sides, round)) => draw_lines(&mut path, sides, round, (left, top)),
            Some(Shape::Block(eighths)) => {
                let high = HEIGHT * eighths / 8;
                let _ = writeln!(
                    svg,
                    "<rect x=\"{left}\" y=\"{}\" width=\"{WIDTH}\" height=\"{high}\" fill=\"{colour}\"/>",
                    top + HEIGHT - high
                );
            }
            None => {}
        }
    }
    if !path.is_empty() {
        let opacity = if run[0].style.dim {
            " opacity=\"0.6\""
        } else {
            ""
        };
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"1.4\" fill=\"none\"{opacity}/>"
        );
    }
}

fn draw_lines(path: &mut String, sides: [bool; 4], round: bool, (left, top): (usize, usize)) {
    let middle = (left + WIDTH / 2, top + HEIGHT / 2);
    let ends = [
        (middle.0, top),
        (left + WIDTH, middle.1),
        (middle.0, top + HEIGHT),
        (left, middle.1),
    ];
    let drawn: Vec<(usize, usize)> = ends
        .into_iter()
        .zip(sides)
        .filter_map(|(end, on)| on.then_some(end))
        .collect();
    if let ([from, to], true) = (drawn.as_slice(), round) {
        let _ = write!(
            path,
            "M{} {}Q{} {} {} {}",
            from.0, from.1, middle.0, middle.1, to.0, to.1
        );
        return;
    }
    for end in drawn {
        let _ = write!(path, "M{} {}L{} {}", middle.0, middle.1, end.0, end.1);
    }
}

fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            _ => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style {
        foreground: [200, 200, 200],
        background: [10, 20, 30],
        bold: false,
        dim: false,
        italic: false,
        underlined: false,
    };

    fn row(text: &str, style: Style) -> Vec<Cell> {
        text.chars()
            .map(|character| Cell {
                text: character.into(),
                style,
            })
            .collect()
    }

    fn lines(rows: Vec<Vec<Cell>>) -> Vec<String> {
        let picture = Picture {
            title: "tradedeck <demo>".into(),
            rows,
        };
        let svg = picture.svg();
        assert!(svg.contains("<title>tradedeck &lt;demo&gt;</title>"));
        svg.lines().skip(6).map(str::to_owned).collect()
    }

    #[test]
    fn text_of_one_style_is_one_element_of_exact_width() {
        let bold = Style {
            bold: true,
            ..PLAIN
        };
        let mut cells = row("  a<b  ", PLAIN);
        cells.extend(row("C", bold));
        assert_eq!(
            lines(vec![cells]),
            [
                "<text x=\"36\" y=\"45\" textLength=\"27\" fill=\"#c8c8c8\" xml:space=\"preserve\">a&lt;b</text>",
                "<text x=\"81\" y=\"45\" textLength=\"9\" fill=\"#c8c8c8\" xml:space=\"preserve\" font-weight=\"bold\">C</text>",
                "</svg>"
            ]
        );
    }

    #[test]
    fn only_other_backgrounds_are_filled() {
        let selected = Style {
            background: [1, 2, 3],
            ..PLAIN
        };
        let mut cells = row(" ", PLAIN);
        cells.extend(row("   ", selected));
        cells.extend(row("   ", PLAIN));
        assert_eq!(
            lines(vec![cells]),
            [
                "<rect x=\"27\" y=\"30\" width=\"27\" height=\"20\" fill=\"#010203\"/>",
                "</svg>"
            ]
        );
    }

    #[test]
    fn frames_are_drawn_from_side_to_side() {
        assert_eq!(
            lines(vec![row("╭─", PLAIN)]),
            [
                "<path d=\"M27 40Q22 40 22 50M31 40L36 40M31 40L27 40\" stroke=\"#c8c8c8\" stroke-width=\"1.4\" fill=\"none\"/>",
                "</svg>"
            ]
        );
        assert_eq!(
            lines(vec![row("▄█", PLAIN)])[..2],
            [
                "<rect x=\"18\" y=\"40\" width=\"9\" height=\"10\" fill=\"#c8c8c8\"/>",
                "<rect x=\"27\" y=\"30\" width=\"9\" height=\"20\" fill=\"#c8c8c8\"/>"
            ]
        );
    }

    #[test]
    fn a_wide_character_keeps_its_two_cells() {
        let mut cells = row("東", PLAIN);
        cells.push(Cell {
            text: String::new(),
            style: PLAIN,
        });
        cells.extend(row("x", PLAIN));
        assert!(lines(vec![cells])[0].contains("textLength=\"27\""));
    }
}
