//! Every embedded theme at every depth, and files that are wrong.

use super::*;
use ratatui::style::{Color, Modifier};

const DEPTHS: [Depth; 4] = [Depth::None, Depth::Sixteen, Depth::Indexed, Depth::True];

fn look(depth: Depth) -> Look {
    Look {
        depth,
        swap_up_down: false,
    }
}

fn own(text: &str) -> (Theme, Vec<String>) {
    let mut themes = Themes::embedded();
    themes.add("own", text);
    let (theme, warnings) = themes.theme("own", look(Depth::True));
    (theme, warnings.iter().map(ToString::to_string).collect())
}

#[test]
fn every_embedded_theme_is_whole_and_without_warnings() {
    let themes = Themes::embedded();
    for name in themes.names() {
        assert_eq!(themes.missing_roles(name), Vec::<&str>::new(), "{name}");
        for depth in DEPTHS {
            let (theme, warnings) = themes.theme(name, look(depth));
            assert_eq!(warnings, [], "{name} at {depth:?}");
            assert_eq!((theme.name(), theme.depth()), (&**name, depth));
        }
    }
}

#[test]
fn paper_and_live_differ_in_every_theme_and_depth() {
    let themes = Themes::embedded();
    for name in themes.names() {
        for depth in DEPTHS {
            let (theme, _) = themes.theme(name, look(depth));
            assert!(!theme.blurs_paper_and_live(), "{name} at {depth:?}");
        }
    }
}

#[test]
fn a_theme_cannot_make_live_look_like_paper() {
    let disguises = [
        "[palette]\nlive-ground = \"#46b3a4\"",
        "[roles]\n\"live.badge\" = \"on-paper on paper-ground\"",
        "[roles]\nlive = \"paper\"",
        "[palette]\nlive = \"#0f1216\"",
        "[roles]\n\"border.live\" = \"line\"",
    ];
    let default = Theme::embedded(look(Depth::True));
    for disguise in disguises {
        let (theme, warnings) = own(disguise);
        assert!(!theme.blurs_paper_and_live(), "{disguise}");
        assert_eq!(theme.style(Role::LiveBadge), default.style(Role::LiveBadge));
        assert!(
            warnings.iter().any(|it| it.starts_with("paper and live")),
            "{disguise}: {warnings:?}"
        );
    }
}

#[test]
fn without_colour_there_are_only_marks() {
    let themes = Themes::embedded();
    for name in themes.names() {
        let (theme, _) = themes.theme(name, look(Depth::None));
        for (role, role_name) in ROLES {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{name}: {role_name}");
        }
        assert_ne!(
            theme.style(Role::Selection),
            theme.style(Role::Text),
            "{name}"
        );
        assert_ne!(theme.style(Role::Wrong), theme.style(Role::Text), "{name}");
    }
}

#[test]
fn sixteen_colours_are_the_terminals_own() {
    let themes = Themes::embedded();
    for name in themes.names() {
        let (theme, _) = themes.theme(name, look(Depth::Sixteen));
        for (role, role_name) in ROLES {
            let style = theme.style(role);
            for colour in [style.fg, style.bg].into_iter().flatten() {
                assert!(
                    !matches!(colour, Color::Rgb(..) | Color::Indexed(_)),
                    "{name}: {role_name}"
                );
            }
        }
    }
}

#[test]
fn selection_and_fields_stand_out_at_256_colours() {
    let themes = Themes::embedded();
    for name in themes.names() {
        let (theme, _) = themes.theme(name, look(Depth::Indexed));
        for role in [Role::Selection, Role::Field] {
            assert_ne!(
                theme.style(role).bg,
                theme.style(Role::Ground).bg,
                "{name}: {}",
                role.name()
            );
        }
    }
}

#[test]
fn red_and_green_can_be_swapped() {
    let themes = Themes::embedded();
    let swapped = Look {
        swap_up_down: true,
        ..look(Depth::True)
    };
    let (plain, _) = themes.theme("default", look(Depth::True));
    let (swapped, _) = themes.theme("default", swapped);
    assert_eq!(swapped.style(Role::Up), plain.style(Role::Down));
    assert_eq!(swapped.style(Role::Down), plain.style(Role::Up));
    assert_eq!(swapped.trend(Trend::Up), plain.trend(Trend::Down));
}

#[test]
fn a_palette_alone_makes_a_theme() {
    let (theme, warnings) = own("[palette]\naccent = \"#ff00ff\"");
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(
        theme.style(Role::BorderFocus).fg,
        Some(Color::Rgb(255, 0, 255))
    );
    let key = theme.style(Role::Key);
    assert!(key.add_modifier.contains(Modifier::BOLD));
}

#[test]
fn what_is_wrong_is_a_warning_and_the_parent_holds() {
    let cases = [
        ("roles = ", "line 1: "),
        ("[roles]\nup = \"grün\"", "up: cannot read grün"),
        ("[roles]\nup = \"up on\"", "up: cannot read up on"),
        ("[roles]\nup = \"up down\"", "up: cannot read up down"),
        ("[roles]\nup = 3", "up: cannot read 3"),
        ("[roles]\nuup = \"up\"", "unknown role uup"),
        ("colour = 1", "unknown setting colour"),
        ("inherits = \"nowhere\"", "no theme is called nowhere"),
        ("inherits = \"own\"", "own inherits from itself"),
        ("[palette]\ntext = \"#0f1216\"", "text can hardly be read"),
    ];
    let up = Theme::embedded(look(Depth::True)).style(Role::Up);
    for (text, expected) in cases {
        let (theme, warnings) = own(text);
        assert!(
            warnings.iter().any(|it| it.starts_with(expected)),
            "{text}: {warnings:?}"
        );
        assert_eq!(theme.style(Role::Up), up, "{text}");
    }
}

#[test]
fn an_endless_file_and_an_unknown_name_end_in_the_default() {
    let (_, warnings) = own(&"#".repeat(70_000));
    assert_eq!(warnings, ["longer than 64 KiB"]);
    let (theme, warnings) = Themes::embedded().theme("nope", look(Depth::True));
    assert_eq!(
        theme.style(Role::Text),
        Theme::embedded(look(Depth::True)).style(Role::Text)
    );
    assert_eq!(warnings, [ThemeWarning::NoSuchTheme("nope".into())]);
}

#[test]
fn the_persons_folder_adds_and_replaces() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("dusk.toml"),
        "[palette]\nup = \"#00ff00\"",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("nord.toml"),
        "[palette]\nup = \"#00ff01\"",
    )
    .unwrap();
    std::fs::write(folder.path().join("notes.txt"), "up").unwrap();
    let mut themes = Themes::embedded();
    themes.add_folder(folder.path());
    themes.add_folder(&folder.path().join("absent"));
    assert_eq!(themes.names().len(), 10);
    for (name, colour) in [
        ("dusk", Color::Rgb(0, 255, 0)),
        ("nord", Color::Rgb(0, 255, 1)),
    ] {
        assert_eq!(
            themes.theme(name, look(Depth::True)).0.style(Role::Up).fg,
            Some(colour)
        );
    }
}

#[test]
fn the_environment_tells_the_depth() {
    let cases: [(&[(&str, &str)], Depth); 8] = [
        (&[], Depth::Sixteen),
        (&[("TERM", "xterm-256color")], Depth::Indexed),
        (
            &[("TERM", "tmux-256color"), ("COLORTERM", "truecolor")],
            Depth::True,
        ),
        (&[("TERM", "xterm-direct")], Depth::True),
        (&[("TERM", "linux")], Depth::Sixteen),
        (&[("TERM", "dumb"), ("COLORTERM", "truecolor")], Depth::None),
        (
            &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")],
            Depth::None,
        ),
        (
            &[("NO_COLOR", ""), ("TERM", "xterm-256color")],
            Depth::Indexed,
        ),
    ];
    for (variables, depth) in cases {
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(it, _)| *it == name)
                .map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(Depth::from_environment(variable), depth, "{variables:?}");
    }
}

#[test]
fn roles_are_listed_in_their_own_order() {
    for (index, (role, _)) in ROLES.iter().enumerate() {
        assert_eq!(*role as usize, index);
    }
}
