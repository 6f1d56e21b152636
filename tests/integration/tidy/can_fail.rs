//! Each rule says what is wrong with something made up, and nothing of its neighbour that is right.

use super::source::Source;
use super::*;

fn says(rule: fn(&Source) -> Vec<String>, path: &str, text: &str) -> String {
    rule(&Source::new(path, text)).join("; ")
}

#[test]
fn rules_of_one_file_can_fail() {
    let pane = "use crate::{engine::Engine, link}; // crate::vault";
    assert_eq!(
        says(wrong_imports, "ui/panes/orders.rs", pane),
        "ui/panes/orders.rs: `ui` may not use `engine`"
    );
    assert_eq!(
        says(
            wrong_imports,
            "ui/a.rs",
            "/// see crate::engine\nuse crate::ui::b;"
        ),
        ""
    );
    assert!(says(wrong_imports, "helpers/a.rs", "").contains("no line in MAY_USE"));
    assert!(
        says(
            wrong_imports,
            "ui/a/b.rs",
            "use super::super::super::vault;"
        )
        .contains("`crate`")
    );
    assert!(says(beyond_approved, "providers/a/b.rs", "crate::engine::Input").contains("`Input`"));
    assert!(says(outside_fences, "vault/mod.rs", "use sled::Db;").contains("`sled`"));
    assert!(says(outside_fences, "engine/mod.rs", "std::fs::read(x)").contains("`std::fs`"));
    assert!(says(carries_raw_text, "link/a.rs", "    why: Option<String>,").contains("nobody"));
    assert!(says(carries_raw_text, "domain/a.rs", "struct A(pub String);").contains("nobody"));
    assert_eq!(says(carries_raw_text, "domain/a.rs", "    why: Text,"), "");
    assert_eq!(says(carries_raw_text, "net/a.rs", "    why: String,"), "");
    assert!(says(too_long, "ui/a.rs", &"x\n".repeat(401)).contains("401 lines"));
    let tested = "x\n".repeat(400) + "#[cfg(test)]\nmod tests {}";
    assert_eq!(says(too_long, "ui/a.rs", &tested), "");
    assert!(says(without_opening, "ui/a.rs", "use x;").contains("what it is for"));
    assert!(says(floats, "ui/a.rs", "let x: f64 = 1;").contains("`f64`"));
    assert_eq!(says(floats, "ui/a.rs", "let f64x = 0xf64;"), "");
}

#[test]
fn rules_of_neighbours_and_of_the_whole_can_fail() {
    let names = ["a", "b"].map(String::from);
    let neighbour = |path, text| siblings(&Source::new(path, text), "ui/panes", &names);
    assert_eq!(
        neighbour("ui/panes/a.rs", "use crate::ui::panes::b::B;").len(),
        1
    );
    assert_eq!(
        neighbour("ui/panes/a.rs", "use super::{PaneContext, b};").len(),
        1
    );
    assert!(neighbour("ui/panes/a.rs", "use crate::ui::panes::{a, c};").is_empty());

    let full: Vec<Source> = (0..16)
        .map(|it| Source::new(&format!("ui/{it}.rs"), ""))
        .collect();
    assert_eq!(too_full(&full).len(), 1);
    assert!(too_full(&full[1..]).is_empty());
    assert_eq!(places("a", "see /Users/me and pypi.org").len(), 2);
    let manifest = "[dependencies]\nserde = \"1\"\nserde-json = \"1\"";
    let unused = unused_dependencies(manifest, "use serde::Serialize;");
    assert_eq!(unused, ["Cargo.toml: nothing uses `serde_json`"]);
    assert_eq!(
        wrong_packages("source = \"git+https://example.com/x\"").len(),
        1
    );
    assert_eq!(wrong_packages(&"[[package]]\n".repeat(401)).len(), 1);
    let complaints = || vec!["a: too long".to_owned()];
    assert!(but_for(&["a"], complaints()).is_empty());
    assert_eq!(but_for(&["b"], complaints()).len(), 2);
    let set = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
    let lib = "//! | [`a`] | what |\npub mod a;\nmod b;";
    assert!(wrong_map(lib, &set(&["a"]), &set(&["a", "b"])).is_empty());
    assert_eq!(
        wrong_map(lib, &set(&["a", "b"]), &set(&["a", "b"])).len(),
        1
    );
    assert_eq!(wrong_map(lib, &set(&[]), &set(&["b"])).len(), 2);
}
