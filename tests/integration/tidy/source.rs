//! Reading the tree: files, their code without comments, and the names in it.

use std::fs;
use std::path::{Path, PathBuf};

/// One file of Rust.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Its path below `src`: `ui/panes/orders.rs`.
    pub(super) path: String,
    /// All of it.
    pub(super) text: String,
    /// All of it but comments.
    pub(super) code: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = text.lines().map(without_comment).collect::<Vec<_>>();
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: code.join("\n"),
        }
    }

    /// Every file below `src`.
    pub(super) fn all() -> Vec<Self> {
        let root = root().join("src");
        let sources = files_below(&root).into_iter().filter_map(|path| {
            let name = path.strip_prefix(&root).ok()?.to_str()?.to_owned();
            let text = fs::read_to_string(&path).ok()?;
            name.ends_with(".rs").then(|| Self::new(&name, &text))
        });
        sources.collect()
    }

    /// The folder it belongs to, as the table of imports names it: `ui`, `config`, `main`.
    pub(super) fn folder(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.trim_end_matches(".rs")
    }

    /// Whether it holds nothing but tests.
    pub(super) fn is_tests(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/")
    }
}

/// The folder of the package.
pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder, by name.
pub(super) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in entries(folder) {
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files
}

/// What is directly in a folder, by name; nothing where there is no such folder.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

fn without_comment(line: &str) -> &str {
    match line.trim_start().starts_with("//") {
        true => "",
        false => line.split(" // ").next().unwrap_or_default(),
    }
}

/// The names directly behind every `prefix` in code, also those in braces: `crate::{a::B, c}` is `a` and `c`.
pub(super) fn names_behind(code: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].ends_with(is_word) {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(names_in_group(group)),
            None => names.extend(first_word(rest)),
        }
    }
    names
}

fn names_in_group(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.extend(first_word(group[start..at].trim_start()));
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

fn first_word(text: &str) -> Option<String> {
    let end = text.find(|it| !is_word(it)).unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Whether code speaks of a crate: by a path that begins with it, or by importing it.
pub(super) fn mentions_crate(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    let by_path = code.match_indices(&path).any(|(at, _)| {
        let before = &code[..at];
        !before.ends_with(is_word) && (!before.ends_with(':') || before.ends_with(" :"))
    });
    by_path || code.contains(&format!("use {name};")) || code.contains(&format!("use {name} as "))
}

/// Whether code has a word by itself.
pub(super) fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(is_word) && !code[at + word.len()..].starts_with(is_word)
    })
}

#[test]
fn names_are_found_in_paths_and_braces() {
    let code =
        "use crate::{domain::{A, B}, link,\n ui::c};\ncrate::net::x(); my_crate::no; $crate::vault";
    assert_eq!(
        names_behind(code, "crate::"),
        ["domain", "link", "ui", "net", "vault"]
    );
}

#[test]
fn a_crate_is_told_from_a_module_of_its_name() {
    for (code, expected) in [
        ("use sled::Db;", true),
        ("use sled;", true),
        ("fn f() -> sled::Result", true),
        ("use crate::sled::Db;", false),
        ("my_sled::x", false),
        ("let sled = 1;", false),
    ] {
        assert_eq!(mentions_crate(code, "sled"), expected, "{code}");
    }
}
