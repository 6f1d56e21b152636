//! The themes there are: embedded ones and the person's, put together with their parents.

use crate::ui::theme::file::{LONGEST_FILE, Lines, ThemeFile, ThemeWarning};
use crate::ui::theme::{Depth, Look, ROLES, Role, Theme, colour, file};
use ratatui::style::Style;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// The theme that every other one ends in.
pub(super) const DEFAULT: &str = "default";

/// Most of the person's own themes that are read.
const MOST_OWN: usize = 64;

/// Longest chain of parents.
const LONGEST_CHAIN: usize = 8;

/// Embedded themes, in the order the picker shows them.
const EMBEDDED: [(&str, &str); 9] = [
    (DEFAULT, include_str!("../../../themes/default.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    (
        "high-contrast",
        include_str!("../../../themes/high-contrast.toml"),
    ),
    (
        "colour-blind-safe",
        include_str!("../../../themes/colour-blind-safe.toml"),
    ),
    ("solarized", include_str!("../../../themes/solarized.toml")),
    ("gruvbox", include_str!("../../../themes/gruvbox.toml")),
    ("nord", include_str!("../../../themes/nord.toml")),
    (
        "catppuccin",
        include_str!("../../../themes/catppuccin.toml"),
    ),
    ("mono", include_str!("../../../themes/mono.toml")),
];

/// Every theme that can be chosen.
#[derive(Clone, Debug)]
pub struct Themes {
    names: Vec<String>,
    files: BTreeMap<String, (ThemeFile, Vec<ThemeWarning>)>,
}

impl Themes {
    /// The themes in the program itself.
    pub fn embedded() -> Self {
        let mut themes = Self {
            names: Vec::new(),
            files: BTreeMap::new(),
        };
        for (name, text) in EMBEDDED {
            themes.add(name, text);
        }
        themes
    }

    /// Adds a theme, or puts it in the place of one of that name.
    pub fn add(&mut self, name: &str, text: &str) {
        if !self.files.contains_key(name) {
            self.names.push(name.into());
        }
        self.files.insert(name.into(), ThemeFile::parse(text));
    }

    /// Adds every `*.toml` of the person's folder, by name, at most 64 of them; what cannot be read is left out.
    pub fn add_folder(&mut self, folder: &Path) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|it| it == "toml"));
        paths.sort();
        for path in paths.iter().take(MOST_OWN) {
            let name = path.file_stem().and_then(|stem| stem.to_str());
            if let (Some(name), Some(text)) = (name, read_bounded(path)) {
                self.add(name, &text);
            }
        }
    }

    /// Names to choose from: the embedded ones, then the person's.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The theme of that name as `look` wants it, and what is wrong with it; the default one where there is none.
    pub fn theme(&self, name: &str, look: Look) -> (Theme, Vec<ThemeWarning>) {
        let (chain, mut warnings) = self.chain(name);
        let palette = palette_of(&chain);
        let mut theme = Theme::of(name, look.depth, |role| {
            styled(&chain, &palette, role, look.depth, &mut warnings)
        });
        if name != DEFAULT && theme.blurs_paper_and_live() {
            theme.take_mode_styles_of(&Theme::embedded(look));
            warnings.push(ThemeWarning::PaperLikeLive);
        }
        warnings.extend(faint_roles(&theme).map(|role| ThemeWarning::Faint(role.name())));
        if look.swap_up_down {
            theme.swap(Role::Up, Role::Down);
        }
        (theme, warnings)
    }

    /// Roles a theme and its parents leave unsaid, at any depth; empty for a theme that is whole.
    pub fn missing_roles(&self, name: &str) -> Vec<&'static str> {
        let (chain, _) = self.chain(name);
        let is_said = |role: &str, depth| {
            chain
                .iter()
                .any(|file| lines_of(file, depth).contains_key(role))
        };
        let depths = [Depth::True, Depth::Sixteen, Depth::None];
        let names = ROLES.iter().map(|(_, name)| *name);
        names
            .filter(|name| !depths.iter().all(|depth| is_said(name, *depth)))
            .collect()
    }

    /// The theme's file and its parents', the default one's last.
    fn chain(&self, name: &str) -> (Vec<&ThemeFile>, Vec<ThemeWarning>) {
        let mut names = vec![name];
        let mut chain = Vec::new();
        let mut warnings = Vec::new();
        while let Some(name) = names.last().copied() {
            let Some((file, found)) = self.files.get(name) else {
                warnings.push(ThemeWarning::NoSuchTheme(name.into()));
                break;
            };
            warnings.extend(found.iter().cloned());
            chain.push(file);
            match file.inherits.as_deref() {
                Some(parent) if names.contains(&parent) || names.len() == LONGEST_CHAIN => {
                    warnings.push(ThemeWarning::Circle(name.into()));
                    break;
                }
                Some(parent) => names.push(parent),
                None => break,
            }
        }
        if !names.contains(&DEFAULT) {
            chain.push(&self.files[DEFAULT].0);
        }
        (chain, warnings)
    }
}

fn read_bounded(path: &Path) -> Option<String> {
    let mut text = String::new();
    let longest = LONGEST_FILE as u64 + 1; // one more, so that a longer file is noticed
    std::fs::File::open(path)
        .ok()?
        .take(longest)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

fn palette_of(chain: &[&ThemeFile]) -> Lines {
    let from_parent_to_child = chain.iter().rev();
    from_parent_to_child
        .flat_map(|file| file.palette.clone())
        .collect()
}

fn lines_of(file: &ThemeFile, depth: Depth) -> &Lines {
    match depth {
        Depth::True | Depth::Indexed => &file.roles,
        Depth::Sixteen => &file.sixteen,
        Depth::None => &file.none,
    }
}

/// The first line of the chain that can be read.
fn styled(
    chain: &[&ThemeFile],
    palette: &Lines,
    role: Role,
    depth: Depth,
    warnings: &mut Vec<ThemeWarning>,
) -> Style {
    let lines = chain
        .iter()
        .filter_map(|file| lines_of(file, depth).get(role.name()));
    for line in lines {
        let style = file::role_style(role, line, |word| match depth {
            Depth::True | Depth::Indexed => file::palette_colour(palette, word),
            Depth::Sixteen => colour::from_name(word),
            Depth::None => None,
        });
        match style {
            Ok(style) if depth == Depth::Indexed => return colour::style_to_indexed(style),
            Ok(style) => return style,
            Err(warning) => warnings.push(warning),
        }
    }
    warnings.push(ThemeWarning::Missing(role.name()));
    Style::new()
}

/// Roles whose words can hardly be read where they are written.
fn faint_roles(theme: &Theme) -> impl Iterator<Item = Role> {
    let written = ROLES.iter().map(|(role, _)| *role).filter(|role| {
        !matches!(
            role,
            Role::Ground | Role::Panel | Role::Field | Role::Selection | Role::Border
        )
    });
    written.filter(|role| {
        let grounds = [Role::Ground, Role::Panel, Role::Selection];
        grounds
            .iter()
            .any(|ground| !colour::is_legible(theme.style(*role), theme.style(*ground)))
    })
}
