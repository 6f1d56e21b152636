//! What is there is registered, and what is registered is whole: providers, panes, commands, themes.

use super::expect_none;
use super::source::{Source, entries, root};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tradedeck::providers::PROVIDERS;
use tradedeck::ui::command::COMMANDS;
use tradedeck::ui::keymap::Keymap;
use tradedeck::ui::theme::Themes;

/// Names of the folders of providers on disk.
pub(super) fn provider_folders() -> Vec<String> {
    let folders = entries(&root().join("src/providers")).into_iter();
    folders
        .filter(|it| it.join("mod.rs").is_file())
        .map(|it| stem(&it))
        .collect()
}

/// Names of the modules that are panes: those that have a `SPEC`.
pub(super) fn panes() -> Vec<String> {
    let sources = Source::all().into_iter();
    let specs = sources.filter(|it| it.code.contains("SPEC: PaneSpec"));
    specs
        .filter_map(|source| {
            let inside = source.path.strip_prefix("ui/panes/")?;
            let name = inside.split('/').next()?;
            Some(name.trim_end_matches(".rs").to_owned())
        })
        .collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn every_provider_is_registered_simulated_and_recorded() {
    let registered: BTreeSet<String> = PROVIDERS.iter().map(|it| it.id.to_owned()).collect();
    let folders: BTreeSet<String> = provider_folders().into_iter().collect();
    assert_eq!(registered, folders);
    let mut complaints = Vec::new();
    for provider in folders {
        let simulator = root().join("src/sim").join(&provider);
        if !simulator.is_dir() && !simulator.with_extension("rs").is_file() {
            complaints.push(format!("{provider}: it has no simulator"));
        }
        if entries(&root().join("tests/fixtures").join(&provider)).is_empty() {
            complaints.push(format!("{provider}: it has no fixtures"));
        }
    }
    expect_none(complaints);
}

#[test]
fn every_pane_is_registered() {
    let registry = Source::all()
        .into_iter()
        .find(|it| it.path == "ui/panes/mod.rs")
        .unwrap();
    let missing = panes().into_iter().filter(|pane| {
        let line = format!("{pane}::SPEC");
        !registry.code.contains(&line)
    });
    expect_none(
        missing
            .map(|it| format!("{it}: it is not in PANES"))
            .collect(),
    );
}

#[test]
fn every_command_has_help_a_name_of_its_own_and_keys_of_its_own() {
    let mut names = BTreeSet::new();
    for spec in COMMANDS {
        assert!(
            names.insert(spec.name),
            "two commands are called {}",
            spec.name
        );
        assert!(
            !spec.help.is_empty() && !spec.hint.is_empty(),
            "{}",
            spec.name
        );
        assert!(
            !spec.help.ends_with('.'),
            "{}: help is a line, not a sentence",
            spec.name
        );
    }
    if let Err(error) = Keymap::new(&BTreeMap::new()) {
        panic!("{error}");
    }
}

#[test]
fn every_theme_is_embedded_and_defines_every_role() {
    let themes = Themes::embedded();
    let embedded: BTreeSet<String> = themes.names().iter().cloned().collect();
    let on_disk = entries(&root().join("themes")).into_iter();
    let on_disk: BTreeSet<String> = on_disk.map(|it| stem(&it)).collect();
    assert_eq!(embedded, on_disk);
    for name in embedded {
        assert!(
            themes.missing_roles(&name).is_empty(),
            "{name}: {:?}",
            themes.missing_roles(&name)
        );
    }
}
